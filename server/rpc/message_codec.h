#ifndef SERVER_RPC_MESSAGE_CODEC_H_
#define SERVER_RPC_MESSAGE_CODEC_H_

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"

namespace edgenext::serving {

// Parses over the buffer's slices, without making them one. INVALID_ARGUMENT if they are no such message.
absl::Status ParseMessage(grpc::ByteBuffer buffer, google::protobuf::Message& message);

grpc::ByteBuffer SerializeMessage(const google::protobuf::Message& message);

}  // namespace edgenext::serving

#endif  // SERVER_RPC_MESSAGE_CODEC_H_
