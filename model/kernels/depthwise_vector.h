#ifndef MODEL_KERNELS_DEPTHWISE_VECTOR_H_
#define MODEL_KERNELS_DEPTHWISE_VECTOR_H_

#include <cstddef>

#include "model/kernels/depthwise.h"

namespace edgenext::kernels {
namespace {

// What a depthwise convolution reads, which its code is compiled for.
enum class DepthwiseInput {
  kPlain,
  kSum,      // of two maps
  kDoubled,  // with stride 2: each input channel twice
};

// The convolution of one register of channels, for a vector type `V` (vector_avx2.h, vector_avx512.h).
//
// A tile of some outputs in a row stays in registers over all taps. So does each row of the kernel in its
// turn, or a part of it, and every input under it is loaded once and added to the outputs that it
// reaches: with the tile unrolled, the compiler knows which these are. Inputs outside the image are left out
// with all their taps. Every output adds its taps in the order of the kernel.
template <typename V, DepthwiseInput kInput, ptrdiff_t kKernel>
class DepthwiseChannels {
 public:
  // `channel` is the first of the register's channels, a multiple of V::kLanes.
  DepthwiseChannels(const DepthwiseArguments& arguments, ptrdiff_t channel)
      : a_(arguments),
        out_width_((a_.width + kStride - 1) / kStride),
        channels_(Smaller(a_.channels - channel, kLanes)),
        lanes_(V::FirstLanes(static_cast<size_t>(channels_))),
        in_lanes_(V::FirstLanes(static_cast<size_t>((channels_ + kStride - 1) / kStride))),
        in_stride_(static_cast<ptrdiff_t>(a_.in_stride)),
        addend_stride_(static_cast<ptrdiff_t>(a_.addend_stride)),
        in_(a_.in + channel / kStride),
        addend_(kInput == DepthwiseInput::kSum ? a_.addend + channel : nullptr),
        weight_(a_.weight + channel / kDepthwiseBlock * kKernel * kKernel * kDepthwiseBlock +
                channel % kDepthwiseBlock),
        bias_(a_.bias + channel),
        pixel_bias_(a_.pixel_bias != nullptr ? a_.pixel_bias + channel : nullptr),
        out_(a_.out + channel) {}

  void Run() const {
    for (ptrdiff_t row = a_.first_row; row < ptrdiff_t{a_.first_row} + a_.rows; ++row) RunRow(row);
  }

 private:
  using Register = typename V::Register;
  using Mask = typename V::Mask;

  static constexpr ptrdiff_t kLanes = static_cast<ptrdiff_t>(V::kLanes);
  static constexpr ptrdiff_t kStride = kInput == DepthwiseInput::kDoubled ? 2 : 1;
  static constexpr ptrdiff_t kPadding = kKernel / 2;
  // Eight sums hide the latency of the additions. Few taps leave registers for more, and with more the start
  // of a tile weighs less.
  static constexpr ptrdiff_t kMaxPixels = kKernel == 3 ? V::kDepthwisePixels : 8;

  // The outputs of a tile.
  template <ptrdiff_t kPixels>
  struct Tile {
    Register sums[static_cast<size_t>(kPixels)];
  };

  // The inputs under a tile in one row of the image, counted from the one under the first tap of the first
  // output: those from `first` up to `end` are in the image.
  struct Columns {
    ptrdiff_t left;  // where that one is in the image
    ptrdiff_t first, end;
  };

  // A pixel of the inputs: floats after in_ and addend_, which may lie outside the image.
  struct Cursor {
    ptrdiff_t in, addend;
  };

  static ptrdiff_t Smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

  // In tiles of about equal width.
  void RunRow(ptrdiff_t row) const {
    const ptrdiff_t tiles = (out_width_ + kMaxPixels - 1) / kMaxPixels;
    for (ptrdiff_t tile = 0, x = 0; tile < tiles; ++tile) {
      const ptrdiff_t pixels = (out_width_ - x) / (tiles - tile);
      RunPixels(pixels, row, x);
      x += pixels;
    }
  }

  // RunTile for a number of pixels, at most kPixels, that is known only now.
  template <ptrdiff_t kPixels = kMaxPixels>
  void RunPixels(ptrdiff_t pixels, ptrdiff_t row, ptrdiff_t x) const {
    if (pixels == kPixels) {
      RunTile<kPixels>(row, x);
    } else if constexpr (kPixels > 1) {
      RunPixels<kPixels - 1>(pixels, row, x);
    }
  }

  template <ptrdiff_t kPixels>
  [[gnu::noinline]] void RunTile(ptrdiff_t row, ptrdiff_t x) const {
    Tile<kPixels> tile;
    Start(row, x, tile);
    const ptrdiff_t top = row * kStride - kPadding;  // the input row under the kernel's first
    const ptrdiff_t left = x * kStride - kPadding;
    const Columns columns = {left, -left, a_.width - left};
    const ptrdiff_t end = Smaller(kKernel, a_.height - top);
    for (ptrdiff_t i = top < 0 ? -top : 0; i < end; ++i) {
      AddTaps<0>(weight_ + i * kKernel * kDepthwiseBlock, top + i, columns, tile);
    }
    Finish(row, x, tile);
  }

  template <ptrdiff_t kPixels>
  [[gnu::always_inline]] void Start(ptrdiff_t row, ptrdiff_t x, Tile<kPixels>& tile) const {
    const Register bias = V::Load(bias_);
#pragma GCC unroll 16
    for (ptrdiff_t p = 0; p < kPixels; ++p) tile.sums[p] = bias;
    if (pixel_bias_ == nullptr) return;
    const ptrdiff_t stride = static_cast<ptrdiff_t>(a_.pixel_bias_stride);
    const float* from = pixel_bias_ + (row * out_width_ + x) * stride;
#pragma GCC unroll 16
    for (ptrdiff_t p = 0; p < kPixels; ++p) {
      tile.sums[p] = V::Add(tile.sums[p], V::Load(from + p * stride, lanes_));
    }
  }

  // The taps of one row of the kernel, from kTap on, as many at a time as registers are kept for, over row y
  // of the image.
  template <ptrdiff_t kTap, ptrdiff_t kPixels>
  [[gnu::always_inline]] void AddTaps(const float* weight, ptrdiff_t y, const Columns& columns,
                                      Tile<kPixels>& tile) const {
    constexpr ptrdiff_t kGroups = (kKernel - kTap + V::kDepthwiseTaps - 1) / V::kDepthwiseTaps;
    constexpr ptrdiff_t kTaps = (kKernel - kTap) / kGroups;
    constexpr ptrdiff_t kReach = kStride * (kPixels - 1);  // from the first output's inputs to the last's
    Register taps[static_cast<size_t>(kTaps)];
#pragma GCC unroll 16
    for (ptrdiff_t j = 0; j < kTaps; ++j) taps[j] = V::Load(weight + (kTap + j) * kDepthwiseBlock);
    Cursor at = CursorAt(y * a_.width + columns.left + kTap);
#pragma GCC unroll 64
    for (ptrdiff_t i = kTap; i < kTap + kTaps + kReach; ++i, Advance(at)) {
      if (i < kPadding && i < columns.first) continue;
      if (i > kPadding + kReach && i >= columns.end) continue;
      const Register x = LoadInput(at);
#pragma GCC unroll 16
      for (ptrdiff_t p = 0; p < kPixels; ++p) {
        const ptrdiff_t tap = i - kStride * p - kTap;
        if (tap >= 0 && tap < kTaps) tile.sums[p] = V::MultiplyAdd(x, taps[tap], tile.sums[p]);
      }
    }
    if constexpr (kTap + kTaps < kKernel) AddTaps<kTap + kTaps>(weight, y, columns, tile);
  }

  [[gnu::always_inline]] Cursor CursorAt(ptrdiff_t pixel) const {
    return {pixel * in_stride_, kInput == DepthwiseInput::kSum ? pixel * addend_stride_ : 0};
  }
  [[gnu::always_inline]] void Advance(Cursor& at) const {
    at.in += in_stride_;
    if constexpr (kInput == DepthwiseInput::kSum) at.addend += addend_stride_;
  }
  [[gnu::always_inline]] Register LoadInput(const Cursor& at) const {
    const Register x = V::Load(in_ + at.in, in_lanes_);
    if constexpr (kInput == DepthwiseInput::kDoubled) return V::DoubleLanes(x);
    if constexpr (kInput == DepthwiseInput::kSum) return V::Add(x, V::Load(addend_ + at.addend, in_lanes_));
    return x;
  }

  template <ptrdiff_t kPixels>
  [[gnu::always_inline]] void Finish(ptrdiff_t row, ptrdiff_t x, const Tile<kPixels>& tile) const {
    const ptrdiff_t stride = static_cast<ptrdiff_t>(a_.out_stride);
    float* to = out_ + ((row - a_.first_row) * out_width_ + x) * stride;
    const bool whole = channels_ == kLanes || a_.write_padding;
#pragma GCC unroll 16
    for (ptrdiff_t p = 0; p < kPixels; ++p) {
      if (whole) {
        V::Store(to + p * stride, tile.sums[p]);
      } else {
        V::Store(to + p * stride, tile.sums[p], lanes_);
      }
    }
  }

  const DepthwiseArguments& a_;
  const ptrdiff_t out_width_;
  const ptrdiff_t channels_;  // in the register
  const Mask lanes_;          // theirs
  const Mask in_lanes_;       // of the inputs
  const ptrdiff_t in_stride_;
  const ptrdiff_t addend_stride_;
  // Where the register's channels begin.
  const float* const in_;
  const float* const addend_;
  const float* const weight_;
  const float* const bias_;
  const float* const pixel_bias_;
  float* const out_;
};

// Depthwise convolution with the registers of `V`.
template <typename V>
class VectorDepthwise {
 public:
  explicit VectorDepthwise(const DepthwiseArguments& arguments) : a_(arguments) {}

  void Run() const {
    if (a_.stride == 2) {
      RunInput<DepthwiseInput::kDoubled>();
    } else if (a_.addend != nullptr) {
      RunInput<DepthwiseInput::kSum>();
    } else {
      RunInput<DepthwiseInput::kPlain>();
    }
    if (a_.write_padding) ClearUnusedRegisters();
  }

 private:
  static constexpr ptrdiff_t kLanes = static_cast<ptrdiff_t>(V::kLanes);

  template <DepthwiseInput kInput>
  void RunInput() const {
    switch (a_.kernel) {
      case 3:
        return RunKernel<kInput, 3>();
      case 5:
        return RunKernel<kInput, 5>();
      case 7:
        return RunKernel<kInput, 7>();
      case 9:
        return RunKernel<kInput, 9>();
    }
  }

  template <DepthwiseInput kInput, ptrdiff_t kKernel>
  void RunKernel() const {
    for (ptrdiff_t channel = 0; channel < a_.channels; channel += kLanes) {
      DepthwiseChannels<V, kInput, kKernel>(a_, channel).Run();
    }
  }

  // Those of the last block that no channel lies in.
  void ClearUnusedRegisters() const {
    const ptrdiff_t first = (a_.channels + kLanes - 1) / kLanes * kLanes;
    const ptrdiff_t end = (a_.channels + kDepthwiseBlock - 1) / kDepthwiseBlock * kDepthwiseBlock;
    const ptrdiff_t pixels = (a_.width + a_.stride - 1) / a_.stride * ptrdiff_t{a_.rows};
    for (ptrdiff_t channel = first; channel < end; channel += kLanes) {
      float* out = a_.out + channel;
      for (ptrdiff_t pixel = 0; pixel < pixels; ++pixel, out += a_.out_stride) V::Store(out, V::Zero());
    }
  }

  const DepthwiseArguments& a_;
};

}  // namespace
}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_DEPTHWISE_VECTOR_H_
