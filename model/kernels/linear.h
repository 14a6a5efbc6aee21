#ifndef MODEL_KERNELS_LINEAR_H_
#define MODEL_KERNELS_LINEAR_H_

#include <cstddef>

namespace edgenext::kernels {

// The kernels that multiply rows by packed weights (GEMM). They come in precisions: of the factors only, the
// operands of multiplications, since sums, biases, residuals and results are always float32. Factors are
// float32, or bfloat16 (the upper half of a float32, rounded to nearest even). "Factor rows" below are rows
// of such values; strides count values.
enum class Precision { kF32, kBf16 };

// "f32", "bf16"
const char* PrecisionName(Precision precision);

// A linear layer, out[o] = bias[o] + sum over i of weight[o, i] * in[i].
struct PackedLinear {
  const void* weight;  // as PackLinear writes it, 64-byte-aligned
  const float* bias;   // [PaddedChannels(outputs)], zero beyond `outputs`, 64-byte-aligned
  int inputs;          // >= 1; even in bfloat16
  int outputs;         // >= 1
};

// LayerNorm over channels, Ba et al., "Layer Normalization", from rows of a map to factor rows: with mean m
// and biased variance v of a row,
//   out[c] = (in[c] - m) / sqrt(v + epsilon) [* weight[c] + bias[c]]
// The affine part can often go into the layer that follows. The variance is that of the centred values, and
// what is rounded to bfloat16 is the result, so that an offset common to all channels costs no digits.
struct LayerNormArguments {
  const float* in;
  size_t in_stride;
  int rows;      // >= 0
  int channels;  // >= 1
  float epsilon;
  const float* weight;  // [channels], or null for none; then `bias` is not read
  const float* bias;    // [channels]
  void* out;            // factor rows; in float32 may be `in` itself, with the same stride
  size_t out_stride;    // >= out_lanes
  int out_lanes;        // >= channels; what is written of a row, zero beyond `channels`
};

// Makes factor rows of rows of a map: as LayerNormArguments, with out[c] = in[c].
struct ConvertArguments {
  const float* in;
  size_t in_stride;
  int rows;
  int channels;
  void* out;
  size_t out_stride;
  int out_lanes;
};

// out[r] = (residual[r] +) layer(in[r]). All PaddedChannels(outputs) lanes of a row are written, and those of
// the residual are read: beyond `outputs` these must be zero, and so is what is written there.
struct LinearArguments {
  const void* in;  // factor rows
  size_t in_stride;
  int rows;  // >= 0
  PackedLinear layer;
  const float* residual;  // null for none; may be `out` itself, with the same stride
  size_t residual_stride;
  float* out;  // must not overlap `in`
  size_t out_stride;
};

enum class Activation {
  kGelu,       // x / 2 * (1 + erf(x / sqrt(2)))
  kHardswish,  // x * min(max(x + 3, 0), 6) / 6
};

// The factors with which kernels take and give values of an activation f: given `input` * x they compute
// `output` * f(x), which saves them multiplications. Whoever packs multiplies the weights and biases before
// by `input` and the weights after by 1 / `output`.
struct ActivationScale {
  double input;
  double output;
};

// out[r] = residual[r] + fc2(activation(fc1(in[r]))). The hidden values never leave the L1 cache.
struct MlpArguments {
  const void* in;  // factor rows
  size_t in_stride;
  int rows;  // >= 0
  PackedLinear fc1;
  PackedLinear fc2;  // inputs: fc1.outputs, a multiple of 16
  Activation activation;
  const float* residual;  // may be `out` itself, with the same stride
  size_t residual_stride;
  float* out;  // all PaddedChannels(fc2.outputs) lanes, as in LinearArguments; must not overlap `in`
  size_t out_stride;
  void* scratch;  // MlpScratchBytes(fc1.outputs) bytes, 64-byte-aligned
};

// Scratch that every implementation of the MLP needs at most.
size_t MlpScratchBytes(int hidden);

// The kernels of one precision and instruction set.
struct LinearKernels {
  Precision precision;
  size_t factor_bytes;  // 4 or 2
  int panel;            // outputs that are packed together
  ActivationScale gelu;
  ActivationScale hardswish;

  void (*layer_norm)(const LayerNormArguments& arguments);
  void (*convert)(const ConvertArguments& arguments);
  void (*linear)(const LinearArguments& arguments);
  void (*mlp)(const MlpArguments& arguments);
};

// Weights are packed in panels of `panel` outputs, [panels][inputs][panel], zero beyond the outputs; in
// bfloat16 the inputs go in pairs, [panels][inputs / 2][panel][2].
size_t PackedLinearBytes(const LinearKernels& kernels, int inputs, int outputs);
// `weight` is [outputs, inputs], dense; `packed` has PackedLinearBytes bytes.
void PackLinear(const LinearKernels& kernels, const float* weight, int inputs, int outputs, void* packed);

}  // namespace edgenext::kernels

#endif  // MODEL_KERNELS_LINEAR_H_
