#ifndef SERVER_PIPELINE_TOP_K_H_
#define SERVER_PIPELINE_TOP_K_H_

#include <vector>

#include "absl/types/span.h"

namespace edgenext::serving {

// probabilities[i] = exp(logits[i]) / sum over j of exp(logits[j]), without overflow for any finite logits:
// the largest is subtracted first. Summed in float64. The spans have the same size and may be the same
// memory.
void Softmax(absl::Span<const float> logits, absl::Span<float> probabilities);

// The indices of the min(k, size) largest values, by falling value, equal ones by rising index; NaN is less
// than everything. O(size + k log k) for sorted-out input and O(size log k) at worst; allocates k indices.
std::vector<int> TopK(absl::Span<const float> values, int k);

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_TOP_K_H_
