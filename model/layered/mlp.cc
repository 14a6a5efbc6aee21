#include "model/layered/mlp.h"

#include <utility>

#include "model/base/status_macros.h"
#include "model/edgenext/fold.h"

namespace edgenext::layered {
namespace {

// Tokens go through the MLP in bands, so that what norm, fc1 and fc2 hand on stays in the L2 cache.
constexpr int kBandFloats = 96 * 1024;

// The largest number of tokens that divides `tokens` evenly and whose hidden layer is within kBandFloats.
int BandTokens(int tokens, int hidden) {
  int bands = 1;
  while (tokens % bands != 0 || (bands < tokens && tokens / bands * hidden > kBandFloats)) ++bands;
  return tokens / bands;
}

}  // namespace

absl::StatusOr<Mlp> Mlp::Pack(PackContext& context, const MapSize& map, const NormWeights* norm,
                              const LinearWeights& fc1, const LinearWeights& fc2, const Tensor& gamma) {
  Tensor weight1 = fc1.weight, bias1 = fc1.bias;
  Tensor weight2 = fc2.weight, bias2 = fc2.bias;
  absl::optional<LayerNorm> layer_norm;
  if (norm != nullptr && norm->is_batch_norm()) {
    FoldIntoInputs(BatchNormAffine(*norm), &weight1, &bias1);
  } else if (norm != nullptr) {
    layer_norm.emplace(*norm, context.kernels);
  }
  FoldIntoOutputs(LayerScaleAffine(gamma), &weight2, &bias2);

  const int hidden = kExpansion * map.channels;
  ops::LinearSpec widen, narrow;
  widen.rows = narrow.rows = BandTokens(map.tokens(), hidden);
  widen.inputs = narrow.outputs = map.channels;
  widen.outputs = narrow.inputs = hidden;
  widen.activation =
      context.config.batch_norm_hardswish ? ops::Activation::kHardswish : ops::Activation::kGelu;
  narrow.accumulate = true;
  EDGENEXT_ASSIGN_OR_RETURN(ops::Linear packed1, ops::Linear::Make(context.packer, widen, weight1, bias1));
  EDGENEXT_ASSIGN_OR_RETURN(ops::Linear packed2, ops::Linear::Make(context.packer, narrow, weight2, bias2));

  const auto rows = static_cast<size_t>(widen.rows);
  BufferSizes::Raise(&context.sizes.normalised, rows * static_cast<size_t>(map.channels));
  BufferSizes::Raise(&context.sizes.hidden, rows * static_cast<size_t>(hidden));
  return Mlp(map, std::move(layer_norm), std::move(packed1), std::move(packed2));
}

Mlp::Mlp(const MapSize& map, absl::optional<LayerNorm> norm, ops::Linear fc1, ops::Linear fc2)
    : map_(map), norm_(std::move(norm)), fc1_(std::move(fc1)), fc2_(std::move(fc2)) {}

void Mlp::AppendTo(ops::Program& program, const Buffers& buffers, const float* source,
                   float* residual) const {
  const int rows = fc1_.spec().rows;
  const size_t step = static_cast<size_t>(rows) * static_cast<size_t>(map_.channels);
  for (size_t first = 0; first < map_.floats(); first += step) {
    const float* input = source + first;
    if (norm_.has_value()) {
      norm_->AppendTo(program, input, rows, buffers.normalised);
      input = buffers.normalised;
    }
    fc1_.AppendTo(program, input, buffers.hidden);
    fc2_.AppendTo(program, buffers.hidden, residual + first);
  }
}

}  // namespace edgenext::layered
