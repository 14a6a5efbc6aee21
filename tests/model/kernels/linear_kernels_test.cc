// linear, mlp, layer_norm and convert of every table and precision, against float64 loops written from the
// formulas.

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "model/kernels/kernels.h"
#include "model/kernels/maps.h"
#include "tests/model/kernels/supported_tables.h"

namespace edgenext::kernels {
namespace {

constexpr float kEpsilon = 1e-6f;

// The largest error of the polynomials of gelu_tables.h, with what float32 adds.
double GeluError(Precision precision) { return precision == Precision::kBf16 ? 1e-4 : 3e-7; }
// Half a unit in the last place of a number near 1.
constexpr double kRoundF32 = FLT_EPSILON / 2;
constexpr double kRoundBf16 = 1.0 / 256;

struct Named {
  std::string name;
  const LinearKernels* kernels;
};

std::vector<Named> AllLinearKernels() {
  std::vector<Named> all;
  for (const KernelTable* table : SupportedTables()) {
    all.push_back({std::string(IsaName(table->isa)) + "_f32", table->linear});
    const LinearKernels* bf16 = FindBf16Kernels(table->isa);
    if (bf16 != nullptr) all.push_back({std::string(IsaName(table->isa)) + "_bf16", bf16});
  }
  return all;
}

// Heap memory of exactly `bytes`, aligned to 64 bytes and then moved on by `misalignment`.
class Buffer {
 public:
  explicit Buffer(size_t bytes, size_t misalignment = 0) : bytes_(bytes) {
    EXPECT_EQ(posix_memalign(&memory_, 64, bytes + misalignment), 0);
    start_ = static_cast<char*>(memory_) + misalignment;
    std::memset(start_, 0xff, bytes);  // NaN in every format
  }
  ~Buffer() { std::free(memory_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() { return start_; }
  float* floats() { return reinterpret_cast<float*>(start_); }
  size_t size_bytes() const { return bytes_; }

 private:
  void* memory_ = nullptr;
  char* start_ = nullptr;
  size_t bytes_;
};

// The factor that a kernel works with for a float: itself, or rounded to bfloat16 by arithmetic.
double AsFactor(const LinearKernels& kernels, float value) {
  if (kernels.precision == Precision::kF32 || value == 0.0f) return double{value};
  int exponent;
  std::frexp(value, &exponent);
  const double unit = std::ldexp(1.0, exponent - 8);
  return std::nearbyint(double{value} / unit) * unit;
}

double ReadFactor(const LinearKernels& kernels, const void* row, size_t index) {
  if (kernels.precision == Precision::kF32) return double{static_cast<const float*>(row)[index]};
  const uint32_t bits = uint32_t{static_cast<const uint16_t*>(row)[index]} << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return double{value};
}

std::vector<float> Normal(size_t size, float deviation, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> values(size);
  for (float& value : values) value = normal(random);
  return values;
}

// A linear layer, packed for some kernels, and what it computes in float64.
class Layer {
 public:
  Layer(const LinearKernels& kernels, int inputs, int outputs, uint32_t seed, ActivationScale before = {1, 1},
        ActivationScale after = {1, 1})
      : kernels_(kernels),
        inputs_(static_cast<size_t>(inputs)),
        outputs_(static_cast<size_t>(outputs)),
        weight_(Normal(inputs_ * outputs_, 1.0f / std::sqrt(static_cast<float>(inputs)), seed)),
        bias_(Normal(outputs_, 0.5f, seed + 1)),
        packed_(PackedLinearBytes(kernels, inputs, outputs)),
        packed_bias_(static_cast<size_t>(PaddedChannels(outputs)) * sizeof(float)) {
    // Scaled as the contract of ActivationScale asks for. The reference uses what was packed, scaled back.
    for (float& w : weight_) w = static_cast<float>(double{w} * after.input / before.output);
    for (float& b : bias_) b = static_cast<float>(double{b} * after.input);
    weight_scale_ = before.output / after.input;
    bias_scale_ = 1.0 / after.input;
    PackLinear(kernels, weight_.data(), inputs, outputs, packed_.data());
    for (size_t o = 0; o < packed_bias_.size_bytes() / sizeof(float); ++o) {
      packed_bias_.floats()[o] = o < outputs_ ? bias_[o] : 0.0f;
    }
  }

  PackedLinear packed() {
    return {packed_.data(), packed_bias_.floats(), static_cast<int>(inputs_), static_cast<int>(outputs_)};
  }

  double Weight(size_t o, size_t i) const {
    return AsFactor(kernels_, weight_[o * inputs_ + i]) * weight_scale_;
  }

  struct Sum {
    double value;
    double largest;  // of the partial sums: what rounds in float32
  };
  // bias + weight * in, then + residual, for one output.
  Sum Output(size_t o, const std::vector<double>& in, double residual) const {
    Sum sum = {double{bias_[o]} * bias_scale_, 0.0};
    sum.largest = std::abs(sum.value);
    for (size_t i = 0; i < inputs_; ++i) {
      sum.value += Weight(o, i) * in[i];
      sum.largest = std::max(sum.largest, std::abs(sum.value));
    }
    sum.value += residual;
    return sum;
  }

  // What the roundings of a sum come to: one a term, adding up like a random walk, of which four
  // deviations; and that of the result.
  double Tolerance(const Sum& sum) const {
    return 4 * kRoundF32 * std::sqrt(static_cast<double>(inputs_) + 2) * sum.largest +
           2 * kRoundF32 * std::abs(sum.value) + 1e-30;
  }

 private:
  const LinearKernels& kernels_;
  const size_t inputs_, outputs_;
  std::vector<float> weight_, bias_;
  double weight_scale_, bias_scale_;
  Buffer packed_, packed_bias_;
};

class LinearTest : public ::testing::TestWithParam<Named> {
 protected:
  const LinearKernels& kernels() const { return *GetParam().kernels; }

  // Factor rows of `values` ([rows, channels]) with a stride.
  void Fill(const std::vector<float>& values, int rows, int channels, size_t stride, Buffer* buffer) const {
    kernels().convert({values.data(), static_cast<size_t>(channels), rows, channels, buffer->data(), stride,
                       static_cast<int>(stride)});
  }
  std::vector<double> Factors(const std::vector<float>& values, size_t row, size_t channels) const {
    std::vector<double> factors(channels);
    for (size_t i = 0; i < channels; ++i) factors[i] = AsFactor(kernels(), values[row * channels + i]);
    return factors;
  }

  void CheckLinear(int rows, int inputs, int outputs, bool with_residual) {
    SCOPED_TRACE(::testing::Message()
                 << rows << " rows, " << inputs << " to " << outputs << ", residual " << with_residual);
    const auto r = static_cast<size_t>(rows), k = static_cast<size_t>(inputs);
    const auto padded = static_cast<size_t>(PaddedChannels(outputs));
    Layer layer(kernels(), inputs, outputs, 7);
    const std::vector<float> values = Normal(r * k, 1.0f, 3);
    Buffer in(r * k * kernels().factor_bytes);
    Fill(values, rows, inputs, k, &in);
    Buffer out(r * padded * sizeof(float));
    std::vector<float> residual(r * padded, 0.0f);
    if (with_residual) {
      const std::vector<float> random = Normal(r * padded, 2.0f, 5);
      for (size_t i = 0; i < residual.size(); ++i) {
        if (i % padded < static_cast<size_t>(outputs)) residual[i] = random[i];
      }
      std::copy(residual.begin(), residual.end(), out.floats());  // in place
    }
    kernels().linear({in.data(), k, rows, layer.packed(), with_residual ? out.floats() : nullptr, padded,
                      out.floats(), padded});
    for (size_t row = 0; row < r; ++row) {
      const std::vector<double> x = Factors(values, row, k);
      for (size_t o = 0; o < padded; ++o) {
        const float got = out.floats()[row * padded + o];
        if (o >= static_cast<size_t>(outputs)) {
          ASSERT_EQ(got, 0.0f) << "padding " << o << " of row " << row;
          continue;
        }
        const Layer::Sum expected = layer.Output(o, x, double{residual[row * padded + o]});
        ASSERT_NEAR(double{got}, expected.value, layer.Tolerance(expected))
            << "row " << row << " output " << o;
      }
    }
  }

  static double Exact(Activation activation, double x) {
    return activation == Activation::kGelu ? x / 2 * std::erfc(-x / std::sqrt(2.0))
                                           : x * std::min(std::max(x + 3, 0.0), 6.0) / 6;
  }

  void CheckMlp(int rows, int channels, Activation activation) {
    SCOPED_TRACE(::testing::Message()
                 << rows << " rows of " << channels << ", activation " << static_cast<int>(activation));
    const auto r = static_cast<size_t>(rows), k = static_cast<size_t>(channels);
    const auto stride = static_cast<size_t>(PaddedChannels(channels));
    const ActivationScale scale = activation == Activation::kGelu ? kernels().gelu : kernels().hardswish;
    Layer fc1(kernels(), channels, 4 * channels, 11, {1, 1}, scale);
    Layer fc2(kernels(), 4 * channels, channels, 13, scale, {1, 1});
    const std::vector<float> values = Normal(r * k, 1.5f, 3);
    std::vector<float> residual(r * stride, 0.0f);
    const std::vector<float> random = Normal(r * k, 2.0f, 5);
    for (size_t i = 0; i < r * k; ++i) residual[i / k * stride + i % k] = random[i];

    Buffer in(r * stride * kernels().factor_bytes), out(r * stride * sizeof(float));
    Buffer scratch(MlpScratchBytes(4 * channels));
    Fill(values, rows, channels, stride, &in);
    kernels().mlp({in.data(), stride, rows, fc1.packed(), fc2.packed(), activation, residual.data(), stride,
                   out.floats(), stride, scratch.data()});

    const bool bf16 = kernels().precision == Precision::kBf16;
    // Of the activation itself: gelu_tables.h; Hard-Swish takes a few roundings of its result.
    const double activation_error = activation == Activation::kGelu ? GeluError(kernels().precision) : 0.0;
    for (size_t row = 0; row < r; ++row) {
      const std::vector<double> x = Factors(values, row, k);
      std::vector<double> hidden(4 * k), hidden_error(4 * k);
      for (size_t o = 0; o < 4 * k; ++o) {
        const Layer::Sum sum = fc1.Output(o, x, 0.0);
        hidden[o] = Exact(activation, sum.value);
        hidden_error[o] =
            1.2 * fc1.Tolerance(sum) + std::abs(hidden[o]) * (bf16 ? kRoundBf16 : 4 * kRoundF32);
      }
      for (size_t o = 0; o < stride; ++o) {
        const float got = out.floats()[row * stride + o];
        if (o >= k) {
          ASSERT_EQ(got, 0.0f) << "padding " << o << " of row " << row;
          continue;
        }
        const Layer::Sum expected = fc2.Output(o, hidden, double{residual[row * stride + o]});
        double squares = 0.0, weights = 0.0;
        for (size_t i = 0; i < 4 * k; ++i) {
          const double error = fc2.Weight(o, i) * hidden_error[i];
          squares += error * error;
          weights += std::abs(fc2.Weight(o, i));
        }
        const double tolerance =
            fc2.Tolerance(expected) + 4 * std::sqrt(squares) + activation_error * weights;
        ASSERT_NEAR(double{got}, expected.value, tolerance) << "row " << row << " output " << o;
      }
    }
  }

  struct Error {
    double largest = 0.0;  // beyond the rounding to a factor
    double root_mean_square = 0.0;
  };
  // Of rows with an offset common to all channels, in standard deviations.
  Error LayerNormError(int rows, int channels, int lanes, double offset, size_t misalignment) {
    const auto r = static_cast<size_t>(rows), k = static_cast<size_t>(channels);
    const std::vector<float> random = Normal(r * k, 1.0f, static_cast<uint32_t>(channels));
    Buffer in(r * k * sizeof(float), misalignment);
    for (size_t i = 0; i < r * k; ++i) in.floats()[i] = random[i] + static_cast<float>(offset);
    const auto stride = static_cast<size_t>(lanes);
    Buffer out(r * stride * kernels().factor_bytes, misalignment);
    kernels().layer_norm(
        {in.floats(), k, rows, channels, kEpsilon, nullptr, nullptr, out.data(), stride, lanes});
    Error error;
    double squares = 0.0;
    for (size_t row = 0; row < r; ++row) {
      const float* x = in.floats() + row * k;
      double mean = 0.0, variance = 0.0;
      for (size_t i = 0; i < k; ++i) mean += double{x[i]} / channels;
      for (size_t i = 0; i < k; ++i) variance += (double{x[i]} - mean) * (double{x[i]} - mean) / channels;
      const double deviation = std::sqrt(variance + double{kEpsilon});
      for (size_t i = 0; i < stride; ++i) {
        const double got = ReadFactor(kernels(), out.data(), row * stride + i);
        if (i >= k) {
          EXPECT_EQ(got, 0.0) << "lane " << i << " of row " << row;
          continue;
        }
        const double expected = (double{x[i]} - mean) / deviation;
        const double rounding =
            kernels().precision == Precision::kBf16 ? std::abs(expected) * 1.01 * kRoundBf16 : 0.0;
        error.largest = std::max(error.largest, std::abs(got - expected) - rounding);
        squares += (got - expected) * (got - expected);
      }
    }
    error.root_mean_square = std::sqrt(squares / static_cast<double>(r * k));
    return error;
  }
};

TEST_P(LinearTest, LinearOfEveryNumberOfRows) {
  for (int rows = 0; rows <= 19; ++rows) CheckLinear(rows, 24, 50, rows % 2 == 0);
}

TEST_P(LinearTest, LinearOfEveryWidth) {
  for (int outputs = 1; outputs <= 100; ++outputs) CheckLinear(9, 10, outputs, outputs % 2 == 0);
}

TEST_P(LinearTest, LinearOfEveryDepth) {
  for (int inputs = 2; inputs <= 40; inputs += 2) CheckLinear(8, inputs, 48, true);
}

TEST_P(LinearTest, LinearOfTheNetworks) {
  CheckLinear(65, 88, 3 * 88, false);
  CheckLinear(49, 160, 480, false);
  CheckLinear(16, 4 * 304, 584, false);
  CheckLinear(64, 168, 168, true);
}

TEST_P(LinearTest, MlpOfTheNetworks) {
  for (const int channels : {24, 32, 48, 64, 80, 88, 96, 100, 160, 168, 192, 288, 304, 384}) {
    CheckMlp(17, channels, Activation::kGelu);
    CheckMlp(17, channels, Activation::kHardswish);
  }
  CheckMlp(8, 584, Activation::kGelu);
}

TEST_P(LinearTest, MlpOfEveryNumberOfRows) {
  for (int rows = 0; rows <= 20; ++rows) CheckMlp(rows, 24, Activation::kGelu);
}

TEST_P(LinearTest, MlpOfFewChannels) {
  for (int channels = 4; channels <= 44; channels += 4) CheckMlp(9, channels, Activation::kGelu);
}

// The activation alone: one input that sweeps the line, weights of one, and a second layer that hands on.
TEST_P(LinearTest, ActivationsAtEveryArgument) {
  constexpr int kHidden = 16, kRows = 4096;
  for (const Activation activation : {Activation::kGelu, Activation::kHardswish}) {
    const bool gelu = activation == Activation::kGelu;
    const ActivationScale scale = gelu ? kernels().gelu : kernels().hardswish;
    // A bias makes the argument, because it is float32 in every precision.
    const size_t factor_bytes = kernels().factor_bytes;
    std::vector<float> zeros1(2 * kHidden, 0.0f), ones(kHidden, 0.0f);
    ones[0] = 1.0f;
    Buffer packed1(PackedLinearBytes(kernels(), 2, kHidden)),
        packed2(PackedLinearBytes(kernels(), kHidden, 1));
    PackLinear(kernels(), zeros1.data(), 2, kHidden, packed1.data());
    PackLinear(kernels(), ones.data(), kHidden, 1, packed2.data());
    Buffer in(2 * factor_bytes), out(16 * sizeof(float)), scratch(MlpScratchBytes(kHidden));
    std::memset(in.data(), 0, in.size_bytes());
    const std::vector<float> zeros(16, 0.0f);
    for (int i = 0; i <= kRows; ++i) {
      const double x = -12.0 + 24.0 * i / kRows;
      Buffer bias(16 * sizeof(float));
      std::fill_n(bias.floats(), 16, 0.0f);
      bias.floats()[0] = static_cast<float>(x * scale.input);
      const double argument = double{bias.floats()[0]} / scale.input;
      Buffer bias2(16 * sizeof(float));
      std::fill_n(bias2.floats(), 16, 0.0f);
      kernels().mlp({in.data(),
                     2,
                     1,
                     {packed1.data(), bias.floats(), 2, kHidden},
                     {packed2.data(), bias2.floats(), kHidden, 1},
                     activation,
                     zeros.data(),
                     16,
                     out.floats(),
                     16,
                     scratch.data()});
      const double expected = Exact(activation, argument);
      const bool bf16 = kernels().precision == Precision::kBf16;
      const double error = gelu ? GeluError(kernels().precision) : 0.0;
      const double rounding = std::abs(expected) * (bf16 ? kRoundBf16 : 4 * kRoundF32) + 1e-30;
      ASSERT_NEAR(double{out.floats()[0]} / scale.output, expected, error + 1.02 * rounding)
          << "at " << argument;
    }
  }
}

TEST_P(LinearTest, LayerNormOfEveryTail) {
  for (int channels = 2; channels <= 70; ++channels) {
    const double tolerance = 8 * FLT_EPSILON * 4;
    EXPECT_LE(LayerNormError(5, channels, channels, 0.0, 0).largest, tolerance) << channels;
    EXPECT_LE(LayerNormError(19, channels, PaddedChannels(channels) + 16, 0.0, 4).largest, tolerance)
        << channels;
  }
}

// An offset that all channels share is subtracted before anything is squared or rounded to bfloat16.
TEST_P(LinearTest, LayerNormTakesOffsetsOut) {
  const auto error = [this](int channels, double offset) {
    return LayerNormError(64, channels, PaddedChannels(channels), offset, 0).root_mean_square;
  };
  for (const int channels : {24, 48, 96, 160, 304}) {
    SCOPED_TRACE(channels);
    if (kernels().precision == Precision::kF32) {
      // Mostly the rounding of the mean, which grows with the offset.
      EXPECT_LE(error(channels, 5), 8e-7);
      EXPECT_LE(error(channels, 20), 2.5e-6);
      EXPECT_LE(error(channels, 100), 1.4e-5);
    } else {
      EXPECT_LE(error(channels, 3), 1.2 * error(channels, 0));
      EXPECT_LE(error(channels, 20), 1.2 * error(channels, 0));
    }
  }
}

TEST_P(LinearTest, LayerNormInPlaceGivesTheSame) {
  if (kernels().precision != Precision::kF32) return;  // rows of another size
  const std::vector<float> values = Normal(64 * 96, 1.0f, 9);
  std::vector<float> in_place = values, out(values.size());
  kernels().layer_norm({values.data(), 96, 64, 88, kEpsilon, nullptr, nullptr, out.data(), 96, 96});
  kernels().layer_norm({in_place.data(), 96, 64, 88, kEpsilon, nullptr, nullptr, in_place.data(), 96, 96});
  EXPECT_EQ(in_place, out);
}

INSTANTIATE_TEST_SUITE_P(Tables, LinearTest, ::testing::ValuesIn(AllLinearKernels()),
                         [](const auto& named) { return named.param.name; });

}  // namespace
}  // namespace edgenext::kernels
