#ifndef MODEL_KERNELS_DEPTHWISE_H_
#define MODEL_KERNELS_DEPTHWISE_H_

#include <cstddef>

namespace edgenext::kernels {

// Channels are packed and padded in blocks of this many.
inline constexpr int kDepthwiseBlock = 16;

// Depthwise convolution of one image, or of some rows of it. With p = kernel / 2 and zeros around the input,
//   out[y, x, c] = bias[c] + pixel_bias[y, x, c]
//                + sum over i, j < kernel of weight[c, i, j] * sum[y * stride + i - p, x * stride + j - p, s]
// where sum = in + addend and s = c / stride: with stride 1 each channel sees its own, with stride 2 an input
// channel feeds two outputs. A result does not depend on which other rows are computed in the same call, bit
// for bit.
//
// Maps are [height, width] pixels, each so many floats after the last, and may be ranges of channels inside
// wider maps, at any offset: no lane beyond the range is read, and only padding is written, if that is asked
// for. `out` overlaps no input.
struct DepthwiseArguments {
  const float* in;           // [height, width, in_stride], of which channels / stride, rounded up, are read
  size_t in_stride;          // floats from pixel to pixel, as are the other strides
  const float* addend;       // [height, width, addend_stride], or null: a second input, with stride 1 only
  size_t addend_stride;      //
  const float* weight;       // packed by PackDepthwise
  const float* bias;         // [channels], padded to whole blocks with zeros
  const float* pixel_bias;   // [out height, out width, pixel_bias_stride], or null
  size_t pixel_bias_stride;  //
  int height, width;         // of the inputs, >= 1; of the output these divided by stride, rounded up
  int channels;              // of the output, >= 1
  int kernel;                // 3, 5, 7 or 9
  int stride;                // 1 or 2
  int first_row, rows;       // of the output, what is to be computed
  float* out;                // [rows, out width, out_stride]: begins at row first_row
  size_t out_stride;
  bool write_padding;  // whether the lanes from channels to the end of their block are written, as zeros
};

// The floats that PackDepthwise writes.
size_t PackedDepthwiseFloats(int channels, int kernel);

// weight [channels, kernel, kernel] to packed [blocks, kernel, kernel, kDepthwiseBlock], zero beyond
// channels.
void PackDepthwise(const float* weight, int channels, int kernel, float* packed);

}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_DEPTHWISE_H_
