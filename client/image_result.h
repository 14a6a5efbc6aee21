#ifndef CLIENT_IMAGE_RESULT_H_
#define CLIENT_IMAGE_RESULT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "edgenext/v1/classifier.pb.h"

namespace edgenext {

// How one image of the input ended.
struct ImageResult {
  std::string file;
  // OK: `response` holds the answer.
  absl::Status status;
  // The server's cause of an error, as "IMAGE_CORRUPT"; may be empty.
  std::string reason;
  edgenext::v1::ClassifyResponse response;
  // From the moment the image was first sent to its answer; zero if it was never sent.
  absl::Duration total;
};

}  // namespace edgenext

#endif  // CLIENT_IMAGE_RESULT_H_
