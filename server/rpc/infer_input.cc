#include "server/rpc/infer_input.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/base/error_reason.h"
#include "model/base/status_macros.h"
#include "server/rpc/status_mapping.h"

namespace edgenext::serving {
namespace {

using inference::InferTensorContents;
using inference::ModelInferRequest;
using InputTensor = ModelInferRequest::InferInputTensor;

constexpr char kInputName[] = "image";

absl::Status BadTensor(absl::string_view field, absl::string_view problem) {
  return WithField(WithReason(absl::InvalidArgumentError(problem), kReasonBadTensor), field);
}

std::string Shape(const google::protobuf::RepeatedField<int64_t>& shape) {
  constexpr int kMaxShown = 8;
  if (shape.size() > kMaxShown) return absl::StrCat("of ", shape.size(), " dimensions");
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

uint32_t LoadLittleEndian32(absl::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < sizeof(value); ++i) value |= uint32_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  return value;
}

// A name of the client's, fit for a message.
absl::string_view Cut(absl::string_view name) { return name.substr(0, 64); }

absl::Status CheckFile(absl::string_view file, size_t max_bytes) {
  if (file.empty()) {
    return WithReason(absl::InvalidArgumentError("is empty, expected a JPEG, PNG, WebP or BMP file"),
                      kReasonImageUnsupported);
  }
  if (file.size() > max_bytes) {
    return WithReason(
        absl::InvalidArgumentError(absl::StrCat("has ", file.size(), " bytes, expected at most ", max_bytes)),
        kReasonImageTooLarge);
  }
  return absl::OkStatus();
}

// Reads one input tensor of `count` images, whose name, type and shape have been checked.
class ImageReader {
 public:
  ImageReader(const ModelInferRequest& request, const ServedModel& model, const InferLimits& limits,
              size_t count)
      : contents_(request.inputs(0).contents()),
        raw_(request.raw_input_contents().empty() ? nullptr : &request.raw_input_contents(0)),
        limits_(limits),
        count_(count),
        elements_(static_cast<size_t>(model.preprocess.height) * static_cast<size_t>(model.preprocess.width) *
                  3) {}

  absl::StatusOr<InferImages> ReadFiles() const {
    InferImages out;
    EDGENEXT_ASSIGN_OR_RETURN(const std::vector<absl::string_view> files, raw_ ? RawFiles() : TypedFiles());
    for (size_t i = 0; i < files.size(); ++i) {
      const absl::Status checked = CheckFile(files[i], limits_.max_image_bytes);
      if (!checked.ok()) return AboutImage(i, checked);
      out.images.push_back(EncodedImage{files[i]});
    }
    return out;
  }

  absl::StatusOr<InferImages> ReadRgb() const {
    InferImages out;
    const uint8_t* pixels = nullptr;
    if (raw_ != nullptr) {
      EDGENEXT_RETURN_IF_ERROR(CheckRawSize(sizeof(uint8_t)));
      pixels = static_cast<const uint8_t*>(static_cast<const void*>(raw_->data()));
    } else {
      EDGENEXT_RETURN_IF_ERROR(CheckTypedCount(contents_.uint_contents_size(), "uint_contents"));
      out.converted.reserve(count_ * elements_);
      for (const uint32_t value : contents_.uint_contents()) {
        if (value > 255) {
          return BadTensor("inputs[0].contents",
                           absl::StrCat("uint_contents has ", value, ", expected UINT8"));
        }
        out.converted.push_back(static_cast<uint8_t>(value));
      }
      pixels = out.converted.data();
    }
    for (size_t i = 0; i < count_; ++i) {
      out.images.push_back(RgbPixels{absl::MakeConstSpan(pixels + i * elements_, elements_)});
    }
    return out;
  }

  absl::StatusOr<InferImages> ReadNormalised() const {
    InferImages out;
    const float* values = contents_.fp32_contents().data();
    if (raw_ != nullptr) {
      EDGENEXT_RETURN_IF_ERROR(CheckRawSize(sizeof(float)));
      // A string of this size is on the heap, whose blocks are aligned for every type.
      values = static_cast<const float*>(static_cast<const void*>(raw_->data()));
    } else {
      EDGENEXT_RETURN_IF_ERROR(CheckTypedCount(contents_.fp32_contents_size(), "fp32_contents"));
    }
    for (size_t i = 0; i < count_; ++i) {
      out.images.push_back(NormalisedPixels{absl::MakeConstSpan(values + i * elements_, elements_)});
    }
    return out;
  }

 private:
  absl::StatusOr<std::vector<absl::string_view>> RawFiles() const {
    std::vector<absl::string_view> files;
    absl::string_view rest = *raw_;
    for (size_t i = 0; i < count_; ++i) {
      if (rest.size() < sizeof(uint32_t)) {
        return BadTensor("raw_input_contents[0]",
                         absl::StrCat("raw_input_contents[0] has ", i, " elements, expected ", count_));
      }
      const uint32_t length = LoadLittleEndian32(rest);
      rest.remove_prefix(sizeof(length));
      if (length > rest.size()) {
        return AboutImage(i, WithReason(absl::InvalidArgumentError(
                                            absl::StrCat("its length prefix says ", length, " bytes, but ",
                                                         rest.size(), " are left in raw_input_contents[0]")),
                                        kReasonBadTensor));
      }
      files.push_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
    if (!rest.empty()) {
      return BadTensor("raw_input_contents[0]", absl::StrCat("raw_input_contents[0] has ", rest.size(),
                                                             " bytes after its ", count_, " elements"));
    }
    return files;
  }

  absl::StatusOr<std::vector<absl::string_view>> TypedFiles() const {
    EDGENEXT_RETURN_IF_ERROR(
        CheckCount(static_cast<size_t>(contents_.bytes_contents_size()), count_, "bytes_contents"));
    return std::vector<absl::string_view>(contents_.bytes_contents().begin(),
                                          contents_.bytes_contents().end());
  }

  absl::Status CheckRawSize(size_t element_bytes) const {
    const size_t expected = count_ * elements_ * element_bytes;
    if (raw_->size() == expected) return absl::OkStatus();
    return BadTensor("raw_input_contents[0]",
                     absl::StrCat("raw_input_contents[0] has ", raw_->size(), " bytes, expected ", expected));
  }

  absl::Status CheckTypedCount(int got, absl::string_view field) const {
    return CheckCount(static_cast<size_t>(got), count_ * elements_, field);
  }

  static absl::Status CheckCount(size_t got, size_t expected, absl::string_view field) {
    if (got == expected) return absl::OkStatus();
    return BadTensor("inputs[0].contents",
                     absl::StrCat(field, " has ", got, " elements, expected ", expected));
  }

  const InferTensorContents& contents_;
  const std::string* raw_;  // null if the contents are typed
  const InferLimits& limits_;
  const size_t count_;
  const size_t elements_;  // of one image
};

// The shape after the number of images, or an error for a type that is not taken.
absl::StatusOr<std::vector<int64_t>> ImageShape(const std::string& datatype, const PreprocessSpec& spec) {
  if (datatype == "BYTES") return std::vector<int64_t>{};
  if (datatype == "UINT8") return std::vector<int64_t>{spec.height, spec.width, 3};
  if (datatype == "FP32") return std::vector<int64_t>{3, spec.height, spec.width};
  return BadTensor("inputs[0].datatype", absl::StrCat("input 'image' has datatype '", Cut(datatype),
                                                      "', expected BYTES, UINT8 or FP32"));
}

absl::Status CheckInputs(const ModelInferRequest& request) {
  if (request.inputs_size() != 1 || request.inputs(0).name() != kInputName) {
    return BadTensor(
        "inputs",
        request.inputs_size() == 1
            ? absl::StrCat("input '", Cut(request.inputs(0).name()), "', expected 'image'")
            : absl::StrCat("the request has ", request.inputs_size(), " inputs, expected one, 'image'"));
  }
  const InputTensor& input = request.inputs(0);
  for (const auto& [name, parameter] : input.parameters()) {
    if (absl::StartsWith(name, "shared_memory_")) {
      return BadTensor("inputs[0].parameters", "input 'image' is in shared memory, which is not supported");
    }
  }
  const int raw = request.raw_input_contents_size();
  if (raw > 0 && input.has_contents()) {
    return BadTensor("inputs[0].contents",
                     "input 'image' has contents beside raw_input_contents, expected one of them");
  }
  if (raw > 1) {
    return BadTensor("raw_input_contents",
                     absl::StrCat("raw_input_contents has ", raw, " entries, expected one an input, 1"));
  }
  return absl::OkStatus();
}

// How many images the shape says there are.
absl::StatusOr<size_t> CheckShape(const InputTensor& input, const std::vector<int64_t>& image_shape,
                                  int max_images) {
  bool fits = static_cast<size_t>(input.shape_size()) == image_shape.size() + 1 && input.shape(0) >= 1;
  for (size_t i = 0; fits && i < image_shape.size(); ++i) {
    fits = input.shape(static_cast<int>(i) + 1) == image_shape[i];
  }
  if (!fits) {
    const std::string expected = image_shape.empty()
                                     ? std::string("[n]")
                                     : absl::StrCat("[n, ", absl::StrJoin(image_shape, ", "), "]");
    return BadTensor("inputs[0].shape",
                     absl::StrCat("input 'image' of ", input.datatype(), " has shape ", Shape(input.shape()),
                                  ", expected ", expected, ", n >= 1"));
  }
  if (input.shape(0) > max_images) {
    return BadTensor("inputs[0].shape",
                     absl::StrCat("the request has ", input.shape(0),
                                  " images, expected at most the queue's capacity of ", max_images));
  }
  return static_cast<size_t>(input.shape(0));
}

}  // namespace

absl::StatusOr<InferImages> ReadImages(const ModelInferRequest& request, const ServedModel& model,
                                       const InferLimits& limits) {
  EDGENEXT_RETURN_IF_ERROR(CheckInputs(request));
  const InputTensor& input = request.inputs(0);
  EDGENEXT_ASSIGN_OR_RETURN(const std::vector<int64_t> image_shape,
                            ImageShape(input.datatype(), model.preprocess));
  EDGENEXT_ASSIGN_OR_RETURN(const size_t count, CheckShape(input, image_shape, limits.max_images));
  const ImageReader reader(request, model, limits, count);
  if (input.datatype() == "BYTES") return reader.ReadFiles();
  return input.datatype() == "UINT8" ? reader.ReadRgb() : reader.ReadNormalised();
}

absl::Status AboutImage(size_t index, const absl::Status& error) {
  if (!absl::IsInvalidArgument(error)) return error;
  const std::string name = absl::StrCat("image[", index, "]");
  absl::Status about = absl::InvalidArgumentError(absl::StrCat(name, ": ", error.message()));
  return WithField(WithReason(std::move(about), GetReason(error)), name);
}

}  // namespace edgenext::serving
