#include "server/rpc/message_codec.h"

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>

#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"
#include "model/base/status_macros.h"
#include "server/rpc/message_scan.h"

namespace edgenext::serving {

absl::Status ParseMessage(grpc::ByteBuffer buffer, google::protobuf::Message& message, size_t max_integers) {
  if (!buffer.Valid()) buffer = grpc::ByteBuffer(nullptr, 0);
  {
    grpc::ProtoBufferReader scanned(&buffer);
    EDGENEXT_RETURN_IF_ERROR(ScanMessage(scanned, *message.GetDescriptor(), max_integers));
  }
  grpc::ProtoBufferReader reader(&buffer);
  if (!reader.status().ok() || !message.ParseFromZeroCopyStream(&reader) || !reader.status().ok()) {
    return MalformedMessage(*message.GetDescriptor());
  }
  message.DiscardUnknownFields();
  return absl::OkStatus();
}

absl::Status CheckMessageSize(size_t bytes, size_t max_bytes) {
  if (bytes <= max_bytes) return absl::OkStatus();
  return WithReason(absl::InvalidArgumentError(
                        absl::StrCat("the message has ", bytes, " bytes, expected at most ", max_bytes)),
                    kReasonImageTooLarge);
}

grpc::ByteBuffer SerializeMessage(const google::protobuf::Message& message) {
  grpc::ByteBuffer buffer;
  grpc::ProtoBufferWriter writer(&buffer, grpc::kProtoBufferWriterMaxBufferLength,
                                 static_cast<int>(message.ByteSizeLong()));
  message.SerializeToZeroCopyStream(&writer);
  return buffer;
}

}  // namespace edgenext::serving
