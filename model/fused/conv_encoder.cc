#include "model/fused/conv_encoder.h"

#include <utility>

#include "model/edgenext/fold.h"

namespace edgenext::fused {
namespace {

Depthwise PackDepthwise(PackContext& context, int stage, const MapLayout& source, int channels, int stride,
                        const ConvEncoderWeights& weights) {
  Tensor weight = weights.depthwise.weight, bias = weights.depthwise.bias;
  if (weights.norm.is_batch_norm()) FoldIntoOutputs(BatchNormAffine(weights.norm), &weight, &bias);
  return Depthwise(context, source, channels, kDepthwiseKernel[static_cast<size_t>(stage)], stride, weight,
                   bias);
}

Mlp PackMlp(PackContext& context, const MapLayout& map, const ConvEncoderWeights& weights) {
  const NormWeights* norm = weights.norm.is_batch_norm() ? nullptr : &weights.norm;
  return Mlp(context, map, norm, weights.fc1, weights.fc2, weights.gamma);
}

}  // namespace

ConvEncoder::ConvEncoder(PackContext& context, int stage, const MapLayout& map,
                         const ConvEncoderWeights& weights)
    : map_(map),
      depthwise_(PackDepthwise(context, stage, map, map.channels, /*stride=*/1, weights)),
      mlp_(PackMlp(context, map, weights)) {}

void ConvEncoder::AppendTo(Program& program, const float* x, float* out) const {
  Program::Step step = Program::Over(map_);
  step.ops.push_back({OpKind::kDepthwise,
                      [this, x](Band band, const BandScratch& scratch) {
                        kernels::DepthwiseArguments arguments = depthwise_.Arguments(band.first, band.count);
                        arguments.in = x;
                        arguments.in_stride = map_.stride_floats();
                        arguments.out = scratch.rows;
                        arguments.out_stride = map_.stride_floats();
                        arguments.write_padding = true;
                        depthwise_.Run(arguments);
                      },
                      depthwise_.TokenMacs(map_.tokens())});
  mlp_.AppendTo(&step.ops, /*source=*/nullptr, x, out);
  program.Append(std::move(step));
}

StridedConvEncoder::StridedConvEncoder(PackContext& context, int stage, const MapLayout& source,
                                       const MapLayout& map, const ConvEncoderWeights& weights)
    : source_(source),
      map_(map),
      depthwise_(PackDepthwise(context, stage, source, map.channels, /*stride=*/2, weights)),
      mlp_(PackMlp(context, map, weights)) {}

void StridedConvEncoder::AppendTo(Program& program, const float* x, float* out) const {
  Program::Step step = Program::Over(map_);
  step.ops.push_back({OpKind::kDepthwise,
                      [this, x, out](Band band, const BandScratch&) {
                        kernels::DepthwiseArguments arguments = depthwise_.Arguments(band.first, band.count);
                        arguments.in = x;
                        arguments.in_stride = source_.stride_floats();
                        arguments.out = out + map_.Offset(band);
                        arguments.out_stride = map_.stride_floats();
                        arguments.write_padding = true;
                        depthwise_.Run(arguments);
                      },
                      depthwise_.TokenMacs(map_.tokens())});
  mlp_.AppendTo(&step.ops, /*source=*/out, out, out);
  program.Append(std::move(step));
}

}  // namespace edgenext::fused
