#include "model/weights/safetensors_header.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "model/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace edgenext {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxInteger = uint64_t{1} << 53;  // exact in every JSON reader
constexpr char kMetadataName[] = "__metadata__";

struct DtypeRow {
  const char* name;
  DataType type;
  uint64_t element_bytes;
};

constexpr DtypeRow kDtypes[] = {
    {"F32", DataType::kF32, 4},     {"F16", DataType::kF16, 2},     {"BF16", DataType::kBF16, 2},
    {"F64", DataType::kF64, 8},     {"I8", DataType::kInteger, 1},  {"U8", DataType::kInteger, 1},
    {"I16", DataType::kInteger, 2}, {"U16", DataType::kInteger, 2}, {"I32", DataType::kInteger, 4},
    {"U32", DataType::kInteger, 4}, {"I64", DataType::kInteger, 8}, {"U64", DataType::kInteger, 8},
};

// Takes the header's JSON event by event. Unlike a tree of values, events show a key that comes twice and the
// form in which a number is written, and no document can make the reader build anything large.
class HeaderHandler final : public json::json_sax_t {
 public:
  std::map<std::string, SafetensorsEntry> TakeEntries() { return std::move(entries_); }
  const absl::Status& status() const { return status_; }

  bool null() override { return Unexpected("null"); }
  bool boolean(bool value) override { return Unexpected(value ? "true" : "false"); }
  bool binary(binary_t&) override { return Unexpected("binary data"); }
  bool number_integer(number_integer_t value) override { return Unexpected(absl::StrCat(value)); }
  bool number_float(number_float_t, const string_t& text) override { return Unexpected(text); }

  bool number_unsigned(number_unsigned_t value) override {
    if ((state_ != State::kShapeExtent && state_ != State::kOffset) || value > kMaxInteger) {
      return Unexpected(absl::StrCat(value));
    }
    std::vector<uint64_t>& numbers = state_ == State::kOffset ? offsets_ : shape_;
    if (numbers.size() == kMaxSafetensorsRank) {
      return Fail(absl::StrCat(Where(), " has more than ", kMaxSafetensorsRank, " numbers"));
    }
    numbers.push_back(value);
    return true;
  }

  bool string(string_t& value) override {
    switch (state_) {
      case State::kDtype:
        dtype_ = value;
        return Enter(State::kTensorKey);
      case State::kMetadataValue:
        return Enter(State::kMetadataKey);
      default:
        return Unexpected(absl::StrCat("the string \"", value, "\""));
    }
  }

  bool start_object(std::size_t) override {
    switch (state_) {
      case State::kFile:
        return Enter(State::kName);
      case State::kMetadata:
        return Enter(State::kMetadataKey);
      case State::kTensor:
        return Enter(State::kTensorKey);
      default:
        return Unexpected("an object");
    }
  }

  bool key(string_t& key) override {
    switch (state_) {
      case State::kName:
        return StartEntry(key);
      case State::kMetadataKey:
        return StartMetadata(key);
      default:
        return StartField(key);
    }
  }

  bool end_object() override {
    switch (state_) {
      case State::kMetadataKey:
        return Enter(State::kName);
      case State::kTensorKey:
        return EndTensor();
      default:
        return Enter(State::kEnd);
    }
  }

  bool start_array(std::size_t) override {
    switch (state_) {
      case State::kShape:
        return Enter(State::kShapeExtent);
      case State::kOffsets:
        return Enter(State::kOffset);
      default:
        return Unexpected("an array");
    }
  }

  bool end_array() override { return Enter(State::kTensorKey); }

  bool parse_error(std::size_t position, const std::string& last_token, const json::exception&) override {
    return Fail(absl::StrCat("the header is not valid JSON at byte ", position, ", near '", last_token, "'"));
  }

 private:
  // What comes next.
  enum class State {
    kFile,           // the header's object
    kName,           // a tensor's name, kMetadataName, or the end
    kMetadata,       // the object of metadata
    kMetadataKey,    // a key of it, or its end
    kMetadataValue,  // a string
    kTensor,         // the object of a tensor
    kTensorKey,      // one of its keys, or its end
    kDtype,          // a string
    kShape,          // an array
    kShapeExtent,    // one of its elements, or its end
    kOffsets,        // an array
    kOffset,         // one of its elements, or its end
    kEnd,            // nothing
  };

  bool Enter(State state) {
    state_ = state;
    return true;
  }

  bool Fail(absl::string_view message) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(message);
    return false;
  }

  // Where the reader is, and what belongs there.
  std::string Where() const {
    switch (state_) {
      case State::kMetadata:
      case State::kMetadataKey:
        return "__metadata__";
      case State::kMetadataValue:
        return absl::StrCat("__metadata__ '", field_, "'");
      case State::kTensor:
      case State::kTensorKey:
        return absl::StrCat("tensor '", name_, "'");
      case State::kDtype:
        return absl::StrCat("dtype of tensor '", name_, "'");
      case State::kShape:
      case State::kShapeExtent:
        return absl::StrCat("shape of tensor '", name_, "'");
      case State::kOffsets:
      case State::kOffset:
        return absl::StrCat("data_offsets of tensor '", name_, "'");
      default:
        return "the header";
    }
  }
  absl::string_view Expected() const {
    switch (state_) {
      case State::kMetadataValue:
      case State::kDtype:
        return "a string";
      case State::kShape:
      case State::kOffsets:
        return "an array of whole numbers";
      case State::kShapeExtent:
      case State::kOffset:
        return "whole numbers from 0 to 2^53";
      default:
        return "an object";
    }
  }
  bool Unexpected(absl::string_view found) {
    return Fail(absl::StrCat(Where(), ": found ", found, ", expected ", Expected()));
  }

  bool CountEntry() {
    if (++entry_count_ <= kMaxSafetensorsEntries) return true;
    return Fail(absl::StrCat("the header has more than ", kMaxSafetensorsEntries, " entries"));
  }

  bool StartEntry(const std::string& name) {
    if (!CountEntry()) return false;
    if (name == kMetadataName) {
      if (std::exchange(has_metadata_, true)) return Fail("__metadata__ comes twice");
      return Enter(State::kMetadata);
    }
    if (entries_.count(name) != 0) return Fail(absl::StrCat("tensor '", name, "' comes twice"));
    name_ = name;
    dtype_.reset();
    has_shape_ = has_offsets_ = false;
    shape_.clear();
    offsets_.clear();
    return Enter(State::kTensor);
  }

  bool StartMetadata(const std::string& key) {
    if (!CountEntry()) return false;
    if (!metadata_keys_.insert(key).second) return Fail(absl::StrCat("__metadata__ '", key, "' comes twice"));
    field_ = key;
    return Enter(State::kMetadataValue);
  }

  bool StartField(const std::string& key) {
    bool again = false;
    if (key == "dtype") {
      again = dtype_.has_value();
      state_ = State::kDtype;
    } else if (key == "shape") {
      again = std::exchange(has_shape_, true);
      state_ = State::kShape;
    } else if (key == "data_offsets") {
      again = std::exchange(has_offsets_, true);
      state_ = State::kOffsets;
    } else {
      return Fail(absl::StrCat("tensor '", name_, "' has the unknown key '", key, "'"));
    }
    return !again || Fail(absl::StrCat(Where(), " comes twice"));
  }

  bool EndTensor() {
    if (!dtype_ || !has_shape_ || !has_offsets_) {
      const absl::string_view missing = !dtype_ ? "dtype" : !has_shape_ ? "shape" : "data_offsets";
      return Fail(absl::StrCat("tensor '", name_, "' has no ", missing));
    }
    const auto dtype = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                    [this](const DtypeRow& row) { return row.name == *dtype_; });
    if (dtype == std::end(kDtypes)) {
      return Fail(absl::StrCat("tensor '", name_, "' has dtype ", *dtype_,
                               ", supported are F32, F16, BF16, F64 and, for counters, integers"));
    }
    if (offsets_.size() != 2 || offsets_[0] > offsets_[1]) {
      return Fail(absl::StrCat("data_offsets of tensor '", name_, "' are [", absl::StrJoin(offsets_, ", "),
                               "], expected a begin and an end after it"));
    }
    uint64_t size_bytes = 1;
    bool overflow = false;
    for (const uint64_t extent : shape_) overflow |= __builtin_mul_overflow(size_bytes, extent, &size_bytes);
    overflow |= __builtin_mul_overflow(size_bytes, dtype->element_bytes, &size_bytes);
    const Shape shape(shape_.begin(), shape_.end());
    if (overflow) return Fail(absl::StrCat("tensor '", name_, "' ", ShapeText(shape), " is too large"));
    if (size_bytes != offsets_[1] - offsets_[0]) {
      return Fail(absl::StrCat("tensor '", name_, "' ", ShapeText(shape), " of ", *dtype_, " needs ",
                               size_bytes, " bytes, its data_offsets span ", offsets_[1] - offsets_[0]));
    }
    entries_[name_] = {{dtype->type, shape}, offsets_[0], offsets_[1]};
    return Enter(State::kName);
  }

  State state_ = State::kFile;
  absl::Status status_;
  std::map<std::string, SafetensorsEntry> entries_;
  int entry_count_ = 0;
  bool has_metadata_ = false;
  std::set<std::string> metadata_keys_;
  std::string field_;  // the current key of the metadata

  // The current tensor.
  std::string name_;
  absl::optional<std::string> dtype_;
  bool has_shape_ = false;
  bool has_offsets_ = false;
  std::vector<uint64_t> shape_;
  std::vector<uint64_t> offsets_;
};

// Tensors in the order of their data follow one another without hole or overlap and end with the file: a byte
// that no tensor owns could belong to another format (a polyglot file).
absl::Status CheckLayout(const std::map<std::string, SafetensorsEntry>& entries, uint64_t data_bytes) {
  std::vector<std::pair<const std::string*, const SafetensorsEntry*>> order;
  order.reserve(entries.size());
  for (const auto& [name, entry] : entries) order.emplace_back(&name, &entry);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::make_pair(a.second->begin, a.second->end) < std::make_pair(b.second->begin, b.second->end);
  });
  uint64_t next = 0;
  for (const auto& [name, entry] : order) {
    if (entry->begin != next) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", *name, "' begins at byte ", entry->begin, " of the data, expected ", next,
                       entry->begin > next ? ": there is a hole" : ": tensors overlap"));
    }
    next = entry->end;
  }
  if (next != data_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the tensors have ", next, " bytes, the file has ", data_bytes, " after its header"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<std::string, SafetensorsEntry>> ParseSafetensorsHeader(absl::string_view header,
                                                                               uint64_t data_bytes) {
  if (!absl::StartsWith(header, "{")) return absl::InvalidArgumentError("the header does not begin with '{'");
  const absl::string_view text = header.substr(0, header.find_last_not_of(' ') + 1);
  if (!absl::EndsWith(text, "}")) {
    return absl::InvalidArgumentError("the header does not end with '}' and spaces");
  }
  HeaderHandler handler;
  if (!json::sax_parse(text.begin(), text.end(), &handler)) return handler.status();
  std::map<std::string, SafetensorsEntry> entries = handler.TakeEntries();
  EDGENEXT_RETURN_IF_ERROR(CheckLayout(entries, data_bytes));
  return entries;
}

}  // namespace edgenext
