#include "model/layered/sdta_encoder.h"

#include <utility>

#include "model/base/status_macros.h"
#include "model/edgenext/positional_code.h"
#include "model/ops/channels.h"

namespace edgenext::layered {
namespace {

ops::LinearSpec AttentionSpec(const MapSize& map, int outputs, bool accumulate) {
  ops::LinearSpec spec;
  spec.rows = map.tokens();
  spec.inputs = map.channels;
  spec.outputs = outputs;
  spec.accumulate = accumulate;
  return spec;
}

}  // namespace

absl::StatusOr<SdtaEncoder> SdtaEncoder::Pack(PackContext& context, int stage, const MapSize& map,
                                              const SdtaEncoderWeights& weights) {
  std::vector<ops::Convolution> cascade;
  for (const ConvolutionWeights& convolution : weights.cascade) {
    ops::ConvolutionSpec spec;
    spec.height = map.height;
    spec.width = map.width;
    spec.inputs = spec.outputs = context.config.ChunkWidth(stage);
    spec.kernel = 3;
    spec.padding = 1;
    spec.depthwise = true;
    EDGENEXT_ASSIGN_OR_RETURN(
        ops::Convolution op,
        ops::Convolution::Make(context.packer, spec, convolution.weight, convolution.bias));
    cascade.push_back(std::move(op));
  }

  Tensor proj_weight = weights.proj.weight, proj_bias = weights.proj.bias;
  FoldIntoOutputs(LayerScaleAffine(weights.gamma_xca), &proj_weight, &proj_bias);
  EDGENEXT_ASSIGN_OR_RETURN(ops::Linear qkv,
                            ops::Linear::Make(context.packer, AttentionSpec(map, 3 * map.channels, false),
                                              weights.qkv.weight, weights.qkv.bias));
  EDGENEXT_ASSIGN_OR_RETURN(
      ops::Linear proj,
      ops::Linear::Make(context.packer, AttentionSpec(map, map.channels, true), proj_weight, proj_bias));
  EDGENEXT_ASSIGN_OR_RETURN(Mlp mlp,
                            Mlp::Pack(context, map, &weights.norm, weights.fc1, weights.fc2, weights.gamma));

  const int heads = context.config.heads[static_cast<size_t>(stage)];
  const kernels::XcaShape shape = {map.tokens(), heads, map.channels / heads};
  BufferSizes::Raise(&context.sizes.work, map.floats());
  BufferSizes::Raise(&context.sizes.hidden, 3 * map.floats());
  BufferSizes::Raise(&context.sizes.attention, kernels::XcaAttentionFloats(shape));
  BufferSizes::Raise(&context.sizes.xca_scratch, kernels::XcaScoresScratchFloats(shape));
  return SdtaEncoder(context, stage, map, weights, std::move(cascade), std::move(qkv), std::move(proj),
                     std::move(mlp));
}

SdtaEncoder::SdtaEncoder(const PackContext& context, int stage, const MapSize& map,
                         const SdtaEncoderWeights& weights, std::vector<ops::Convolution> cascade,
                         ops::Linear qkv, ops::Linear proj, Mlp mlp)
    : map_(map),
      chunk_width_(context.config.ChunkWidth(stage)),
      heads_(context.config.heads[static_cast<size_t>(stage)]),
      cascade_(std::move(cascade)),
      temperature_(weights.temperature),
      xca_(context.kernels.xca),
      qkv_(std::move(qkv)),
      proj_(std::move(proj)),
      mlp_(std::move(mlp)) {
  if (weights.norm_xca.is_batch_norm()) {
    batch_norm_ = BatchNormAffine(weights.norm_xca);
  } else {
    layer_norm_.emplace(weights.norm_xca, context.kernels);
  }
  if (weights.positional_projection.has_value()) {
    positional_code_ = PositionalCode(map.height, map.width, *weights.positional_projection);
  }
}

void SdtaEncoder::AppendTo(ops::Program& program, const Buffers& buffers, float* x) const {
  AppendCascade(program, buffers, x);
  AppendAttention(program, buffers);
  mlp_.AppendTo(program, buffers, buffers.sdta, x);
}

void SdtaEncoder::AppendCascade(ops::Program& program, const Buffers& buffers, const float* x) const {
  const int pixels = map_.tokens();
  const int channels = map_.channels;
  const int width = chunk_width_;
  const auto chunk_floats = static_cast<size_t>(pixels) * static_cast<size_t>(width);
  float* input = buffers.hidden;
  float* output = buffers.hidden + chunk_floats;

  int first = 0;
  for (const ops::Convolution& convolution : cascade_) {
    const ops::ChannelSlice chunk = {x + first, channels};
    const ops::MutableChannelSlice destination = {buffers.sdta + first, channels};
    program.AppendLoop(ops::OpKind::kElementwise, [=] {
      if (chunk.first == x) {
        ops::CopySlice(chunk, pixels, width, {input, width});
      } else {
        ops::AddSlices(chunk, {output, width}, pixels, width, {input, width});
      }
    });
    convolution.AppendTo(program, input, output);
    program.AppendLoop(ops::OpKind::kElementwise, [=] {
      ops::CopySlice({output, width}, pixels, width, destination);
    });
    first += width;
  }
  program.AppendLoop(ops::OpKind::kElementwise, [=] {
    ops::CopySlice({x + first, channels}, pixels, channels - first, {buffers.sdta + first, channels});
  });
}

void SdtaEncoder::AppendAttention(ops::Program& program, const Buffers& buffers) const {
  const int tokens = map_.tokens();
  const int channels = map_.channels;
  const ops::MutableChannelSlice y = {buffers.sdta, channels};
  const ops::ChannelSlice read_y = {buffers.sdta, channels};
  if (batch_norm_.has_value()) {
    const float* scale = batch_norm_->scale.data();
    const float* shift = batch_norm_->shift.data();
    program.AppendLoop(ops::OpKind::kElementwise,
                       [=] { ops::ScaleSlice(read_y, scale, shift, tokens, channels, y); });
  }
  if (!positional_code_.empty()) {
    const ops::ChannelSlice code = {positional_code_.values.data(), channels};
    program.AppendLoop(ops::OpKind::kElementwise, [=] { ops::AddSlices(read_y, code, tokens, channels, y); });
  }

  const float* normalised = buffers.sdta;
  if (layer_norm_.has_value()) {
    layer_norm_->AppendTo(program, buffers.sdta, tokens, buffers.work);
    normalised = buffers.work;
  }
  qkv_.AppendTo(program, normalised, buffers.hidden);
  const kernels::XcaShape shape = {tokens, heads_, channels / heads_};
  const float* query = buffers.hidden;
  const float* key = query + channels;
  const float* value = key + channels;
  const size_t token_stride = 3 * static_cast<size_t>(channels);
  const kernels::XcaScoresArguments scores = {
      shape, query, key, token_stride, temperature_.values.data(), buffers.attention, buffers.xca_scratch};
  const kernels::XcaApplyArguments apply = {shape,        buffers.attention, value,
                                            token_stride, buffers.work,      static_cast<size_t>(channels)};
  const auto run = [xca = xca_, scores, apply] {
    xca->scores(scores);
    xca->apply(apply);
  };
  program.AppendLoop(ops::OpKind::kXca, run, 2.0 * tokens * channels * shape.head_dim);
  proj_.AppendTo(program, buffers.work, buffers.sdta);
}

}  // namespace edgenext::layered
