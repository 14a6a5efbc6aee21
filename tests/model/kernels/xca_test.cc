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

namespace edgenext::kernels {
namespace {

struct Shape {
  int tokens;
  int heads;
  int head_dim;

  size_t channels() const { return static_cast<size_t>(heads) * static_cast<size_t>(head_dim); }
};

// Which of q, k, v a value belongs to, its token and its channel within the head.
struct Position {
  int part;
  int token;
  int channel;
};

// In [-1, 1), the same for every run: the finaliser of splitmix64.
float Noise(uint64_t index) {
  uint64_t z = (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<float>((z ^ (z >> 31)) >> 40) / static_cast<float>(1 << 23) - 1.0f;
}

// Floats on the heap that end where their allocation ends, `misalignment` floats after a 16-byte boundary.
class Floats {
 public:
  Floats(size_t size, size_t misalignment)
      : storage_(new float[size + misalignment]), data_(storage_.get() + misalignment) {
    std::fill_n(data_, size, std::nanf(""));
  }
  float* data() { return data_; }
  float& operator[](size_t i) { return data_[i]; }

 private:
  std::unique_ptr<float[]> storage_;
  float* data_;
};

// One case: makes the input, runs a table, holds the result against float64 loops written from the formula.
class XcaTester {
 public:
  XcaTester(Shape shape, size_t misalignment)
      : shape_(shape),
        qkv_(static_cast<size_t>(shape.tokens) * 3 * shape.channels(), misalignment),
        temperature_(static_cast<size_t>(shape.heads), misalignment),
        out_(static_cast<size_t>(shape.tokens) * shape.channels(), misalignment),
        scratch_(XcaScratchFloats(shape.heads, shape.head_dim), misalignment) {
    for (int h = 0; h < shape.heads; ++h)
      temperature_[static_cast<size_t>(h)] = 4.0f + 2.0f * Noise(static_cast<uint64_t>(h));
  }

  void SetTemperature(float value) { std::fill_n(temperature_.data(), shape_.heads, value); }

  // `value` gets the position and fresh noise.
  void Fill(const std::function<float(Position, float)>& value) {
    uint64_t index = 0;
    for (int t = 0; t < shape_.tokens; ++t) {
      for (int part = 0; part < 3; ++part) {
        for (int h = 0; h < shape_.heads; ++h) {
          for (int i = 0; i < shape_.head_dim; ++i, ++index) {
            qkv_[index] = value({part, t, i}, Noise(index));
          }
        }
      }
    }
  }

  void Check(const KernelTable& table) {
    table.xca({qkv_.data(), temperature_.data(), shape_.tokens, shape_.heads, shape_.head_dim, out_.data(),
               scratch_.data()});
    for (int h = 0; h < shape_.heads; ++h) CheckHead(h);
  }

 private:
  double At(int part, int head, int channel, int token) {
    const size_t row = static_cast<size_t>(token) * 3 + static_cast<size_t>(part);
    return static_cast<double>(qkv_[row * shape_.channels() + ChannelOf(head, channel)]);
  }
  size_t ChannelOf(int head, int channel) const {
    return static_cast<size_t>(head) * static_cast<size_t>(shape_.head_dim) + static_cast<size_t>(channel);
  }

  double Norm(int part, int head, int channel) {
    double sum = 0.0;
    for (int t = 0; t < shape_.tokens; ++t) sum += std::pow(At(part, head, channel, t), 2);
    return std::max(std::sqrt(sum), 1e-12);
  }

  std::vector<double> AttentionRow(int head, int i, const std::vector<double>& key_norms) {
    const double query_norm = Norm(0, head, i);
    std::vector<double> row(static_cast<size_t>(shape_.head_dim));
    for (int j = 0; j < shape_.head_dim; ++j) {
      double product = 0.0;
      for (int t = 0; t < shape_.tokens; ++t) product += At(0, head, i, t) * At(1, head, j, t);
      row[static_cast<size_t>(j)] = product / query_norm / key_norms[static_cast<size_t>(j)] *
                                    static_cast<double>(temperature_[static_cast<size_t>(head)]);
    }
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0.0;
    for (double& value : row) sum += value = std::exp(value - largest);
    for (double& value : row) value /= sum;
    return row;
  }

  // The cosines q k^T err by u * sqrt(tokens), times the temperature; the last product by u * sqrt(head_dim);
  // a few roundings (scales, exp, sum) on top. All relative to the largest |v|, with u the mean of a
  // rounding.
  double Tolerance(int head, double largest_value) {
    const double temperature = std::abs(static_cast<double>(temperature_[static_cast<size_t>(head)]));
    const double roundings =
        temperature * (std::sqrt(shape_.tokens) + 4) / 2 + std::sqrt(shape_.head_dim) + 8;
    return static_cast<double>(FLT_EPSILON) / 4 * roundings * largest_value;
  }

  void CheckHead(int head) {
    std::vector<double> key_norms;
    double largest_value = 0.0;
    for (int j = 0; j < shape_.head_dim; ++j) {
      key_norms.push_back(Norm(1, head, j));
      for (int t = 0; t < shape_.tokens; ++t)
        largest_value = std::max(largest_value, std::abs(At(2, head, j, t)));
    }
    const double tolerance = Tolerance(head, largest_value);
    double worst = 0.0;
    for (int i = 0; i < shape_.head_dim; ++i) {
      const std::vector<double> row = AttentionRow(head, i, key_norms);
      for (int t = 0; t < shape_.tokens; ++t) {
        double expected = 0.0;
        for (int j = 0; j < shape_.head_dim; ++j) expected += row[static_cast<size_t>(j)] * At(2, head, j, t);
        const double actual =
            static_cast<double>(out_[static_cast<size_t>(t) * shape_.channels() + ChannelOf(head, i)]);
        ASSERT_FALSE(std::isnan(actual)) << "head " << head << " channel " << i << " token " << t;
        worst = std::max(worst, std::abs(actual - expected));
      }
    }
    EXPECT_LE(worst, tolerance) << "head " << head;
  }

  const Shape shape_;
  Floats qkv_;
  Floats temperature_;
  Floats out_;
  Floats scratch_;
};

std::string TableName(const KernelTable* table) { return IsaName(table->isa); }

// Every head_dim of a published variant, with the token counts of its stages at 256 and at 224 pixels, and
// the edges: one token, one channel, whole registers and one more.
class XcaShapeTest : public testing::TestWithParam<std::tuple<const KernelTable*, Shape>> {};

TEST_P(XcaShapeTest, MatchesFloat64) {
  const auto [table, shape] = GetParam();
  for (const size_t misalignment : {0u, 1u, 7u}) {
    XcaTester tester(shape, misalignment);
    tester.Fill([](Position, float noise) { return noise; });
    tester.Check(*table);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Tables, XcaShapeTest,
    testing::Combine(testing::ValuesIn(SupportedTables()),
                     testing::Values(Shape{1024, 2, 12}, Shape{1024, 2, 16}, Shape{1024, 1, 20},
                                     Shape{784, 2, 12}, Shape{256, 2, 20}, Shape{256, 4, 22},
                                     Shape{256, 2, 24}, Shape{256, 2, 25}, Shape{196, 2, 36},
                                     Shape{64, 2, 38}, Shape{64, 4, 42}, Shape{64, 2, 48}, Shape{64, 1, 73},
                                     Shape{49, 3, 22}, Shape{49, 1, 73}, Shape{65, 1, 16}, Shape{1, 4, 12},
                                     Shape{1, 1, 1}, Shape{2, 1, 73}, Shape{4, 3, 1}, Shape{7, 2, 8},
                                     Shape{63, 1, 33}, Shape{128, 1, 100}, Shape{3, 5, 7}, Shape{100, 1, 17},
                                     Shape{30, 1, 32}, Shape{30, 1, 50})),
    [](const auto& test) {
      const Shape& shape = std::get<1>(test.param);
      return TableName(std::get<0>(test.param)) + "_tokens" + std::to_string(shape.tokens) + "_heads" +
             std::to_string(shape.heads) + "_dim" + std::to_string(shape.head_dim);
    });

// Inputs that break careless code.
class XcaInputTest : public testing::TestWithParam<const KernelTable*> {
 protected:
  static constexpr Shape kShape{100, 2, 22};

  void Check(const std::function<float(Position, float)>& value, float temperature = 5.0f) {
    XcaTester tester(kShape, 0);
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
  std::vector<float> scratch(XcaScratchFloats(1, 2));
  for (float temperature = 0.0f; temperature < 40.0f; temperature += 0.037f) {
    float out[2];
    GetParam()->xca({kQueryKeyValue, &temperature, 1, 1, 2, out, scratch.data()});
    const double expected = 1.0 / (1.0 + std::exp(2.0 * static_cast<double>(temperature)));
    EXPECT_NEAR(static_cast<double>(out[0]) / expected, 1.0, 3.0 * static_cast<double>(FLT_EPSILON))
        << temperature;
  }
}

TEST_P(XcaInputTest, LeavesItsInputAlone) {
  std::vector<float> qkv(static_cast<size_t>(kShape.tokens) * 3 * kShape.channels());
  for (size_t i = 0; i < qkv.size(); ++i) qkv[i] = Noise(i);
  const std::vector<float> before = qkv;
  const std::vector<float> temperature = {1.0f, 2.0f};
  std::vector<float> out(qkv.size() / 3);
  std::vector<float> scratch(XcaScratchFloats(kShape.heads, kShape.head_dim));
  GetParam()->xca({qkv.data(), temperature.data(), kShape.tokens, kShape.heads, kShape.head_dim, out.data(),
                   scratch.data()});
  EXPECT_EQ(qkv, before);
}

INSTANTIATE_TEST_SUITE_P(Tables, XcaInputTest, testing::ValuesIn(SupportedTables()),
                         [](const auto& test) { return TableName(test.param); });

}  // namespace
}  // namespace edgenext::kernels
