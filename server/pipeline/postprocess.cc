#include "server/pipeline/postprocess.h"

#include "server/pipeline/top_k.h"

namespace edgenext::serving {

ImageResult Postprocess(absl::Span<const float> logits, const OutputSpec& outputs,
                        absl::Span<float> probabilities) {
  Softmax(logits, probabilities);
  ImageResult result;
  for (const int index : TopK(logits, outputs.top_k)) {
    const auto i = static_cast<size_t>(index);
    result.predictions.push_back({index, logits[i], probabilities[i]});
  }
  if (outputs.logits) result.logits.assign(logits.begin(), logits.end());
  if (outputs.probabilities) result.probabilities.assign(probabilities.begin(), probabilities.end());
  return result;
}

}  // namespace edgenext::serving
