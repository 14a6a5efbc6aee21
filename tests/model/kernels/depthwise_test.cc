// Depthwise convolution on every table against float64 loops written from the formula.

#include <gtest/gtest.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <memory>
#include <ostream>
#include <random>
#include <vector>

#include "model/kernels/kernels.h"
#include "tests/model/kernels/supported_tables.h"

namespace edgenext::kernels {
namespace {

constexpr float kUntouched = 12345.0f;

struct Case {
  int height, width;
  int channels;
  int kernel;
  int stride = 1;
  bool addend = false;
  bool pixel_bias = false;
  // Where the channels begin in the pixels of all maps; 0 is for maps of their own, with padding.
  int offset = 0;

  int out_height() const { return (height + stride - 1) / stride; }
  int out_width() const { return (width + stride - 1) / stride; }
  int in_channels() const { return (channels + stride - 1) / stride; }
  int padded_channels() const { return (channels + 15) / 16 * 16; }
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.height << " x " << c.width << " x " << c.channels << ", kernel " << c.kernel << ", stride "
             << c.stride << (c.addend ? ", addend" : "") << (c.pixel_bias ? ", pixel bias" : "")
             << ", offset " << c.offset;
}

// A range of channels in a map of pixels, whose memory ends where the range does in the last pixel.
class Map {
 public:
  Map(int height, int width, int channels, int offset, int stride)
      : width_(static_cast<size_t>(width)),
        channels_(static_cast<size_t>(channels)),
        offset_(static_cast<size_t>(offset)),
        stride_(static_cast<size_t>(stride)),
        size_((static_cast<size_t>(height) * width_ - 1) * stride_ + offset_ + channels_),
        values_(new float[size_]) {}

  // All of the memory, the lanes of others as well.
  void Fill(float value) { std::fill_n(values_.get(), size_, value); }
  template <typename Random>
  void Draw(Random& random) {
    std::normal_distribution<float> normal;
    Fill(std::nanf(""));
    for (size_t pixel = 0; pixel * stride_ < size_; ++pixel) {
      for (size_t c = 0; c < channels_; ++c) values_[pixel * stride_ + offset_ + c] = normal(random);
    }
  }

  float* data() { return values_.get() + offset_; }
  size_t stride() const { return stride_; }
  float At(int y, int x, int c) const {
    return values_[(static_cast<size_t>(y) * width_ + static_cast<size_t>(x)) * stride_ + offset_ +
                   static_cast<size_t>(c)];
  }
  bool Untouched() const {
    for (size_t i = 0; i < size_; ++i) {
      const size_t lane = i % stride_;
      const bool inside = lane >= offset_ && lane < offset_ + channels_;
      if (!inside && values_[i] != kUntouched) return false;
    }
    return true;
  }

 private:
  size_t width_, channels_, offset_, stride_, size_;
  std::unique_ptr<float[]> values_;
};

class Tester {
 public:
  explicit Tester(const Case& c)
      : case_(c),
        in_(c.height, c.width, c.in_channels(), c.offset, Stride(c.in_channels())),
        addend_(c.height, c.width, c.in_channels(), 2 * c.offset, 3 * Stride(c.in_channels())),
        pixel_bias_(c.out_height(), c.out_width(), c.channels, c.offset, Stride(c.channels)),
        weight_(static_cast<size_t>(c.channels * c.kernel * c.kernel)),
        bias_(static_cast<size_t>(c.padded_channels())),
        packed_size_(PackedDepthwiseFloats(c.channels, c.kernel)),
        packed_(new float[packed_size_]) {
    std::mt19937 random(static_cast<uint32_t>(c.channels + 100 * c.kernel));
    in_.Draw(random);
    addend_.Draw(random);
    pixel_bias_.Draw(random);
    std::normal_distribution<float> normal;
    for (float& value : weight_) value = normal(random);
    std::generate_n(bias_.begin(), c.channels, [&] { return normal(random); });
    PackDepthwise(weight_.data(), c.channels, c.kernel, packed_.get());
  }

  // The whole output, and then bands of it, all on memory of exactly their sizes.
  void Check(const KernelTable& table) {
    SCOPED_TRACE(case_);
    const Map whole = Compute(table, 0, case_.out_height());
    for (int y = 0; y < case_.out_height(); ++y) {
      for (int x = 0; x < case_.out_width(); ++x) CheckPixel(whole, y, x);
    }
    for (const int rows : {1, 2, 3, 5}) {
      if (rows >= case_.out_height()) break;
      for (int first = 0; first < case_.out_height(); first += rows) {
        CheckBand(table, whole, first, std::min(rows, case_.out_height() - first));
      }
    }
  }

 private:
  // A map of its own is as wide as its padded channels, others have odd widths.
  int Stride(int channels) const {
    return case_.offset == 0 ? (channels + 15) / 16 * 16 : channels + case_.offset + 3;
  }

  Map Compute(const KernelTable& table, int first_row, int rows) {
    const bool own = case_.offset == 0;
    Map out(rows, case_.out_width(), own ? case_.padded_channels() : case_.channels, case_.offset,
            Stride(case_.channels));
    out.Fill(kUntouched);
    DepthwiseArguments arguments = {};
    arguments.in = in_.data();
    arguments.in_stride = in_.stride();
    if (case_.addend) arguments.addend = addend_.data();
    arguments.addend_stride = addend_.stride();
    arguments.weight = packed_.get();
    arguments.bias = bias_.data();
    if (case_.pixel_bias) arguments.pixel_bias = pixel_bias_.data();
    arguments.pixel_bias_stride = pixel_bias_.stride();
    arguments.height = case_.height;
    arguments.width = case_.width;
    arguments.channels = case_.channels;
    arguments.kernel = case_.kernel;
    arguments.stride = case_.stride;
    arguments.first_row = first_row;
    arguments.rows = rows;
    arguments.out = out.data();
    arguments.out_stride = out.stride();
    arguments.write_padding = own;
    table.depthwise(arguments);
    EXPECT_TRUE(out.Untouched());
    return out;
  }

  void CheckPixel(const Map& out, int y, int x) const {
    for (int c = 0; c < case_.channels; ++c) {
      double expected = double{bias_[static_cast<size_t>(c)]};
      if (case_.pixel_bias) expected += double{pixel_bias_.At(y, x, c)};
      double magnitude = std::abs(expected);
      for (int i = 0; i < case_.kernel; ++i) {
        for (int j = 0; j < case_.kernel; ++j) {
          const double term = Input(y * case_.stride + i - case_.kernel / 2,
                                    x * case_.stride + j - case_.kernel / 2, c / case_.stride) *
                              Weight(c, i, j);
          expected += term;
          magnitude += std::abs(term);
        }
      }
      // A rounding for each tap, of partial sums of random signs, and one each for addend, product and bias.
      const double tolerance = FLT_EPSILON / 2 * magnitude * (case_.kernel + 3);
      ASSERT_NEAR(double{out.At(y, x, c)}, expected, tolerance) << "at " << y << ", " << x << ", " << c;
    }
    if (case_.offset > 0) return;
    for (int c = case_.channels; c < case_.padded_channels(); ++c) {
      ASSERT_EQ(out.At(y, x, c), 0.0f) << "at " << y << ", " << x << ", " << c;
    }
  }

  void CheckBand(const KernelTable& table, const Map& whole, int first_row, int rows) {
    const Map band = Compute(table, first_row, rows);
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < case_.out_width(); ++x) {
        for (int c = 0; c < case_.channels; ++c) {
          ASSERT_EQ(band.At(y, x, c), whole.At(first_row + y, x, c))
              << rows << " rows from " << first_row << ", at " << y << ", " << x << ", " << c;
        }
      }
    }
  }

  double Input(int y, int x, int c) const {
    if (y < 0 || y >= case_.height || x < 0 || x >= case_.width) return 0.0;
    return double{in_.At(y, x, c)} + (case_.addend ? double{addend_.At(y, x, c)} : 0.0);
  }
  double Weight(int c, int i, int j) const {
    return double{weight_[static_cast<size_t>((c * case_.kernel + i) * case_.kernel + j)]};
  }

  const Case case_;
  Map in_, addend_, pixel_bias_;
  std::vector<float> weight_, bias_;
  const size_t packed_size_;
  const std::unique_ptr<float[]> packed_;
};

class DepthwiseTest : public ::testing::TestWithParam<const KernelTable*> {
 protected:
  static void Check(const Case& c) { Tester(c).Check(*GetParam()); }
};

constexpr int kKernels[] = {3, 5, 7, 9};

TEST_P(DepthwiseTest, StagesOfTheNetworks) {
  for (const Case& c : {Case{64, 64, 24, 3}, Case{56, 56, 48, 3}, Case{32, 32, 96, 5}, Case{28, 28, 48, 5},
                        Case{16, 16, 160, 7}, Case{20, 20, 88, 7}, Case{14, 14, 100, 7}, Case{8, 8, 304, 9},
                        Case{10, 10, 168, 9}, Case{9, 9, 584, 9}, Case{7, 7, 192, 9}}) {
    Check(c);
  }
}

TEST_P(DepthwiseTest, EveryWidth) {
  for (const int kernel : kKernels) {
    for (int width = 1; width <= 26; ++width) Check({4, width, 5, kernel});
  }
}

TEST_P(DepthwiseTest, EveryHeight) {
  for (const int kernel : kKernels) {
    for (int height = 1; height <= 12; ++height) Check({height, 3, 5, kernel});
  }
}

TEST_P(DepthwiseTest, EveryNumberOfChannels) {
  for (int channels = 1; channels <= 50; ++channels) Check({3, 5, channels, 5});
}

TEST_P(DepthwiseTest, EveryNumberOfChannelsInsideAMap) {
  for (int channels = 1; channels <= 50; ++channels) Check({3, 5, channels, 3, 1, false, false, 1});
}

TEST_P(DepthwiseTest, AnyOffsetInsideAMap) {
  for (int offset = 1; offset <= 17; ++offset) Check({4, 10, 30, 3, 1, true, false, offset});
}

TEST_P(DepthwiseTest, CascadesOfTheNetworks) {
  for (const Case& c : {Case{32, 32, 24, 3, 1, true, true, 24}, Case{16, 16, 30, 3, 1, true, false, 30},
                        Case{16, 16, 54, 3, 1, true, false, 54}, Case{8, 8, 42, 3, 1, true, false, 42},
                        Case{7, 7, 76, 3, 1, true, false, 76}, Case{10, 10, 146, 3, 1, true, false, 146}}) {
    Check(c);
  }
}

TEST_P(DepthwiseTest, AddendAndPixelBiasWithEveryKernel) {
  for (const int kernel : kKernels) {
    for (const int offset : {0, 3}) {
      Check({6, 11, 21, kernel, 1, true, false, offset});
      Check({6, 11, 21, kernel, 1, false, true, offset});
      Check({6, 11, 21, kernel, 1, true, true, offset});
    }
  }
}

TEST_P(DepthwiseTest, StridedStagesOfTheNetworks) {
  for (const Case& c : {Case{64, 64, 96, 5, 2}, Case{32, 32, 192, 7, 2}, Case{16, 16, 384, 9, 2},
                        Case{28, 28, 192, 7, 2}, Case{14, 14, 384, 9, 2}}) {
    Check(c);
  }
}

TEST_P(DepthwiseTest, StridedWithEveryWidthAndHeight) {
  for (const int kernel : kKernels) {
    for (int width = 1; width <= 36; ++width) Check({5, width, 6, kernel, 2});
    for (int height = 1; height <= 12; ++height) Check({height, 5, 6, kernel, 2});
  }
}

TEST_P(DepthwiseTest, StridedWithEveryNumberOfChannels) {
  for (int channels = 1; channels <= 50; ++channels) {
    Check({4, 6, channels, 5, 2});
    Check({4, 6, channels, 5, 2, false, true, 5});
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, DepthwiseTest, ::testing::ValuesIn(SupportedTables()),
                         [](const auto& table) { return IsaName(table.param->isa); });

TEST(PackDepthwiseTest, BlocksOfSixteenChannelsTapByTap) {
  constexpr int kChannels = 18, kKernel = 3;
  std::vector<float> weight;
  for (int i = 0; i < kChannels * 9; ++i) weight.push_back(static_cast<float>(i + 1));
  std::vector<float> packed(PackedDepthwiseFloats(kChannels, kKernel), kUntouched);
  ASSERT_EQ(packed.size(), 2u * 9 * 16);
  PackDepthwise(weight.data(), kChannels, kKernel, packed.data());
  EXPECT_EQ(packed[0], 1.0f);                         // channel 0, tap 0
  EXPECT_EQ(packed[1], 10.0f);                        // channel 1, tap 0
  EXPECT_EQ(packed[16], 2.0f);                        // channel 0, tap 1
  EXPECT_EQ(packed[9 * 16], 16.0f * 9 + 1);           // channel 16, tap 0
  EXPECT_EQ(packed[9 * 16 + 8 * 16 + 1], 18.0f * 9);  // channel 17, tap 8
  for (size_t tap = 9; tap < 18; ++tap) {
    for (size_t lane = 2; lane < 16; ++lane) EXPECT_EQ(packed[tap * 16 + lane], 0.0f);
  }
}

}  // namespace
}  // namespace edgenext::kernels
