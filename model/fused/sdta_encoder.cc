#include "model/fused/sdta_encoder.h"

#include <algorithm>
#include <utility>

#include "model/edgenext/fold.h"
#include "model/edgenext/positional_code.h"

namespace edgenext::fused {
namespace {

constexpr int kCascadeKernel = 3;

}  // namespace

SdtaEncoder::SdtaEncoder(PackContext& context, int stage, const MapLayout& map,
                         const SdtaEncoderWeights& weights)
    : map_(map),
      chunk_width_(context.config.ChunkWidth(stage)),
      xca_(context, stage, map, weights),
      mlp_(context, map, &weights.norm, weights.fc1, weights.fc2, weights.gamma) {
  for (const ConvolutionWeights& convolution : weights.cascade) {
    cascade_.emplace_back(context, map, chunk_width_, kCascadeKernel, /*stride=*/1, convolution.weight,
                          convolution.bias);
  }
  if (weights.norm_xca.is_batch_norm()) {
    const ChannelAffine affine = BatchNormAffine(weights.norm_xca);
    scale_ = context.PackChannels(affine.scale);
    shift_ = context.PackChannels(affine.shift);
  }
  if (weights.positional_projection.has_value()) {
    const Tensor code = PositionalCode(map.height, map.width, *weights.positional_projection);
    auto* packed = static_cast<float*>(context.memory->Allocate(map.floats() * sizeof(float)));  // zeroed
    const auto channels = static_cast<size_t>(map.channels);
    for (size_t token = 0; token < static_cast<size_t>(map.tokens()); ++token) {
      std::copy_n(code.values.data() + token * channels, channels, packed + token * map.stride_floats());
    }
    code_ = packed;
  }
  BufferSizes::Raise(&context.sizes.map_floats, map.floats());
}

void SdtaEncoder::AppendTo(Program& program, const Buffers& buffers, const float* x, float* out) const {
  AppendCascade(program, buffers, x);
  Program::Step tokens = Program::Over(map_);
  tokens.ops.push_back({OpKind::kElementwise, [this, x, y = buffers.tokens](Band band, const BandScratch&) {
                          FinishTokens(band, x, y);
                        }});
  xca_.AppendTo(program, std::move(tokens), buffers);
  Program::Step step = Program::Over(map_);
  xca_.AppendResidualTo(&step.ops, buffers);
  mlp_.AppendTo(&step.ops, buffers.tokens, x, out);
  program.Append(std::move(step));
}

void SdtaEncoder::AppendCascade(Program& program, const Buffers& buffers, const float* x) const {
  float* y = buffers.tokens;
  // A convolution needs neighbouring rows of the one before it, so each is a step.
  for (size_t chunk = 0; chunk < cascade_.size(); ++chunk) {
    const size_t first = chunk * static_cast<size_t>(chunk_width_);
    const float* before = chunk > 0 ? y + first - static_cast<size_t>(chunk_width_) : nullptr;
    Program::Step step = Program::Over(map_);
    step.ops.push_back({OpKind::kDepthwise,
                        [=](Band band, const BandScratch&) {
                          kernels::DepthwiseArguments arguments =
                              cascade_[chunk].Arguments(band.first, band.count);
                          arguments.in = x + first;
                          arguments.in_stride = map_.stride_floats();
                          arguments.addend = before;
                          arguments.addend_stride = map_.stride_floats();
                          arguments.out = y + first + map_.Offset(band);
                          arguments.out_stride = map_.stride_floats();
                          arguments.write_padding = false;
                          cascade_[chunk].Run(arguments);
                        },
                        cascade_[chunk].TokenMacs(map_.tokens())});
    program.Append(std::move(step));
  }
}

// The last chunk, the BatchNorm and the positional code.
void SdtaEncoder::FinishTokens(Band band, const float* x, float* y) const {
  const size_t stride = map_.stride_floats();
  const size_t convolved = cascade_.size() * static_cast<size_t>(chunk_width_);
  const size_t offset = map_.Offset(band);
  const float* code = code_ == nullptr ? nullptr : code_ + offset;
  x += offset;
  y += offset;
  for (int token = 0; token < map_.Tokens(band); ++token, x += stride, y += stride) {
    std::copy(x + convolved, x + stride, y + convolved);  // with the zero lanes
    if (scale_ != nullptr) {
      for (size_t c = 0; c < stride; ++c) y[c] = y[c] * scale_[c] + shift_[c];
    }
    if (code != nullptr) {
      for (size_t c = 0; c < stride; ++c) y[c] += code[c];
      code += stride;
    }
  }
}

}  // namespace edgenext::fused
