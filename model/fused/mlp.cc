#include "model/fused/mlp.h"

#include "model/edgenext/fold.h"

namespace edgenext::fused {
namespace {

// As a layer takes its values multiplied by `input` and gives its results multiplied by `output`.
void Scale(double input, double output, Tensor* weight, Tensor* bias) {
  for (float& w : weight->values) w = static_cast<float>(double{w} * output / input);
  for (float& b : bias->values) b = static_cast<float>(double{b} * output);
}

}  // namespace

Mlp::Mlp(PackContext& context, const MapLayout& map, const NormWeights* norm, const LinearWeights& fc1,
         const LinearWeights& fc2, const Tensor& gamma)
    : map_(map),
      kernels_(context.linear),
      layer_norm_(norm != nullptr && !norm->is_batch_norm()),
      activation_(context.config.batch_norm_hardswish ? kernels::Activation::kHardswish
                                                      : kernels::Activation::kGelu) {
  Tensor weight1 = fc1.weight, bias1 = fc1.bias;
  Tensor weight2 = fc2.weight, bias2 = fc2.bias;
  if (norm != nullptr) FoldIntoInputs(NormAffine(*norm), &weight1, &bias1);
  FoldIntoOutputs(LayerScaleAffine(gamma), &weight2, &bias2);
  const kernels::ActivationScale scale =
      activation_ == kernels::Activation::kGelu ? kernels_.gelu : kernels_.hardswish;
  Scale(1.0, scale.input, &weight1, &bias1);
  Scale(scale.output, 1.0, &weight2, &bias2);
  fc1_ = context.Pack(kernels_, weight1, bias1);
  fc2_ = context.Pack(kernels_, weight2, bias2);

  BufferSizes& sizes = context.sizes;
  const size_t band_floats = map.MaxBandTokens() * map.stride_floats();
  BufferSizes::Raise(&sizes.band_rows_floats, band_floats);
  BufferSizes::Raise(&sizes.band_factors_bytes, band_floats * kernels_.factor_bytes);
  BufferSizes::Raise(&sizes.band_mlp_bytes, kernels::MlpScratchBytes(fc1_.outputs));
}

void Mlp::AppendTo(std::vector<Program::Op>* ops, const float* source, const float* residual,
                   float* out) const {
  const auto rows_of = [this, source](Band band, const BandScratch& scratch) {
    return source == nullptr ? scratch.rows : source + map_.Offset(band);
  };
  const size_t stride = map_.stride_floats();
  // In float32 the rows are factors already.
  const bool convert = kernels_.precision != kernels::Precision::kF32;
  if (layer_norm_) {
    ops->push_back({OpKind::kLayerNorm, [=](Band band, const BandScratch& scratch) {
                      kernels_.layer_norm({rows_of(band, scratch), stride, map_.Tokens(band), map_.channels,
                                           kLayerNormEpsilon, nullptr, nullptr, scratch.factors, stride,
                                           map_.stride()});
                    }});
  } else if (convert) {
    ops->push_back({OpKind::kElementwise, [=](Band band, const BandScratch& scratch) {
                      kernels_.convert({rows_of(band, scratch), stride, map_.Tokens(band), map_.channels,
                                        scratch.factors, stride, map_.stride()});
                    }});
  }
  Macs macs = LinearMacs(kernels_, map_.tokens(), fc1_);
  macs += LinearMacs(kernels_, map_.tokens(), fc2_);
  ops->push_back(
      {OpKind::kMlp,
       [=](Band band, const BandScratch& scratch) {
         const void* in =
             layer_norm_ || convert ? scratch.factors : static_cast<const void*>(rows_of(band, scratch));
         kernels_.mlp({in, stride, map_.Tokens(band), fc1_, fc2_, activation_, residual + map_.Offset(band),
                       stride, out + map_.Offset(band), stride, scratch.mlp});
       },
       macs});
}

}  // namespace edgenext::fused
