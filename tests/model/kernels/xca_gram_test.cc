#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "model/kernels/kernels.h"
#include "tests/model/kernels/supported_tables.h"
#include "tests/model/kernels/xca_reference.h"

namespace edgenext::kernels {
namespace {

// One case: tokens z = noise + offset by channels, weights that give queries, keys and values of variance 1,
// and biases that cancel the offset. Scores of a table by Gram matrix are held against float64. Rows are
// `gap` floats, a multiple of 16, further apart than they need be.
class GramTester {
 public:
  GramTester(const XcaShape& shape, float offset_sigmas, size_t gap = 0)
      : shape_(shape),
        tokens_(static_cast<size_t>(shape.tokens)),
        channels_(static_cast<size_t>(shape.channels())),
        stride_((channels_ + 15) / 16 * 16 + gap),
        offset_(
            PaddedMatrix(1, channels_, stride_,
                         [=](size_t, size_t c) { return offset_sigmas * (Noise(c) < 0.0f ? -1.0f : 1.0f); })),
        z_(PaddedMatrix(tokens_, channels_, stride_,
                        [this](size_t t, size_t c) { return NormalNoise(t * channels_ + c) + offset_[c]; })),
        query_(1'000'000, *this),
        key_(2'000'000, *this),
        value_(3'000'000, *this),
        temperature_(static_cast<size_t>(shape.heads)) {
    std::fill_n(temperature_.data(), temperature_.size(), 4.0f);
  }

  // A linear layer, [outputs, inputs] and its bias.
  struct Layer {
    Layer(uint64_t seed, const GramTester& tester)
        : weight(PaddedMatrix(tester.channels_, tester.channels_, tester.stride_,
                              [&](size_t o, size_t i) {
                                return NormalNoise(seed + o * tester.channels_ + i) /
                                       std::sqrt(static_cast<float>(tester.channels_));
                              })),
          bias(PaddedMatrix(1, tester.channels_, tester.stride_, [&](size_t, size_t o) {
            double sum = 0.0;
            for (size_t i = 0; i < tester.channels_; ++i) {
              sum += weight.At(o * tester.stride_ + i) * tester.offset_.At(i);
            }
            return static_cast<float>(-sum);
          })) {}

    void ZeroRow(size_t o, const GramTester& tester) {
      std::fill_n(weight.data() + o * tester.stride_, tester.stride_, 0.0f);
      bias[o] = 0.0f;
    }

    Floats weight;
    Floats bias;
  };

  Layer& query() { return query_; }
  Layer& key() { return key_; }
  // The same tokens everywhere. Queries and keys become 1 or -1 by their biases, for their norms to have as
  // many digits as any.
  void MakeConstant() {
    for (size_t t = 1; t < tokens_; ++t) std::copy_n(z_.data(), stride_, z_.data() + t * stride_);
    for (Layer* layer : {&query_, &key_}) {
      const std::vector<double> token = Apply(*layer).front();
      for (size_t o = 0; o < channels_; ++o) {
        layer->bias[o] += static_cast<float>((token[o] < 0.0 ? -1.0 : 1.0) - token[o]);
      }
    }
  }

  Floats GramAttention(const KernelTable& table) const {
    const Floats transposed = PaddedMatrix(
        channels_, channels_, stride_, [this](size_t i, size_t o) { return query_.weight[o * stride_ + i]; });
    Floats attention(XcaAttentionFloats(shape_));
    Floats scratch(XcaGramScoresScratchFloats(shape_));
    table.xca->gram_scores({shape_, z_.data(), transposed.data(), key_.weight.data(), query_.bias.data(),
                            key_.bias.data(), stride_, temperature_.data(), attention.data(),
                            scratch.data()});
    return attention;
  }

  // By tokens, with queries and keys rounded to float32.
  Floats DirectAttention(const KernelTable& table) const {
    const Tokens queries = Apply(query_), keys = Apply(key_);
    const auto rounded = [this](const Tokens& from) {
      return PaddedMatrix(tokens_, channels_, channels_,
                          [&](size_t t, size_t c) { return static_cast<float>(from[t][c]); });
    };
    const Floats query = rounded(queries), key = rounded(keys);
    Floats attention(XcaAttentionFloats(shape_));
    Floats scratch(XcaScoresScratchFloats(shape_));
    table.xca->scores(
        {shape_, query.data(), key.data(), channels_, temperature_.data(), attention.data(), scratch.data()});
    return attention;
  }

  std::vector<std::vector<double>> Reference() const {
    return ReferenceAttention(shape_, Apply(query_), Apply(key_), temperature_.data());
  }

  // The largest error of A, relative to its largest weight.
  double AttentionError(const Floats& actual) const {
    const auto expected = Reference();
    double worst = 0.0, largest = 0.0;
    for (size_t c = 0; c < channels_; ++c) {
      for (size_t j = 0; j < expected[c].size(); ++j) {
        const double error = std::abs(AttentionAt(shape_, actual, c, j) - expected[c][j]);
        worst = std::isnan(error) ? HUGE_VAL : std::max(worst, error);
        largest = std::max(largest, expected[c][j]);
      }
    }
    return worst / largest;
  }

  // The largest error of A V that is A's.
  double ResultError(const Floats& actual) const {
    const auto expected = Reference();
    const Tokens values = Apply(value_);
    const size_t dim = static_cast<size_t>(shape_.head_dim);
    double worst = 0.0;
    for (size_t c = 0; c < channels_; ++c) {
      for (size_t t = 0; t < tokens_; ++t) {
        double error = 0.0;
        for (size_t j = 0; j < dim; ++j) {
          error += (AttentionAt(shape_, actual, c, j) - expected[c][j]) * values[t][c / dim * dim + j];
        }
        worst = std::isnan(error) ? HUGE_VAL : std::max(worst, std::abs(error));
      }
    }
    return worst;
  }

  // Of AttentionError. The products and squares of norms err by u * sqrt(tokens) from G and u *
  // sqrt(channels) from each of its two products with weights, u being the mean of a rounding, relative to
  // their typical size; cosines more by what the smallest norm is below that; logits by that times the
  // temperature (4) on top of a few roundings; a weight by as much of itself as its logit errs against the
  // others.
  double Tolerance() const {
    const double roundings = std::sqrt(shape_.tokens) + 2.0 * std::sqrt(shape_.channels());
    const double conditioning = std::max(MeanOverSmallest(Apply(query_)), MeanOverSmallest(Apply(key_)));
    return static_cast<double>(FLT_EPSILON) / 4.0 * (4.0 * roundings * conditioning + 8.0);
  }

 private:
  Tokens Apply(const Layer& layer) const {
    Tokens out(tokens_, std::vector<double>(channels_));
    for (size_t t = 0; t < tokens_; ++t) {
      for (size_t o = 0; o < channels_; ++o) {
        double sum = layer.bias.At(o);
        for (size_t i = 0; i < channels_; ++i)
          sum += layer.weight.At(o * stride_ + i) * z_.At(t * stride_ + i);
        out[t][o] = sum;
      }
    }
    return out;
  }

  // The squares of norms over tokens; the smallest but zero.
  double MeanOverSmallest(const Tokens& values) const {
    double sum = 0.0, smallest = HUGE_VAL;
    for (size_t c = 0; c < channels_; ++c) {
      double square = 0.0;
      for (size_t t = 0; t < tokens_; ++t) square += values[t][c] * values[t][c];
      sum += square;
      if (square > 0.0) smallest = std::min(smallest, square);
    }
    return sum / static_cast<double>(channels_) / smallest;
  }

  const XcaShape shape_;
  const size_t tokens_;
  const size_t channels_;
  const size_t stride_;
  const Floats offset_;
  Floats z_;
  Layer query_;
  Layer key_;
  const Layer value_;
  Floats temperature_;
};

class XcaGramShapeTest : public testing::TestWithParam<std::tuple<const KernelTable*, XcaShape>> {};

TEST_P(XcaGramShapeTest, MatchesFloat64) {
  const auto [table, shape] = GetParam();
  const GramTester tester(shape, 0.5f);
  EXPECT_LE(tester.AttentionError(tester.GramAttention(*table)), tester.Tolerance());
}

TEST_P(XcaGramShapeTest, MatchesScoresByTokens) {
  const auto [table, shape] = GetParam();
  const GramTester tester(shape, 0.5f);
  const Floats gram = tester.GramAttention(*table);
  const Floats direct = tester.DirectAttention(*table);
  const double largest = static_cast<double>(*std::max_element(direct.data(), direct.data() + direct.size()));
  const double tolerance = 2.0 * tester.Tolerance() * largest;
  for (size_t i = 0; i < gram.size(); ++i) ASSERT_NEAR(gram.At(i), direct.At(i), tolerance) << i;
}

TEST_P(XcaGramShapeTest, DependsNotOnStrides) {
  const auto [table, shape] = GetParam();
  const Floats narrow = GramTester(shape, 0.5f).GramAttention(*table);
  const Floats wide = GramTester(shape, 0.5f, 32).GramAttention(*table);
  for (size_t i = 0; i < narrow.size(); ++i) ASSERT_EQ(narrow[i], wide[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(
    Tables, XcaGramShapeTest,
    testing::Combine(testing::ValuesIn(SupportedTables()),
                     testing::Values(XcaShape{1024, 4, 12}, XcaShape{256, 4, 22}, XcaShape{64, 4, 42},
                                     XcaShape{1024, 8, 12}, XcaShape{256, 8, 20}, XcaShape{64, 4, 38},
                                     XcaShape{49, 2, 73}, XcaShape{256, 3, 36}, XcaShape{49, 4, 12},
                                     XcaShape{4, 4, 20}, XcaShape{4, 1, 73}, XcaShape{1, 4, 12},
                                     XcaShape{1, 1, 1}, XcaShape{64, 3, 1}, XcaShape{100, 1, 17},
                                     XcaShape{65, 2, 16}, XcaShape{63, 5, 7})),
    [](const auto& test) {
      return TableName(std::get<0>(test.param)) + "_" + ShapeName(std::get<1>(test.param));
    });

class XcaGramTest : public testing::TestWithParam<const KernelTable*> {};

// A mean of z that the bias cancels, as the token mean of trained networks, costs few digits.
TEST_P(XcaGramTest, CancelledMeansCostFewDigits) {
  struct Bar {
    float sigmas;
    double error;
  };
  for (const XcaShape& shape : {XcaShape{1024, 4, 12}, XcaShape{256, 4, 22}, XcaShape{256, 8, 20}}) {
    for (const Bar& bar : {Bar{3.0f, 4e-6}, Bar{10.0f, 6e-6}, Bar{30.0f, 2e-5}}) {
      const GramTester tester(shape, bar.sigmas);
      EXPECT_LE(tester.ResultError(tester.GramAttention(*GetParam())), bar.error)
          << ShapeName(shape) << ", mean of " << bar.sigmas << " sigma";
    }
  }
}

TEST_P(XcaGramTest, QueriesAndKeysOfZero) {
  constexpr XcaShape kShape = {100, 2, 22};
  GramTester tester(kShape, 3.0f);
  tester.query().ZeroRow(5, tester);
  tester.query().ZeroRow(43, tester);
  tester.key().ZeroRow(7, tester);
  const Floats attention = tester.GramAttention(*GetParam());
  EXPECT_LE(tester.AttentionError(attention), tester.Tolerance());
  for (size_t j = 0; j < 22; ++j) {
    EXPECT_NEAR(AttentionAt(kShape, attention, 5, j), 1.0 / 22.0, static_cast<double>(FLT_EPSILON));
  }
}

TEST_P(XcaGramTest, ConstantImage) {
  constexpr XcaShape kShape = {256, 4, 22};
  GramTester tester(kShape, 1.0f);
  tester.MakeConstant();
  EXPECT_LE(tester.AttentionError(tester.GramAttention(*GetParam())), tester.Tolerance());
}

TEST_P(XcaGramTest, ConstantImageWithQueriesOfZero) {
  constexpr XcaShape kShape = {256, 4, 22};
  GramTester tester(kShape, 0.0f);
  tester.MakeConstant();
  for (size_t o = 0; o < 88; ++o) tester.query().ZeroRow(o, tester);
  const Floats attention = tester.GramAttention(*GetParam());
  for (size_t c = 0; c < 88; ++c) {
    for (size_t j = 0; j < 22; ++j) {
      ASSERT_NEAR(AttentionAt(kShape, attention, c, j), 1.0 / 22.0, static_cast<double>(FLT_EPSILON));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, XcaGramTest, testing::ValuesIn(SupportedTables()),
                         [](const auto& test) { return TableName(test.param); });

}  // namespace
}  // namespace edgenext::kernels
