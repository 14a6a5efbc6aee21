#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "model/kernels/kernels.h"
#include "tests/model/kernels/supported_tables.h"

namespace edgenext::kernels {
namespace {

// Inputs along the resampled axis, outputs, and the taps of most outputs.
struct Shape {
  int inputs;
  int outputs;
  int taps;
};

// An axis with made-up weights, negative ones among them, that sum up to one as Pillow's do.
class TestAxis {
 public:
  TestAxis(Shape shape, std::mt19937& random) : stride_(static_cast<size_t>(shape.taps + 7) / 8 * 8) {
    std::uniform_real_distribution<double> lobe(-0.2, 1.0);
    for (int i = 0; i < shape.outputs; ++i) {
      const int center = static_cast<int>((i + 0.5) * shape.inputs / shape.outputs);
      const int begin = std::clamp(center - shape.taps / 2, 0, shape.inputs - 1);
      const int end = std::min(begin + shape.taps, shape.inputs);
      first_.push_back(begin);
      taps_.push_back(end - begin);
      std::vector<double> weights;
      double sum = 0.0;
      for (int k = begin; k < end; ++k) sum += weights.emplace_back(lobe(random) + (k == center ? 1.5 : 0.0));
      for (size_t k = 0; k < stride_; ++k) {
        const double weight = k < weights.size() ? weights[k] / sum : 0.0;
        coefficients_.push_back(static_cast<int32_t>(std::lround(std::ldexp(weight, 22))));
        high_.push_back(static_cast<int16_t>(std::floor(coefficients_.back() / 4096.0)));
        low_.push_back(static_cast<int16_t>(coefficients_.back() - 4096 * high_.back()));
      }
    }
  }

  ResampleAxis axis() const {
    return {static_cast<int>(first_.size()), first_.data(), taps_.data(), high_.data(), low_.data(), stride_};
  }

  // Output `i` of the samples input(first), input(first + 1), …
  template <typename Input>
  uint8_t Expected(size_t i, const Input& input) const {
    int64_t sum = int64_t{1} << 21;
    for (int k = 0; k < taps_[i]; ++k) {
      sum += int64_t{input(first_[i] + k)} * coefficients_[i * stride_ + static_cast<size_t>(k)];
    }
    return static_cast<uint8_t>(std::clamp<int64_t>(sum >> 22, 0, 255));
  }

 private:
  const size_t stride_;
  std::vector<int32_t> first_, taps_, coefficients_;
  std::vector<int16_t> high_, low_;
};

// Rows of bytes on the heap that end where the allocation ends, `misalignment` bytes after its start.
class Image {
 public:
  Image(size_t width, size_t height, size_t gap, size_t misalignment)
      : row_bytes_(width * 3), height_(height), stride_(row_bytes_ + gap), misalignment_(misalignment) {
    storage_.reset(new uint8_t[size()]);
    std::fill_n(storage_.get(), size(), kUntouched);
  }

  void FillWithNoise(std::mt19937& random) {
    // Runs of black and white make sums leave 0..255 on both sides.
    for (size_t y = 0; y < height_; ++y) {
      for (size_t i = 0; i < row_bytes_; ++i) {
        const uint32_t draw = static_cast<uint32_t>(random());
        data()[y * stride_ + i] = static_cast<uint8_t>(draw % 4 == 0 ? 255 : draw % 4 == 1 ? 0 : draw >> 24);
      }
    }
  }

  uint8_t* data() { return storage_.get() + misalignment_; }
  uint8_t At(size_t y, size_t i) { return data()[y * stride_ + i]; }
  size_t row_bytes() const { return row_bytes_; }
  size_t height() const { return height_; }
  size_t stride() const { return stride_; }

  void ExpectGapsUntouched() {
    for (size_t y = 0; y + 1 < height_; ++y) {
      for (size_t i = row_bytes_; i < stride_; ++i)
        ASSERT_EQ(At(y, i), kUntouched) << "row " << y << " byte " << i;
    }
  }

 private:
  static constexpr uint8_t kUntouched = 0xa5;

  size_t size() const { return misalignment_ + (height_ - 1) * stride_ + row_bytes_; }

  size_t row_bytes_, height_, stride_, misalignment_;
  std::unique_ptr<uint8_t[]> storage_;
};

class ResampleTest : public testing::TestWithParam<std::tuple<const KernelTable*, Shape>> {
 protected:
  const ResampleKernels& kernels() const { return *std::get<0>(GetParam())->resample; }
  Shape shape() const { return std::get<1>(GetParam()); }

  std::mt19937 random_{20240917};
};

constexpr size_t kMisalignments[] = {0, 1, 31};

TEST_P(ResampleTest, HorizontalEqualsIntegerReference) {
  const TestAxis axis(shape(), random_);
  for (const size_t misalignment : kMisalignments) {
    Image in(static_cast<size_t>(shape().inputs), 3, misalignment * 2, misalignment);
    Image out(static_cast<size_t>(shape().outputs), 3, misalignment, misalignment);
    in.FillWithNoise(random_);
    kernels().horizontal({in.data(), in.stride(), out.data(), out.stride(), shape().inputs, 3, axis.axis()});
    for (size_t y = 0; y < 3; ++y) {
      for (size_t i = 0; i < out.row_bytes(); ++i) {
        const auto sample = [&](int x) { return in.At(y, static_cast<size_t>(x) * 3 + i % 3); };
        ASSERT_EQ(out.At(y, i), axis.Expected(i / 3, sample)) << "row " << y << " byte " << i;
      }
    }
    out.ExpectGapsUntouched();
  }
}

TEST_P(ResampleTest, VerticalEqualsIntegerReference) {
  const TestAxis axis(shape(), random_);
  for (const size_t width : {1u, 7u, 11u, 21u, 22u, 43u, 64u, 97u}) {
    for (const size_t misalignment : kMisalignments) {
      Image in(width, static_cast<size_t>(shape().inputs), misalignment * 2, misalignment);
      Image out(width, static_cast<size_t>(shape().outputs), misalignment, misalignment);
      in.FillWithNoise(random_);
      kernels().vertical({in.data(), in.stride(), out.data(), out.stride(), static_cast<int>(width),
                          shape().inputs, axis.axis()});
      for (size_t y = 0; y < out.height(); ++y) {
        for (size_t i = 0; i < out.row_bytes(); ++i) {
          const auto sample = [&](int row) { return in.At(static_cast<size_t>(row), i); };
          ASSERT_EQ(out.At(y, i), axis.Expected(y, sample)) << "row " << y << " byte " << i;
        }
      }
      out.ExpectGapsUntouched();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, ResampleTest,
                         testing::Combine(testing::ValuesIn(SupportedTables()),
                                          testing::Values(Shape{1, 1, 1}, Shape{1, 13, 1}, Shape{2, 9, 2},
                                                          Shape{3, 31, 3}, Shape{5, 4, 5}, Shape{7, 32, 4},
                                                          Shape{11, 5, 8}, Shape{33, 21, 7}, Shape{40, 17, 9},
                                                          Shape{64, 64, 4}, Shape{97, 50, 12},
                                                          Shape{101, 3, 101}, Shape{129, 65, 5},
                                                          Shape{500, 37, 29}, Shape{1000, 2, 700})),
                         [](const auto& test) {
                           const Shape& shape = std::get<1>(test.param);
                           return std::string(IsaName(std::get<0>(test.param)->isa)) + "_in" +
                                  std::to_string(shape.inputs) + "_out" + std::to_string(shape.outputs) +
                                  "_taps" + std::to_string(shape.taps);
                         });

}  // namespace
}  // namespace edgenext::kernels
