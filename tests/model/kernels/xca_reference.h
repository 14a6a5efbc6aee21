#ifndef TESTS_MODEL_KERNELS_XCA_REFERENCE_H_
#define TESTS_MODEL_KERNELS_XCA_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/kernels/kernels.h"

// XCA in float64 loops written from the formula, and the data that its tests share.
namespace edgenext::kernels {

// In [-1, 1), the same for every run: the finaliser of splitmix64.
inline float Noise(uint64_t index) {
  uint64_t z = (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<float>((z ^ (z >> 31)) >> 40) / static_cast<float>(1 << 23) - 1.0f;
}

// Of mean 0 and variance 1, by Box and Muller.
inline float NormalNoise(uint64_t index) {
  constexpr double kPi = 3.14159265358979323846;
  const double radius = 1.0 - 0.5 * (static_cast<double>(Noise(2 * index)) + 1.0);
  return static_cast<float>(std::sqrt(-2.0 * std::log(radius)) *
                            std::cos(kPi * static_cast<double>(Noise(2 * index + 1))));
}

// Floats on the heap that end where their allocation ends, `misalignment` floats after a 16-byte boundary;
// not a number until they are written.
class Floats {
 public:
  explicit Floats(size_t size, size_t misalignment = 0)
      : size_(size), storage_(new float[size + misalignment]), data_(storage_.get() + misalignment) {
    std::fill_n(data_, size, std::nanf(""));
  }
  float* data() { return data_; }
  const float* data() const { return data_; }
  size_t size() const { return size_; }
  float& operator[](size_t i) { return data_[i]; }
  float operator[](size_t i) const { return data_[i]; }
  double At(size_t i) const { return static_cast<double>(data_[i]); }

 private:
  size_t size_;
  std::unique_ptr<float[]> storage_;
  float* data_;
};

// [rows, stride] floats: value(row, column) in the columns, zero beyond.
inline Floats PaddedMatrix(size_t rows, size_t columns, size_t stride,
                           const std::function<float(size_t, size_t)>& value) {
  Floats matrix(rows * stride);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < stride; ++c) matrix[r * stride + c] = c < columns ? value(r, c) : 0.0f;
  }
  return matrix;
}

// [tokens, channels]
using Tokens = std::vector<std::vector<double>>;

// A as [channels, head_dim]: the weights of every query for the keys of its head.
inline std::vector<std::vector<double>> ReferenceAttention(const XcaShape& shape, const Tokens& query,
                                                           const Tokens& key, const float* temperature) {
  const auto dot = [](const Tokens& a, size_t i, const Tokens& b, size_t j) {
    double sum = 0.0;
    for (size_t t = 0; t < a.size(); ++t) sum += a[t][i] * b[t][j];
    return sum;
  };
  const auto norm = [&dot](const Tokens& a, size_t i) { return std::max(std::sqrt(dot(a, i, a, i)), 1e-12); };
  const size_t dim = static_cast<size_t>(shape.head_dim);
  std::vector<std::vector<double>> attention;
  for (size_t c = 0; c < static_cast<size_t>(shape.channels()); ++c) {
    const size_t head = c / dim * dim;
    std::vector<double> row;
    for (size_t j = 0; j < dim; ++j) {
      row.push_back(dot(query, c, key, head + j) / norm(query, c) / norm(key, head + j) *
                    static_cast<double>(temperature[c / dim]));
    }
    const double largest = *std::max_element(row.begin(), row.end());
    double sum = 0.0;
    for (double& value : row) sum += value = std::exp(value - largest);
    for (double& value : row) value /= sum;
    attention.push_back(row);
  }
  return attention;
}

// The weight of the query of channel c for key j of its head, in what kernels write.
inline double AttentionAt(const XcaShape& shape, const Floats& attention, size_t c, size_t j) {
  const size_t dim = static_cast<size_t>(shape.head_dim);
  return attention.At((c / dim * dim + j) * XcaPaddedDim(shape.head_dim) + c % dim);
}

inline std::string ShapeName(const XcaShape& shape) {
  return "tokens" + std::to_string(shape.tokens) + "_heads" + std::to_string(shape.heads) + "_dim" +
         std::to_string(shape.head_dim);
}

inline std::string TableName(const KernelTable* table) { return IsaName(table->isa); }

}  // namespace edgenext::kernels

#endif  // TESTS_MODEL_KERNELS_XCA_REFERENCE_H_
