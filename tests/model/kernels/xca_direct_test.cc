#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "model/kernels/kernels.h"
#include "tests/model/kernels/supported_tables.h"
#include "tests/model/kernels/xca_reference.h"

namespace edgenext::kernels {
namespace {

// Which of q, k, v a value belongs to, its token and its channel within the head.
struct Position {
  int part;
  int token;
  int channel;
};

void ExpectZeroBeyond(size_t columns, size_t stride, const Floats& matrix) {
  for (size_t i = 0; i < matrix.size(); ++i) {
    if (i % stride >= columns) {
      ASSERT_EQ(matrix[i], 0.0f) << i;
    }
  }
}

// One case: makes the input, runs scores and apply of a table, holds the result against float64. Rows of q,
// k, v and of the result are `gap` floats further apart than they need be.
class XcaTester {
 public:
  XcaTester(const XcaShape& shape, size_t misalignment, size_t gap)
      : shape_(shape),
        channels_(static_cast<size_t>(shape.channels())),
        token_stride_(3 * channels_ + gap),
        out_stride_(channels_ + gap),
        qkv_(static_cast<size_t>(shape.tokens) * token_stride_, misalignment),
        temperature_(static_cast<size_t>(shape.heads), misalignment),
        attention_(XcaAttentionFloats(shape), misalignment),
        out_(static_cast<size_t>(shape.tokens) * out_stride_, misalignment),
        scratch_(XcaScoresScratchFloats(shape), misalignment) {
    for (size_t h = 0; h < temperature_.size(); ++h) temperature_[h] = 4.0f + 2.0f * Noise(h);
  }

  void SetTemperature(float value) { std::fill_n(temperature_.data(), shape_.heads, value); }

  // `value` gets the position and fresh noise.
  void Fill(const std::function<float(Position, float)>& value) {
    uint64_t index = 0;
    for (int t = 0; t < shape_.tokens; ++t) {
      float* to = qkv_.data() + static_cast<size_t>(t) * token_stride_;
      for (int part = 0; part < 3; ++part) {
        for (int c = 0; c < shape_.channels(); ++c, ++to, ++index) {
          *to = value({part, t, c % shape_.head_dim}, Noise(index));
        }
      }
    }
  }

  void Check(const KernelTable& table) {
    const float* qkv = qkv_.data();
    table.xca->scores({shape_, qkv, qkv + channels_, token_stride_, temperature_.data(), attention_.data(),
                       scratch_.data()});
    table.xca->apply(
        {shape_, attention_.data(), qkv + 2 * channels_, token_stride_, out_.data(), out_stride_});
    CheckPadding();
    const auto attention = ReferenceAttention(shape_, Part(0), Part(1), temperature_.data());
    for (size_t c = 0; c < channels_; ++c) CheckChannel(c, attention[c]);
  }

 private:
  Tokens Part(size_t part) const {
    Tokens tokens(static_cast<size_t>(shape_.tokens));
    for (size_t t = 0; t < tokens.size(); ++t) {
      for (size_t c = 0; c < channels_; ++c) {
        tokens[t].push_back(qkv_.At(t * token_stride_ + part * channels_ + c));
      }
    }
    return tokens;
  }

  void CheckPadding() const {
    ExpectZeroBeyond(static_cast<size_t>(shape_.head_dim), XcaPaddedDim(shape_.head_dim), attention_);
    ExpectZeroBeyond(channels_, out_stride_, out_);
  }

  // The cosines q k^T err by u * sqrt(tokens), times the temperature; the last product by u * sqrt(head_dim);
  // a few roundings (scales, exp, sum) on top. All relative to the largest |v|, with u the mean of a
  // rounding.
  double Tolerance(size_t head, double largest_value) const {
    const double temperature = std::abs(temperature_.At(head));
    const double roundings =
        temperature * (std::sqrt(shape_.tokens) + 4) / 2 + std::sqrt(shape_.head_dim) + 8;
    return static_cast<double>(FLT_EPSILON) / 4 * roundings * largest_value;
  }

  void CheckChannel(size_t channel, const std::vector<double>& weights) const {
    const size_t head = channel / weights.size();
    double largest_value = 0.0, worst = 0.0;
    for (size_t t = 0; t < static_cast<size_t>(shape_.tokens); ++t) {
      const size_t value = t * token_stride_ + 2 * channels_ + head * weights.size();
      double expected = 0.0;
      for (size_t j = 0; j < weights.size(); ++j) {
        expected += weights[j] * qkv_.At(value + j);
        largest_value = std::max(largest_value, std::abs(qkv_.At(value + j)));
      }
      const double actual = out_.At(t * out_stride_ + channel);
      ASSERT_FALSE(std::isnan(actual)) << "channel " << channel << " token " << t;
      worst = std::max(worst, std::abs(actual - expected));
    }
    EXPECT_LE(worst, Tolerance(head, largest_value)) << "channel " << channel;
  }

  const XcaShape shape_;
  const size_t channels_;
  const size_t token_stride_;
  const size_t out_stride_;
  Floats qkv_;
  Floats temperature_;
  Floats attention_;
  Floats out_;
  Floats scratch_;
};

// Every head_dim of a published variant, with the token counts of its stages at 256 and at 224 pixels, and
// the edges: one token, one channel, whole registers and one more.
class XcaShapeTest : public testing::TestWithParam<std::tuple<const KernelTable*, XcaShape>> {};

TEST_P(XcaShapeTest, MatchesFloat64) {
  const auto [table, shape] = GetParam();
  for (const size_t misalignment : {0u, 1u, 7u}) {
    XcaTester tester(shape, misalignment, 2 * misalignment);
    tester.Fill([](Position, float noise) { return noise; });
    tester.Check(*table);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Tables, XcaShapeTest,
    testing::Combine(testing::ValuesIn(SupportedTables()),
                     testing::Values(XcaShape{1024, 2, 12}, XcaShape{1024, 2, 16}, XcaShape{1024, 1, 20},
                                     XcaShape{784, 2, 12}, XcaShape{256, 2, 20}, XcaShape{256, 4, 22},
                                     XcaShape{256, 2, 24}, XcaShape{256, 2, 25}, XcaShape{196, 2, 36},
                                     XcaShape{64, 2, 38}, XcaShape{64, 4, 42}, XcaShape{64, 2, 48},
                                     XcaShape{64, 1, 73}, XcaShape{49, 3, 22}, XcaShape{49, 1, 73},
                                     XcaShape{65, 1, 16}, XcaShape{1, 4, 12}, XcaShape{1, 1, 1},
                                     XcaShape{2, 1, 73}, XcaShape{4, 3, 1}, XcaShape{7, 2, 8},
                                     XcaShape{63, 1, 33}, XcaShape{128, 1, 100}, XcaShape{3, 5, 7},
                                     XcaShape{100, 1, 17}, XcaShape{30, 1, 32}, XcaShape{30, 1, 50})),
    [](const auto& test) {
      return TableName(std::get<0>(test.param)) + "_" + ShapeName(std::get<1>(test.param));
    });

// Inputs that break careless code.
class XcaInputTest : public testing::TestWithParam<const KernelTable*> {
 protected:
  static constexpr XcaShape kShape{100, 2, 22};

  void Check(const std::function<float(Position, float)>& value, float temperature = 5.0f) {
    XcaTester tester(kShape, 0, 0);
    tester.SetTemperature(temperature);
    tester.Fill(value);
    tester.Check(*GetParam());
  }
};

TEST_P(XcaInputTest, LargeEqualLogits) {
  Check([](Position p, float noise) { return p.part == 2 ? noise : 1.0f; }, 1000.0f);
}

TEST_P(XcaInputTest, LogitsThatUnderflowAllWeightsButOne) {
  Check([](Position p, float noise) { return p.part == 2                 ? noise
                                             : p.token % 22 == p.channel ? 1.0f
                                                                         : 0.0f; },
        500.0f);
}

TEST_P(XcaInputTest, ZeroColumns) {
  Check([](Position p, float noise) { return p.channel % 3 == p.part ? 0.0f : noise; });
}

TEST_P(XcaInputTest, AllZero) {
  Check([](Position, float) { return 0.0f; });
}

TEST_P(XcaInputTest, DenormalQueriesAndKeysAreClampedNotDividedByZero) {
  Check([](Position p, float noise) { return p.part == 2 ? noise : noise * 1e-39f; });
}

TEST_P(XcaInputTest, NormsAboutTheClamp) {
  Check([](Position p,
           float noise) { return p.part == 2 ? noise : noise * (p.channel % 2 == 0 ? 1e-13f : 3e-13f); },
        50.0f);
}

TEST_P(XcaInputTest, DenormalColumnsBesideOrdinaryOnes) {
  Check([](Position p, float noise) { return p.channel % 2 == 0 ? noise * 1e-40f : noise; });
}

TEST_P(XcaInputTest, BigOffsets) {
  Check([](Position p, float noise) { return 100.0f * static_cast<float>(p.channel - 10) + noise; });
}

TEST_P(XcaInputTest, HugeAndTinyColumns) {
  Check([](Position p, float noise) {
    return p.part == 2 ? noise : noise * (p.channel % 2 == 0 ? 1e15f : 1e-9f);
  });
}

TEST_P(XcaInputTest, NegativeAndZeroTemperature) {
  Check([](Position, float noise) { return noise; }, -6.0f);
  Check([](Position, float noise) { return noise; }, 0.0f);
}

// With one token and unit vectors the logits are the temperature, or minus it, exactly: what is left is the
// error of the exponential and of three roundings, relative even where a weight is tiny.
TEST_P(XcaInputTest, WeightsAreRelativelyAccurate) {
  constexpr float kQueryKeyValue[] = {1.0f, 1.0f, 1.0f, -1.0f, 0.0f, 1.0f};
  constexpr XcaShape kOneHead = {1, 1, 2};
  std::vector<float> attention(XcaAttentionFloats(kOneHead));
  std::vector<float> scratch(XcaScoresScratchFloats(kOneHead));
  for (float temperature = 0.0f; temperature < 40.0f; temperature += 0.037f) {
    float out[2];
    GetParam()->xca->scores(
        {kOneHead, kQueryKeyValue, kQueryKeyValue + 2, 6, &temperature, attention.data(), scratch.data()});
    GetParam()->xca->apply({kOneHead, attention.data(), kQueryKeyValue + 4, 6, out, 2});
    const double expected = 1.0 / (1.0 + std::exp(2.0 * static_cast<double>(temperature)));
    EXPECT_NEAR(static_cast<double>(out[0]) / expected, 1.0, 3.0 * static_cast<double>(FLT_EPSILON))
        << temperature;
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, XcaInputTest, testing::ValuesIn(SupportedTables()),
                         [](const auto& test) { return TableName(test.param); });

}  // namespace
}  // namespace edgenext::kernels
