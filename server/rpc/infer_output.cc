#include "server/rpc/infer_output.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"
#include "model/base/status_macros.h"
#include "server/rpc/infer_parameters.h"
#include "server/rpc/status_mapping.h"

namespace edgenext::serving {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using Tensor = InferOutput::Tensor;

absl::Status BadOutput(int index, absl::string_view problem) {
  return WithField(WithReason(absl::InvalidArgumentError(problem), kReasonBadTensor),
                   absl::StrCat("outputs[", index, "]"));
}

absl::StatusOr<InferOutput> ReadOutput(const ModelInferRequest& request, int index, int classes) {
  const ModelInferRequest::InferRequestedOutputTensor& requested = request.outputs(index);
  InferOutput output;
  if (requested.name() == OutputName(Tensor::kProbabilities)) {
    output.tensor = Tensor::kProbabilities;
  } else if (requested.name() != OutputName(Tensor::kLogits)) {
    return BadOutput(index, absl::StrCat("output '", requested.name().substr(0, 64),
                                         "', expected 'logits' or 'probabilities'"));
  }
  for (const auto& [name, parameter] : requested.parameters()) {
    if (name == "classification") {
      EDGENEXT_ASSIGN_OR_RETURN(const int64_t k, ReadInteger(name, parameter));
      if (k <= 0) return BadOutput(index, absl::StrCat("classification is ", k, ", expected 1 or more"));
      output.classification = static_cast<int>(std::min<int64_t>(k, classes));
    } else if (absl::StartsWith(name, "shared_memory_")) {
      return BadOutput(
          index, absl::StrCat("output '", requested.name(), "' is in shared memory, which is not supported"));
    }
  }
  return output;
}

void AppendElement(absl::string_view text, std::string& raw) {
  const uint32_t length = static_cast<uint32_t>(text.size());
  for (int shift = 0; shift < 32; shift += 8) raw.push_back(static_cast<char>(length >> shift & 0xFF));
  absl::StrAppend(&raw, text);
}

std::string ShortestText(float value) {
  char text[32];
  const std::to_chars_result end = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, end.ptr);
}

std::string Classification(const InferOutput& output, const ServedModel& model, const ImageResult& result) {
  std::string raw;
  for (size_t i = 0; i < static_cast<size_t>(output.classification); ++i) {
    const Prediction& prediction = result.predictions[i];
    const float value = output.tensor == Tensor::kLogits ? prediction.logit : prediction.probability;
    AppendElement(absl::StrCat(ShortestText(value), ":", prediction.index, ":",
                               model.labels[static_cast<size_t>(prediction.index)]),
                  raw);
  }
  return raw;
}

absl::string_view Bytes(const std::vector<float>& values) {
  return {static_cast<const char*>(static_cast<const void*>(values.data())), values.size() * sizeof(float)};
}

}  // namespace

const char* OutputName(Tensor tensor) { return tensor == Tensor::kLogits ? "logits" : "probabilities"; }

absl::StatusOr<std::vector<InferOutput>> ReadOutputs(const ModelInferRequest& request, int classes) {
  if (request.outputs().empty()) {
    return std::vector<InferOutput>{{Tensor::kLogits, 0}, {Tensor::kProbabilities, 0}};
  }
  std::vector<InferOutput> outputs;
  for (int i = 0; i < request.outputs_size(); ++i) {
    EDGENEXT_ASSIGN_OR_RETURN(const InferOutput output, ReadOutput(request, i, classes));
    for (const InferOutput& other : outputs) {
      if (other.tensor == output.tensor) {
        return BadOutput(i, absl::StrCat("output '", OutputName(output.tensor), "' is asked for twice"));
      }
    }
    outputs.push_back(output);
  }
  return outputs;
}

OutputSpec ToOutputSpec(const std::vector<InferOutput>& outputs) {
  OutputSpec spec;
  for (const InferOutput& output : outputs) {
    if (output.classification > 0) {
      spec.top_k = std::max(spec.top_k, output.classification);
    } else if (output.tensor == Tensor::kLogits) {
      spec.logits = true;
    } else {
      spec.probabilities = true;
    }
  }
  return spec;
}

void WriteOutputs(const std::vector<InferOutput>& outputs, const ServedModel& model,
                  const std::vector<ImageResult>& results, ModelInferResponse& response) {
  for (const InferOutput& output : outputs) {
    ModelInferResponse::InferOutputTensor& tensor = *response.add_outputs();
    tensor.set_name(OutputName(output.tensor));
    tensor.set_datatype(output.classification > 0 ? "BYTES" : "FP32");
    tensor.add_shape(static_cast<int64_t>(results.size()));
    tensor.add_shape(output.classification > 0 ? output.classification : model.classes());
    std::string& raw = *response.add_raw_output_contents();
    for (const ImageResult& result : results) {
      if (output.classification > 0) {
        raw += Classification(output, model, result);
      } else {
        absl::StrAppend(&raw, Bytes(output.tensor == Tensor::kLogits ? result.logits : result.probabilities));
      }
    }
  }
}

}  // namespace edgenext::serving
