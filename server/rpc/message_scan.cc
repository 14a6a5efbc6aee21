#include "server/rpc/message_scan.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "edgenext/v1/classifier.pb.h"
#include "inference/grpc_service.pb.h"
#include "model/base/error_reason.h"
#include "model/base/status_macros.h"
#include "server/rpc/service_context.h"

namespace edgenext::serving {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using inference::InferTensorContents;
using inference::ModelInferRequest;
using InputTensor = ModelInferRequest::InferInputTensor;
using OutputTensor = ModelInferRequest::InferRequestedOutputTensor;

// How a field is looked at that is not simply counted.
enum class Kind {
  kData,      // image data: skipped
  kFloats,    // the same; 4 bytes each where they are not packed
  kIntegers,  // image data of which each value is a varint: counted
  kMessage,   // looked into
};

struct FieldRule {
  int number;
  Kind kind;
  absl::Span<const FieldRule> inner = {};
};
using Rules = absl::Span<const FieldRule>;

constexpr int kMapValueFieldNumber = 2;
constexpr FieldRule kParameter[] = {{kMapValueFieldNumber, Kind::kMessage}};
constexpr FieldRule kContents[] = {{InferTensorContents::kUintContentsFieldNumber, Kind::kIntegers},
                                   {InferTensorContents::kFp32ContentsFieldNumber, Kind::kFloats},
                                   {InferTensorContents::kBytesContentsFieldNumber, Kind::kData}};
constexpr FieldRule kInput[] = {{InputTensor::kParametersFieldNumber, Kind::kMessage, kParameter},
                                {InputTensor::kContentsFieldNumber, Kind::kMessage, kContents}};
constexpr FieldRule kOutput[] = {{OutputTensor::kParametersFieldNumber, Kind::kMessage, kParameter}};
constexpr FieldRule kInferRequest[] = {
    {ModelInferRequest::kParametersFieldNumber, Kind::kMessage, kParameter},
    {ModelInferRequest::kInputsFieldNumber, Kind::kMessage, kInput},
    {ModelInferRequest::kOutputsFieldNumber, Kind::kMessage, kOutput},
    {ModelInferRequest::kRawInputContentsFieldNumber, Kind::kData}};
constexpr FieldRule kClassifyRequest[] = {{v1::ClassifyRequest::kImageFieldNumber, Kind::kData}};
constexpr FieldRule kClassifyStreamRequest[] = {
    {v1::ClassifyStreamRequest::kRequestFieldNumber, Kind::kMessage, kClassifyRequest}};

Rules RulesOf(const Descriptor& type) {
  if (&type == ModelInferRequest::descriptor()) return kInferRequest;
  if (&type == v1::ClassifyRequest::descriptor()) return kClassifyRequest;
  if (&type == v1::ClassifyStreamRequest::descriptor()) return kClassifyStreamRequest;
  return {};
}

// Whether a field with this tag is parsed as the rule says; with another wire type it is an unknown one.
bool IsAbout(const FieldRule& rule, uint32_t tag) {
  if (WireFormatLite::GetTagFieldNumber(tag) != rule.number) return false;
  const WireFormatLite::WireType wire = WireFormatLite::GetTagWireType(tag);
  if (wire == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) return true;
  return (rule.kind == Kind::kFloats && wire == WireFormatLite::WIRETYPE_FIXED32) ||
         (rule.kind == Kind::kIntegers && wire == WireFormatLite::WIRETYPE_VARINT);
}

class MessageScanner {
 public:
  MessageScanner(google::protobuf::io::ZeroCopyInputStream& bytes, const Descriptor& type,
                 size_t max_integers)
      : in_(&bytes), type_(type), max_integers_(max_integers) {}

  absl::Status Scan() { return ScanMessage(RulesOf(type_), type_); }

 private:
  // One message, to the limit of what may be read.
  absl::Status ScanMessage(Rules rules, const Descriptor& type) {
    for (;;) {
      const int start = in_.CurrentPosition();
      const uint32_t tag = in_.ReadTag();
      if (tag == 0) break;
      const auto* rule = std::find_if(rules.begin(), rules.end(),
                                      [tag](const FieldRule& each) { return IsAbout(each, tag); });
      if (rule == rules.end()) {
        if (!SkipField(tag)) return MalformedMessage(type_);
        ++fields_;
        EDGENEXT_RETURN_IF_ERROR(Count(start, tag, type));
      } else if (rule->kind == Kind::kIntegers) {
        EDGENEXT_RETURN_IF_ERROR(ScanIntegers(start, tag, type));
      } else if (rule->kind == Kind::kMessage) {
        EDGENEXT_RETURN_IF_ERROR(ScanSubmessage(start, tag, rule->inner, type));
      } else {
        EDGENEXT_RETURN_IF_ERROR(SkipData(start, tag, type));
      }
    }
    // A submessage that the end of the bytes has cut off ends before its limit.
    return in_.ConsumedEntireMessage() && in_.BytesUntilLimit() <= 0 ? absl::OkStatus()
                                                                     : MalformedMessage(type_);
  }

  absl::Status ScanSubmessage(int start, uint32_t tag, Rules rules, const Descriptor& type) {
    int length = 0;
    if (!in_.ReadVarintSizeAsInt(&length)) return MalformedMessage(type_);
    ++fields_;
    EDGENEXT_RETURN_IF_ERROR(Count(start, tag, type));
    const auto outer = in_.PushLimit(length);
    const FieldDescriptor& field = *type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    EDGENEXT_RETURN_IF_ERROR(ScanMessage(rules, *field.message_type()));
    in_.PopLimit(outer);
    return absl::OkStatus();
  }

  absl::Status SkipData(int start, uint32_t tag, const Descriptor& type) {
    int length = sizeof(float);
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!in_.ReadVarintSizeAsInt(&length)) return MalformedMessage(type_);
      EDGENEXT_RETURN_IF_ERROR(Count(start, tag, type));
    }
    return in_.Skip(length) ? absl::OkStatus() : MalformedMessage(type_);
  }

  absl::Status ScanIntegers(int start, uint32_t tag, const Descriptor& type) {
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_VARINT) {
      uint64_t value = 0;
      return in_.ReadVarint64(&value) ? CountIntegers(1) : MalformedMessage(type_);
    }
    int length = 0;
    if (!in_.ReadVarintSizeAsInt(&length)) return MalformedMessage(type_);
    EDGENEXT_RETURN_IF_ERROR(Count(start, tag, type));
    while (length > 0) {
      const void* data = nullptr;
      int size = 0;
      if (!in_.GetDirectBufferPointer(&data, &size)) return MalformedMessage(type_);
      size = std::min(size, length);
      const auto* first = static_cast<const uint8_t*>(data);
      // The last byte of a varint is the one below 0x80.
      const auto last_bytes = std::count_if(first, first + size, [](uint8_t byte) { return byte < 0x80; });
      EDGENEXT_RETURN_IF_ERROR(CountIntegers(static_cast<size_t>(last_bytes)));
      in_.Skip(size);
      length -= size;
    }
    return absl::OkStatus();
  }

  bool SkipField(uint32_t tag) {
    uint64_t value = 0;
    int length = 0;
    switch (WireFormatLite::GetTagWireType(tag)) {
      case WireFormatLite::WIRETYPE_VARINT:
        return in_.ReadVarint64(&value);
      case WireFormatLite::WIRETYPE_FIXED64:
        return in_.Skip(sizeof(uint64_t));
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED:
        return in_.ReadVarintSizeAsInt(&length) && in_.Skip(length);
      case WireFormatLite::WIRETYPE_FIXED32:
        return in_.Skip(sizeof(uint32_t));
      default:
        return false;
    }
  }

  // The bytes since `start`, part of the field with this tag, are no image data.
  absl::Status Count(int start, uint32_t tag, const Descriptor& type) {
    bytes_ += static_cast<size_t>(in_.CurrentPosition() - start);
    if (fields_ > kMaxScannedFields) return TooMuch(kMaxScannedFields, "fields", tag, type);
    if (bytes_ > kMessageOverheadBytes) return TooMuch(kMessageOverheadBytes, "bytes", tag, type);
    return absl::OkStatus();
  }

  absl::Status CountIntegers(size_t count) {
    integers_ += count;
    if (integers_ <= max_integers_) return absl::OkStatus();
    return Bad(absl::StrCat("uint_contents has more values than the ", max_integers_, " that are taken"));
  }

  absl::Status TooMuch(size_t allowed, absl::string_view what, uint32_t tag, const Descriptor& type) const {
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    const FieldDescriptor* field = type.FindFieldByNumber(number);
    return Bad(absl::StrCat(
        "the message has more than ", allowed, " ", what, " beside its image data, the last of them in ",
        field != nullptr ? std::string(field->name())
                         : absl::StrCat("an unknown field ", number, " of ", std::string(type.full_name()))));
  }

  absl::Status Bad(absl::string_view problem) const {
    absl::Status status = absl::InvalidArgumentError(problem);
    if (RulesOf(type_).empty()) return status;
    const bool tensors = &type_ == ModelInferRequest::descriptor();
    return WithReason(std::move(status), tensors ? kReasonBadTensor : kReasonImageTooLarge);
  }

  google::protobuf::io::CodedInputStream in_;
  const Descriptor& type_;
  const size_t max_integers_;
  int fields_ = 0;
  size_t bytes_ = 0;
  size_t integers_ = 0;
};

}  // namespace

absl::Status ScanMessage(google::protobuf::io::ZeroCopyInputStream& bytes, const Descriptor& type,
                         size_t max_integers) {
  return MessageScanner(bytes, type, max_integers).Scan();
}

absl::Status MalformedMessage(const Descriptor& type) {
  return absl::InvalidArgumentError(
      absl::StrCat("the message is not a valid ", std::string(type.full_name())));
}

}  // namespace edgenext::serving
