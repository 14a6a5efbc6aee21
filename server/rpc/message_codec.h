#ifndef SERVER_RPC_MESSAGE_CODEC_H_
#define SERVER_RPC_MESSAGE_CODEC_H_

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <limits>

#include "absl/status/status.h"

namespace edgenext::serving {

// Parses over the buffer's slices, without making them one. Fields that the message does not have are
// dropped: they may take thirty times the memory of their bytes. INVALID_ARGUMENT if the slices are no such
// message or, before anything is parsed, if it would take much more memory than they do (message_scan.h, also
// for `max_integers`).
absl::Status ParseMessage(grpc::ByteBuffer buffer, google::protobuf::Message& message,
                          size_t max_integers = std::numeric_limits<size_t>::max());

// INVALID_ARGUMENT (IMAGE_TOO_LARGE) for a message that is larger than the method takes.
absl::Status CheckMessageSize(size_t bytes, size_t max_bytes);

grpc::ByteBuffer SerializeMessage(const google::protobuf::Message& message);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_MESSAGE_CODEC_H_
