#ifndef CLIENT_TIMINGS_H_
#define CLIENT_TIMINGS_H_

#include "client/image_result.h"

namespace edgenext {

// An image's times in milliseconds, to the microsecond.
struct TimingsMs {
  // The server's: waiting for a worker, decoding and preprocessing, the network.
  double queue;
  double decode;
  double execute;
  // As the client saw it, the way there and back included.
  double total;
};

TimingsMs TimingsOf(const ImageResult& result);

}  // namespace edgenext

#endif  // CLIENT_TIMINGS_H_
