#ifndef CLIENT_LOAD_PAYLOADS_H_
#define CLIENT_LOAD_PAYLOADS_H_

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/load/load_options.h"
#include "grpcpp/grpcpp.h"

namespace edgenext {

// The messages of a run, serialised once: sending one again copies no bytes of it before the socket does.
// Immutable.
class Payloads {
 public:
  // Reads the images, or makes the tensors. NOT_FOUND and the like name the file; INVALID_ARGUMENT for more
  // than kMostPayloadBytes.
  static absl::StatusOr<Payloads> Make(const LoadOptions& options);

  // "/edgenext.v1.Classifier/Classify".
  const std::string& method() const { return method_; }
  // How many different requests there are, beside their priority.
  size_t size() const { return interactive_.size(); }
  const grpc::ByteBuffer& message(size_t index, bool is_bulk) const {
    return is_bulk ? bulk_[index] : interactive_[index];
  }
  int images_per_request() const { return images_per_request_; }
  // Mean size of a message.
  double mean_bytes() const;
  // "10 images", "8 tensors of 256x256".
  const std::string& description() const { return description_; }

 private:
  Payloads() = default;
  absl::Status AddImages(const LoadOptions& options);
  absl::Status AddTensors(const LoadOptions& options);
  // `serialize` is called with false and true for is_bulk.
  template <typename Serialize>
  void Add(const Serialize& serialize);
  grpc::ByteBuffer Keep(std::string message);

  std::string method_;
  std::string description_;
  int images_per_request_ = 1;
  std::deque<std::string> bytes_;  // what the buffers point to; a deque does not move its elements
  std::vector<grpc::ByteBuffer> interactive_;
  std::vector<grpc::ByteBuffer> bulk_;
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_PAYLOADS_H_
