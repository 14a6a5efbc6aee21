#include "server/pipeline/top_k.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace edgenext::serving {

void Softmax(absl::Span<const float> logits, absl::Span<float> probabilities) {
  if (logits.empty()) return;
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    probabilities[i] = std::exp(logits[i] - largest);
    sum += static_cast<double>(probabilities[i]);
  }
  const auto scale = static_cast<float>(1.0 / sum);
  for (float& probability : probabilities) probability *= scale;
}

std::vector<int> TopK(absl::Span<const float> values, int k) {
  const auto goes_before = [&values](int a, int b) {
    const float va = values[static_cast<size_t>(a)];
    const float vb = values[static_cast<size_t>(b)];
    if (std::isnan(va) || std::isnan(vb)) return std::isnan(va) == std::isnan(vb) ? a < b : std::isnan(vb);
    return va != vb ? va > vb : a < b;
  };
  const auto wanted = static_cast<size_t>(std::clamp(k, 0, static_cast<int>(values.size())));
  std::vector<int> best;  // a heap with the last of the best in front
  if (wanted == 0) return best;
  best.reserve(wanted);
  for (int i = 0; i < static_cast<int>(values.size()); ++i) {
    if (best.size() == wanted) {
      if (!goes_before(i, best.front())) continue;
      std::pop_heap(best.begin(), best.end(), goes_before);
      best.back() = i;
    } else {
      best.push_back(i);
    }
    std::push_heap(best.begin(), best.end(), goes_before);
  }
  std::sort_heap(best.begin(), best.end(), goes_before);
  return best;
}

}  // namespace edgenext::serving
