#include <math.h>

#include "model/kernels/implementations.h"

namespace edgenext::kernels {
namespace {

// The columns [tokens] of one channel, `stride` floats from token to token.
double Dot(const float* a, const float* b, int tokens, size_t stride) {
  double sum = 0.0;
  for (int t = 0; t < tokens; ++t) {
    const size_t at = static_cast<size_t>(t) * stride;
    sum += static_cast<double>(a[at]) * static_cast<double>(b[at]);
  }
  return sum;
}

double ClampedNorm(const float* x, int tokens, size_t stride) {
  return fmax(sqrt(Dot(x, x, tokens, stride)), 1e-12);
}

void SoftmaxInPlace(float* row, int size) {
  float largest = row[0];
  for (int j = 1; j < size; ++j) largest = fmaxf(largest, row[j]);
  float sum = 0.0f;
  for (int j = 0; j < size; ++j) {
    row[j] = expf(row[j] - largest);
    sum += row[j];
  }
  for (int j = 0; j < size; ++j) row[j] /= sum;
}

}  // namespace

void XcaScalar(const XcaArguments& arguments) {
  const int tokens = arguments.tokens;
  const int dim = arguments.head_dim;
  const size_t channels = static_cast<size_t>(arguments.heads) * static_cast<size_t>(dim);
  const size_t stride = 3 * channels;
  float* key_norms = arguments.scratch;  // [dim]
  float* row = arguments.scratch + dim;  // [dim], one row of A

  for (int h = 0; h < arguments.heads; ++h) {
    const size_t head = static_cast<size_t>(h) * static_cast<size_t>(dim);
    const float* q = arguments.qkv + head;
    const float* k = q + channels;
    const float* v = k + channels;
    for (int j = 0; j < dim; ++j) key_norms[j] = static_cast<float>(ClampedNorm(k + j, tokens, stride));

    for (int i = 0; i < dim; ++i) {
      const double query_scale =
          static_cast<double>(arguments.temperature[h]) / ClampedNorm(q + i, tokens, stride);
      for (int j = 0; j < dim; ++j) {
        const double product = Dot(q + i, k + j, tokens, stride);
        row[j] = static_cast<float>(product * query_scale / static_cast<double>(key_norms[j]));
      }
      SoftmaxInPlace(row, dim);
      for (int t = 0; t < tokens; ++t) {
        const float* value = v + static_cast<size_t>(t) * stride;
        float sum = 0.0f;
        for (int j = 0; j < dim; ++j) sum += row[j] * value[j];
        arguments.out[static_cast<size_t>(t) * channels + head + static_cast<size_t>(i)] = sum;
      }
    }
  }
}

}  // namespace edgenext::kernels
