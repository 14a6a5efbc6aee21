#include "server/rpc/message_scan.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <grpcpp/grpcpp.h>

#include <functional>
#include <string>
#include <vector>

#include "edgenext/v1/classifier.pb.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.pb.h"
#include "gtest/gtest.h"
#include "inference/grpc_service.pb.h"
#include "model/base/error_reason.h"
#include "server/rpc/message_codec.h"
#include "server/rpc/service_context.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using absl::StatusCode;
using inference::ModelInferRequest;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kMaxIntegers = kMiB;

std::string Repeat(size_t count, const std::string& bytes) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += bytes;
  return out;
}

std::string Varint(size_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(0x80 | (value & 0x7F)));
  out.push_back(static_cast<char>(value));
  return out;
}

// A field of bytes, in the form of the wire.
std::string Field(int number, const std::string& bytes) {
  return Varint(static_cast<size_t>(number) << 3 | 2) + Varint(bytes.size()) + bytes;
}

// The same as the contents of the one input.
std::string Contents(const std::string& bytes) { return Field(5, Field(5, bytes)); }

// In slices of a size that is no power of two, as the network may cut it.
grpc::ByteBuffer Sliced(const std::string& bytes, size_t slice_bytes) {
  std::vector<grpc::Slice> slices;
  for (size_t at = 0; at < bytes.size(); at += slice_bytes)
    slices.emplace_back(bytes.substr(at, slice_bytes));
  return grpc::ByteBuffer(slices.data(), slices.size());
}

// What a message of these bytes ends with, and that nothing of what is refused was parsed.
template <typename Message>
absl::Status Parse(const std::string& bytes) {
  Message message;
  const absl::Status status = ParseMessage(Sliced(bytes, 8191), message, kMaxIntegers);
  if (!status.ok()) {
    EXPECT_EQ(message.ByteSizeLong(), 0u);
  }
  return status;
}

void ExpectBadTensor(const std::string& bytes, const std::string& allowed, const std::string& found) {
  const absl::Status status = Parse<ModelInferRequest>(bytes);
  EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument, AllOf(HasSubstr(allowed), HasSubstr(found))));
  EXPECT_EQ(GetReason(status), kReasonBadTensor);
}

ModelInferRequest Typical() {
  ModelInferRequest request;
  request.set_model_name("colours");
  request.set_id("1");
  (*request.mutable_parameters())["timeout"].set_int64_param(1000);
  auto& input = *request.add_inputs();
  input.set_name("image");
  input.set_datatype("UINT8");
  for (const int dimension : {2, 256, 256, 3}) input.add_shape(dimension);
  (*input.mutable_parameters())["note"].set_string_param("x");
  auto& output = *request.add_outputs();
  output.set_name("logits");
  (*output.mutable_parameters())["classification"].set_int64_param(5);
  return request;
}

TEST(MessageScanTest, SmallPiecesWithoutEndAreRefusedUnparsed) {
  const std::string fields = "more than 512 fields";
  const std::string bytes = "more than 65536 bytes";
  ExpectBadTensor(Repeat(4 * kMiB, Field(5, "")), fields, "in inputs");
  ExpectBadTensor(Repeat(4 * kMiB, Field(6, "")), fields, "in outputs");
  ExpectBadTensor(Repeat(kMiB, Field(4, Field(1, "k"))), fields, "in parameters");
  ExpectBadTensor(Field(5, Repeat(kMiB, Field(4, ""))), fields, "in parameters");
  ExpectBadTensor(Field(6, Repeat(kMiB, Field(2, ""))), fields, "in parameters");
  ExpectBadTensor(Field(5, Repeat(kMiB, Field(5, ""))), fields, "in contents");
  ExpectBadTensor(Field(5, Repeat(kMiB, std::string("\x18\x01"))), fields, "in shape");  // not packed
  ExpectBadTensor(Field(5, Field(3, std::string(kMiB, '\1'))), bytes, "in shape");
  ExpectBadTensor(Repeat(4 * kMiB, Field(7, "")), bytes, "in raw_input_contents");
  ExpectBadTensor(Contents(Repeat(4 * kMiB, Field(8, ""))), bytes, "in bytes_contents");
  ExpectBadTensor(Contents(Repeat(4 * kMiB, Field(6, ""))), bytes, "in fp32_contents");
}

TEST(MessageScanTest, ContentsThatNoImageHasAreNoImageData) {
  const std::vector<std::pair<int, std::string>> kinds = {{1, "bool_contents"},
                                                          {2, "int_contents"},
                                                          {3, "int64_contents"},
                                                          {5, "uint64_contents"},
                                                          {7, "fp64_contents"}};
  for (const auto& [number, name] : kinds) {
    ExpectBadTensor(Contents(Field(number, std::string(kMiB, '\1'))), "more than 65536 bytes", "in " + name);
  }
}

TEST(MessageScanTest, UnknownFieldsCountWhereverTheyAre) {
  const std::string unknown = Repeat(kMiB, std::string("\x78\x01"));  // field 15, a varint
  const std::string fields = "more than 512 fields";
  ExpectBadTensor(unknown, fields, "unknown field 15 of inference.ModelInferRequest");
  ExpectBadTensor(Field(5, unknown), fields, "unknown field 15");
  ExpectBadTensor(Contents(unknown), fields, "unknown field 15 of inference.InferTensorContents");
  ExpectBadTensor(Field(6, unknown), fields, "unknown field 15");
  ExpectBadTensor(Field(4, unknown), fields, "unknown field 15");
  ExpectBadTensor(Field(4, Field(2, unknown)), fields, "unknown field 15 of inference.InferParameter");
  // Known numbers in another form are unknown fields, too.
  ExpectBadTensor(Repeat(kMiB, std::string("\x38\x01")), fields, "in raw_input_contents");
  ExpectBadTensor(Contents(Repeat(kMiB, std::string("\x30\x01"))), fields, "in fp32_contents");
  EXPECT_EQ(GetReason(Parse<v1::ClassifyRequest>(unknown)), kReasonImageTooLarge);
  EXPECT_THAT(Parse<v1::ClassifyRequest>(Field(1, "image") + unknown),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("more than 512 fields")));
  EXPECT_THAT(Parse<grpc::health::v1::HealthCheckRequest>(unknown),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("more than 512 fields")));
  EXPECT_THAT(Parse<grpc::health::v1::HealthCheckRequest>(Field(1, std::string(kMiB, 'x'))),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("more than 65536 bytes")));
}

TEST(MessageScanTest, IntegersAreCountedInAllTheirForms) {
  const std::string most(kMaxIntegers, '\1');
  EXPECT_THAT(Parse<ModelInferRequest>(Contents(Field(4, most))), StatusIs(StatusCode::kOk));
  ExpectBadTensor(Contents(Field(4, most + '\1')), "the 1048576 that are taken", "uint_contents");
  ExpectBadTensor(Contents(Field(4, most) + std::string("\x20\x01")), "the 1048576", "uint_contents");
  ExpectBadTensor(Contents(Repeat(kMaxIntegers + 1, std::string("\x20\x01"))), "the 1048576",
                  "uint_contents");
  ExpectBadTensor(Contents(Field(4, most)) + Contents(Field(4, "\1")), "the 1048576", "uint_contents");
  // Two bytes each, some of them in two slices.
  EXPECT_THAT(Parse<ModelInferRequest>(Contents(Field(4, Repeat(kMaxIntegers, "\xFF\x01")))),
              StatusIs(StatusCode::kOk));
}

TEST(MessageScanTest, AllThatIsServedPasses) {
  ModelInferRequest raw = Typical();
  raw.add_raw_input_contents(std::string(8 * kMiB, 'x'));
  ModelInferRequest files = Typical();
  for (int i = 0; i < 256; ++i) files.mutable_inputs(0)->mutable_contents()->add_bytes_contents("a file");
  ModelInferRequest floats = Typical();
  floats.mutable_inputs(0)->mutable_contents()->mutable_fp32_contents()->Resize(2 * kMiB, 0.5f);
  ModelInferRequest pixels = Typical();
  pixels.mutable_inputs(0)->mutable_contents()->mutable_uint_contents()->Resize(kMaxIntegers, 200);
  for (const ModelInferRequest& request : {raw, files, floats, pixels}) {
    ModelInferRequest parsed;
    ASSERT_THAT(ParseMessage(Sliced(request.SerializeAsString(), 16384), parsed, kMaxIntegers),
                StatusIs(StatusCode::kOk));
    EXPECT_EQ(parsed.SerializeAsString().size(), request.ByteSizeLong());
    EXPECT_EQ(parsed.raw_input_contents_size(), request.raw_input_contents_size());
  }
  v1::ClassifyRequest classify;
  classify.set_image(std::string(10 * kMiB, 'x'));
  classify.set_request_id(std::string(60000, 'y'));
  EXPECT_THAT(Parse<v1::ClassifyRequest>(classify.SerializeAsString()), StatusIs(StatusCode::kOk));
  v1::ClassifyStreamRequest streamed;
  *streamed.mutable_request() = classify;
  EXPECT_THAT(Parse<v1::ClassifyStreamRequest>(streamed.SerializeAsString()), StatusIs(StatusCode::kOk));
  EXPECT_THAT(Parse<v1::ClassifyRequest>(""), StatusIs(StatusCode::kOk));
}

// Gives its bytes piece by piece, and counts how many were looked at.
class CountingStream final : public google::protobuf::io::ZeroCopyInputStream {
 public:
  CountingStream(const std::string& bytes, int piece)
      : stream_(bytes.data(), static_cast<int>(bytes.size()), piece) {}
  bool Next(const void** data, int* size) override {
    const bool more = stream_.Next(data, size);
    if (more) looked_at_ += *size;
    return more;
  }
  void BackUp(int count) override { stream_.BackUp(count); }
  bool Skip(int count) override { return stream_.Skip(count); }
  int64_t ByteCount() const override { return stream_.ByteCount(); }
  int64_t looked_at() const { return looked_at_; }

 private:
  google::protobuf::io::ArrayInputStream stream_;
  int64_t looked_at_ = 0;
};

TEST(MessageScanTest, ImageDataIsNotLookedAt) {
  ModelInferRequest request = Typical();
  request.add_raw_input_contents(std::string(8 * kMiB, 'x'));
  const std::string bytes = request.SerializeAsString();
  CountingStream stream(bytes, 4096);
  EXPECT_THAT(ScanMessage(stream, *ModelInferRequest::descriptor(), kMaxIntegers), StatusIs(StatusCode::kOk));
  EXPECT_LE(stream.looked_at(), 3 * 4096);
}

TEST(MessageScanTest, WhatIsRefusedIsLookedAtOnlyUntilItIsKnown) {
  const std::string bytes = Repeat(4 * kMiB, Field(7, ""));
  CountingStream stream(bytes, 4096);
  EXPECT_THAT(ScanMessage(stream, *ModelInferRequest::descriptor(), kMaxIntegers),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("65536")));
  EXPECT_LE(stream.looked_at(), 65536 + 4096);
}

// The scan may not take what the parser does not, nor refuse as malformed what it takes.
TEST(MessageScanTest, EveryTruncationEndsAsTheParserSays) {
  ModelInferRequest request = Typical();
  request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("a file");
  request.mutable_inputs(0)->mutable_contents()->add_uint_contents(300);
  request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1.5f);
  request.add_raw_input_contents("raw");
  const std::string bytes = request.SerializeAsString();
  int malformed = 0;
  for (size_t size = 0; size <= bytes.size(); ++size) {
    const std::string part = bytes.substr(0, size);
    const bool valid = ModelInferRequest().ParseFromString(part);
    google::protobuf::io::ArrayInputStream stream(part.data(), static_cast<int>(size), 3);
    const absl::Status scanned = ScanMessage(stream, *ModelInferRequest::descriptor(), kMaxIntegers);
    EXPECT_EQ(scanned.ok(), valid) << size;
    malformed += valid ? 0 : 1;
    ModelInferRequest parsed;
    EXPECT_EQ(ParseMessage(Sliced(part, 5), parsed, kMaxIntegers),
              valid ? absl::OkStatus() : MalformedMessage(*ModelInferRequest::descriptor()))
        << size;
  }
  EXPECT_GT(malformed, 100);
}

TEST(MessageScanTest, GarbageIsMalformed) {
  for (const std::string& bytes :
       {std::string("\xFF\xFF\xFF"), std::string(100, '\0'), std::string("\x3A\xFF\xFF\xFF\xFF\x0F"),
        std::string("\x3A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
        std::string("\x2A\x05\x2A\x7F\x01\x02\x03"), std::string("\x0E\x01"), std::string("\x7B\x7C")}) {
    EXPECT_EQ(Parse<ModelInferRequest>(bytes), MalformedMessage(*ModelInferRequest::descriptor()))
        << ::testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace edgenext::serving
