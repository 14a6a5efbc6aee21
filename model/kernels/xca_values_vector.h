#ifndef MODEL_KERNELS_XCA_VALUES_VECTOR_H_
#define MODEL_KERNELS_XCA_VALUES_VECTOR_H_

#include <cstddef>

#include "model/kernels/maps.h"
#include "model/kernels/small_matmul.h"
#include "model/kernels/xca.h"

namespace edgenext::kernels {
namespace {

// XcaApplyArguments for a vector type `V`, a block of tokens at a time: the heads share its cache lines.
template <typename V>
void VectorXcaApply(const XcaApplyArguments& arguments) {
  constexpr size_t kTokenBlock = 64;
  const size_t tokens = static_cast<size_t>(arguments.shape.tokens);
  const size_t dim = static_cast<size_t>(arguments.shape.head_dim);
  const size_t padded_dim = XcaPaddedDim(arguments.shape.head_dim);
  const size_t channels = static_cast<size_t>(arguments.shape.channels());
  for (size_t first = 0; first < tokens; first += kTokenBlock) {
    const size_t count = tokens - first < kTokenBlock ? tokens - first : kTokenBlock;
    const float* value = arguments.value + first * arguments.token_stride;
    float* out = arguments.out + first * arguments.out_stride;
    for (size_t c = 0; c < channels; c += dim) {
      Multiply<V, Layout::kRowMajor, false>({value + c, arguments.token_stride,
                                             arguments.attention + c * padded_dim, padded_dim, out + c,
                                             arguments.out_stride, count, dim, dim});
    }
    for (size_t t = 0; t < count; ++t, out += arguments.out_stride) {
      for (size_t c = channels; c < arguments.out_stride; ++c) out[c] = 0.0f;
    }
  }
}

// XcaFoldArguments for a vector type `V`.
template <typename V>
class VectorXcaFold {
 public:
  explicit VectorXcaFold(const XcaFoldArguments& arguments)
      : arguments_(arguments),
        dim_(static_cast<size_t>(arguments.shape.head_dim)),
        padded_dim_(XcaPaddedDim(arguments.shape.head_dim)),
        channels_(static_cast<size_t>(arguments.shape.channels())),
        lanes_(static_cast<size_t>(PaddedChannels(arguments.shape.channels()))),
        panel_(static_cast<size_t>(arguments.panel)),
        mixed_weight_(arguments.scratch),
        mixed_bias_(mixed_weight_ + channels_ * lanes_) {}

  void Run() const {
    MixValues();
    for (size_t first = 0; first < channels_; first += panel_) WritePanel(first);
    VectorTimesMatrix<V>({mixed_bias_, arguments_.proj_weight, arguments_.stride, arguments_.proj_bias,
                          arguments_.bias, channels_, lanes_});
    for (size_t n = channels_; n < arguments_.stride; ++n) arguments_.bias[n] = 0.0f;
  }

 private:
  // A Wv and A bv, by heads.
  void MixValues() const {
    for (size_t c = 0; c < channels_; c += dim_) {
      const float* attention = arguments_.attention + c * padded_dim_;
      Multiply<V, Layout::kColumnMajor, false>(
          {attention, padded_dim_, arguments_.value_weight + c * arguments_.stride, arguments_.stride,
           mixed_weight_ + c * lanes_, lanes_, dim_, dim_, lanes_});
      Multiply<V, Layout::kRowMajor, false>({arguments_.value_bias + c, arguments_.stride, attention,
                                             padded_dim_, mixed_bias_ + c, lanes_, 1, dim_, dim_});
    }
  }

  // Outputs [first, first + panel) of every input channel.
  void WritePanel(size_t first) const {
    const size_t width = lanes_ - first < panel_ ? lanes_ - first : panel_;
    float* to = arguments_.weight + first * channels_;
    Multiply<V, Layout::kColumnMajor, false>({mixed_weight_, lanes_, arguments_.proj_weight + first,
                                              arguments_.stride, to, panel_, channels_, channels_, width});
    for (size_t i = 0; i < channels_; ++i, to += panel_) {
      for (size_t n = width; n < panel_; ++n) to[n] = 0.0f;
    }
  }

  const XcaFoldArguments& arguments_;
  const size_t dim_;
  const size_t padded_dim_;
  const size_t channels_;
  const size_t lanes_;  // channels, padded
  const size_t panel_;
  float* const mixed_weight_;  // [channels, lanes]: A Wv
  float* const mixed_bias_;    // [channels]: A bv
};

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_XCA_VALUES_VECTOR_H_
