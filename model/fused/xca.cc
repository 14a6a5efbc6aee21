#include "model/fused/xca.h"

#include <algorithm>
#include <utility>

#include "model/edgenext/fold.h"

namespace edgenext::fused {
namespace {

enum Part : int64_t { kQuery, kKey, kValue };

// Outputs of parts [first, last) of the layer qkv.
LinearWeights Parts(const LinearWeights& qkv, Part first, Part last_included) {
  const int64_t channels = qkv.weight.shape[1];
  const int64_t begin = first * channels, end = (last_included + 1) * channels;
  LinearWeights parts = {Tensor({end - begin, channels}), Tensor({end - begin})};
  std::copy(qkv.weight.values.begin() + begin * channels, qkv.weight.values.begin() + end * channels,
            parts.weight.values.begin());
  std::copy(qkv.bias.values.begin() + begin, qkv.bias.values.begin() + end, parts.bias.values.begin());
  return parts;
}

// A square matrix with its rows padded to whole vectors, transposed or not.
const float* PackRows(PackContext& context, const Tensor& matrix, bool transposed) {
  const auto size = static_cast<size_t>(matrix.shape[0]);
  const auto stride = static_cast<size_t>(kernels::PaddedChannels(static_cast<int>(size)));
  auto* packed = static_cast<float*>(context.memory->Allocate(size * stride * sizeof(float)));  // zeroed
  for (size_t r = 0; r < size; ++r) {
    for (size_t c = 0; c < size; ++c) {
      packed[r * stride + c] = matrix.values[transposed ? c * size + r : r * size + c];
    }
  }
  return packed;
}

}  // namespace

Xca::Xca(PackContext& context, int stage, const MapLayout& map, const SdtaEncoderWeights& weights)
    : map_(map),
      shape_{map.tokens(), context.config.heads[static_cast<size_t>(stage)],
             map.channels / context.config.heads[static_cast<size_t>(stage)]},
      xca_(*context.kernels.xca),
      kernels_(context.linear),
      f32_(*context.kernels.linear),
      layer_norm_(!weights.norm_xca.is_batch_norm()),
      forms_(kernels::ShortestXcaForms(shape_, kernels_.precision)),
      temperature_(context.PackChannels(weights.temperature.values)) {
  LinearWeights qkv = weights.qkv, proj = weights.proj;
  if (layer_norm_) FoldIntoInputs(NormAffine(weights.norm_xca), &qkv.weight, &qkv.bias);
  FoldIntoOutputs(LayerScaleAffine(weights.gamma_xca), &proj.weight, &proj.bias);

  BufferSizes& sizes = context.sizes;
  if (!forms_.gram_scores || !forms_.folded_values) {
    const LinearWeights wide =
        Parts(qkv, forms_.gram_scores ? kValue : kQuery, forms_.folded_values ? kKey : kValue);
    wide_ = context.Pack(kernels_, wide.weight, wide.bias);
    wide_stride_ = kernels::PaddedChannels(wide_.outputs);
    BufferSizes::Raise(&sizes.wide_floats,
                       static_cast<size_t>(map.tokens()) * static_cast<size_t>(wide_stride_));
  }
  if (forms_.gram_scores) {
    const LinearWeights query = Parts(qkv, kQuery, kQuery), key = Parts(qkv, kKey, kKey);
    query_weight_ = PackRows(context, query.weight, /*transposed=*/true);
    key_weight_ = PackRows(context, key.weight, /*transposed=*/false);
    query_bias_ = context.PackChannels(query.bias.values);
    key_bias_ = context.PackChannels(key.bias.values);
  }
  if (forms_.folded_values) {
    const LinearWeights value = Parts(qkv, kValue, kValue);
    value_weight_ = PackRows(context, value.weight, /*transposed=*/false);
    value_bias_ = context.PackChannels(value.bias.values);
    proj_weight_ = PackRows(context, proj.weight, /*transposed=*/true);
    proj_bias_ = context.PackChannels(proj.bias.values);
    BufferSizes::Raise(&sizes.folded_floats,
                       kernels::PackedLinearBytes(f32_, map.channels, map.channels) / sizeof(float));
    BufferSizes::Raise(&sizes.folded_bias_floats, map.stride_floats());
  } else {
    proj_ = context.Pack(kernels_, proj.weight, proj.bias);
  }

  BufferSizes::Raise(&sizes.attention_floats, kernels::XcaAttentionFloats(shape_));
  BufferSizes::Raise(
      &sizes.attention_scratch_floats,
      std::max({static_cast<size_t>(shape_.heads) * kernels::XcaScoresScratchFloats(OneHead()),
                kernels::XcaGramScoresScratchFloats(shape_), kernels::XcaFoldScratchFloats(shape_)}));
  const size_t band_floats = map.MaxBandTokens() * map.stride_floats();
  BufferSizes::Raise(&sizes.band_rows_floats, band_floats);
  BufferSizes::Raise(&sizes.band_factors_bytes, band_floats * kernels_.factor_bytes);
}

void Xca::AppendLinear(std::vector<Program::Op>* ops, const Buffers& buffers) const {
  const size_t stride = map_.stride_floats();
  const float* tokens = buffers.tokens;
  float* normalised = buffers.normalised;
  const bool f32 = kernels_.precision == kernels::Precision::kF32;
  // The whole map, normalised, for the forms that read it again, and as factors in float32.
  const bool whole = f32 || forms_.gram_scores || forms_.folded_values;
  if (layer_norm_ && whole) {
    ops->push_back({OpKind::kLayerNorm, [=](Band band, const BandScratch&) {
                      f32_.layer_norm({tokens + map_.Offset(band), stride, map_.Tokens(band), map_.channels,
                                       kLayerNormEpsilon, nullptr, nullptr, normalised + map_.Offset(band),
                                       stride, map_.stride()});
                    }});
  }
  const float* source = layer_norm_ && whole ? normalised : tokens;
  if (wide_.outputs > 0) {
    if (!f32) {
      const bool normalise = layer_norm_ && !whole;
      ops->push_back(
          {normalise ? OpKind::kLayerNorm : OpKind::kElementwise, [=](Band band, const BandScratch& scratch) {
             const float* rows = source + map_.Offset(band);
             if (normalise) {
               kernels_.layer_norm({rows, stride, map_.Tokens(band), map_.channels, kLayerNormEpsilon,
                                    nullptr, nullptr, scratch.factors, stride, map_.stride()});
             } else {
               kernels_.convert(
                   {rows, stride, map_.Tokens(band), map_.channels, scratch.factors, stride, map_.stride()});
             }
           }});
    }
    const auto wide_stride = static_cast<size_t>(wide_stride_);
    ops->push_back({OpKind::kLinear,
                    [=, wide = buffers.wide](Band band, const BandScratch& scratch) {
                      const void* in =
                          f32 ? static_cast<const void*>(source + map_.Offset(band)) : scratch.factors;
                      kernels_.linear({in, stride, map_.Tokens(band), wide_, nullptr, 0,
                                       wide + map_.FirstToken(band) * wide_stride, wide_stride});
                    },
                    LinearMacs(kernels_, map_.tokens(), wide_)});
  }
}

Macs Xca::AttentionMacs(int layers) const {
  return {1.0 * map_.tokens() * map_.channels * (shape_.head_dim + layers * map_.channels), 0};
}

Program::Op Xca::GramScores(const Buffers& buffers) const {
  const float* z = layer_norm_ ? buffers.normalised : buffers.tokens;
  return {
      OpKind::kXca,
      [=, &buffers](Band, const BandScratch&) {
        xca_.gram_scores({shape_, z, query_weight_, key_weight_, query_bias_, key_bias_, map_.stride_floats(),
                          temperature_, buffers.attention, buffers.attention_scratch});
      },
      AttentionMacs(/*layers=*/2)};
}

Program::Op Xca::Scores(const Buffers& buffers) const {
  return {OpKind::kXca,
          [this, &buffers](Band heads, const BandScratch&) {
            const auto first = static_cast<size_t>(heads.first);
            const float* query = buffers.wide + first * static_cast<size_t>(shape_.head_dim);
            xca_.scores({{shape_.tokens, heads.count, shape_.head_dim},
                         query,
                         query + map_.channels,
                         static_cast<size_t>(wide_stride_),
                         temperature_ + first,
                         buffers.attention + first * kernels::XcaAttentionFloats(OneHead()),
                         buffers.attention_scratch + first * kernels::XcaScoresScratchFloats(OneHead())});
          },
          AttentionMacs(/*layers=*/0)};
}

Program::Op Xca::Fold(const Buffers& buffers) const {
  return {OpKind::kXca,
          [this, &buffers](Band, const BandScratch&) {
            xca_.fold({shape_, buffers.attention, value_weight_, value_bias_, proj_weight_, proj_bias_,
                       map_.stride_floats(), f32_.panel, buffers.folded, buffers.folded_bias,
                       buffers.attention_scratch});
          },
          AttentionMacs(/*layers=*/1)};
}

void Xca::AppendTo(Program& program, Program::Step tokens, const Buffers& buffers) const {
  AppendLinear(&tokens.ops, buffers);
  program.Append(std::move(tokens));
  Program::Step undivided = {1, 1, {}};
  if (forms_.gram_scores) {
    undivided.ops.push_back(GramScores(buffers));
  } else {
    program.Append({shape_.heads, shape_.heads, {Scores(buffers)}});
  }
  if (forms_.folded_values) undivided.ops.push_back(Fold(buffers));
  if (!undivided.ops.empty()) program.Append(std::move(undivided));
}

void Xca::AppendResidualTo(std::vector<Program::Op>* ops, const Buffers& buffers) const {
  const size_t stride = map_.stride_floats();
  float* tokens = buffers.tokens;
  const kernels::LinearKernels& linear = forms_.folded_values ? f32_ : kernels_;
  const bool f32 = linear.precision == kernels::Precision::kF32;
  const bool folded = forms_.folded_values;
  if (!folded) {
    const auto value_stride = static_cast<size_t>(wide_stride_);
    const float* values = buffers.wide + (forms_.gram_scores ? 0 : 2 * map_.channels);
    ops->push_back({OpKind::kXca,
                    [=, attention = buffers.attention](Band band, const BandScratch& scratch) {
                      const kernels::XcaShape shape = {map_.Tokens(band), shape_.heads, shape_.head_dim};
                      xca_.apply({shape, attention, values + map_.FirstToken(band) * value_stride,
                                  value_stride, f32 ? static_cast<float*>(scratch.factors) : scratch.rows,
                                  stride});
                    },
                    AttentionMacs(/*layers=*/0)});
  }
  if (folded ? !layer_norm_ : !f32) {
    ops->push_back({OpKind::kElementwise, [=, &linear](Band band, const BandScratch& scratch) {
                      const float* rows = folded ? tokens + map_.Offset(band) : scratch.rows;
                      linear.convert({rows, stride, map_.Tokens(band), map_.channels, scratch.factors, stride,
                                      map_.stride()});
                    }});
  }
  // A folded projection reads the tokens, normalised; these are a map if there was something to normalise.
  const float* normalised = folded && layer_norm_ ? buffers.normalised : nullptr;
  const kernels::PackedLinear layer =
      folded ? kernels::PackedLinear{buffers.folded, buffers.folded_bias, map_.channels, map_.channels}
             : proj_;
  ops->push_back({OpKind::kLinear,
                  [=, &linear](Band band, const BandScratch& scratch) {
                    float* out = tokens + map_.Offset(band);
                    const void* in = normalised != nullptr ? normalised + map_.Offset(band) : scratch.factors;
                    linear.linear({in, stride, map_.Tokens(band), layer, out, stride, out, stride});
                  },
                  LinearMacs(linear, map_.tokens(), layer)});
}

}  // namespace edgenext::fused
