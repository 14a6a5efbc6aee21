#include <math.h>

#include "model/kernels/implementations.h"

namespace edgenext::kernels {
namespace {

size_t Size(int value) { return static_cast<size_t>(value); }

// Elements of a vector that are `step` floats apart.
struct Strided {
  const float* data;
  size_t step;

  double At(size_t i) const { return static_cast<double>(data[i * step]); }
};

double Dot(Strided a, Strided b, size_t count) {
  double sum = 0.0;
  for (size_t i = 0; i < count; ++i) sum += a.At(i) * b.At(i);
  return sum;
}

double ClampedNorm(float square) { return sqrt(fmax(static_cast<double>(square), 1e-24)); }

void SoftmaxInPlace(float* column, size_t size, size_t step) {
  float largest = column[0];
  for (size_t j = 1; j < size; ++j) largest = fmaxf(largest, column[j * step]);
  float sum = 0.0f;
  for (size_t j = 0; j < size; ++j) {
    column[j * step] = expf(column[j * step] - largest);
    sum += column[j * step];
  }
  for (size_t j = 0; j < size; ++j) column[j * step] /= sum;
}

// From products of queries and keys, and the squares of their norms, to A.
void FinishScores(const XcaShape& shape, const float* temperature, const float* query_squares,
                  const float* key_squares, float* attention) {
  const size_t dim = Size(shape.head_dim);
  const size_t padded_dim = XcaPaddedDim(shape.head_dim);
  for (size_t first = 0; first < Size(shape.channels()); first += dim, ++temperature) {
    float* const head = attention + first * padded_dim;
    for (size_t i = 0; i < dim; ++i) {
      const double query_scale = static_cast<double>(*temperature) / ClampedNorm(query_squares[first + i]);
      for (size_t j = 0; j < dim; ++j) {
        float& score = head[j * padded_dim + i];
        score = static_cast<float>(static_cast<double>(score) * query_scale /
                                   ClampedNorm(key_squares[first + j]));
      }
      SoftmaxInPlace(head + i, dim, padded_dim);
    }
    for (size_t j = 0; j < dim; ++j) {
      for (size_t i = dim; i < padded_dim; ++i) head[j * padded_dim + i] = 0.0f;
    }
  }
}

void Scores(const XcaScoresArguments& arguments) {
  const size_t tokens = Size(arguments.shape.tokens);
  const size_t dim = Size(arguments.shape.head_dim);
  const size_t channels = Size(arguments.shape.channels());
  const size_t padded_dim = XcaPaddedDim(arguments.shape.head_dim);
  float* const query_squares = arguments.scratch;
  float* const key_squares = query_squares + channels;
  const auto query = [&](size_t c) { return Strided{arguments.query + c, arguments.token_stride}; };
  const auto key = [&](size_t c) { return Strided{arguments.key + c, arguments.token_stride}; };
  for (size_t c = 0; c < channels; ++c) {
    query_squares[c] = static_cast<float>(Dot(query(c), query(c), tokens));
    key_squares[c] = static_cast<float>(Dot(key(c), key(c), tokens));
    const size_t head = c / dim * dim;
    for (size_t i = 0; i < dim; ++i) {
      arguments.attention[c * padded_dim + i] = static_cast<float>(Dot(key(c), query(head + i), tokens));
    }
  }
  FinishScores(arguments.shape, arguments.temperature, query_squares, key_squares, arguments.attention);
}

// The mean over tokens of every channel, and G, [channels, stride].
void SumGram(const XcaGramScoresArguments& arguments, float* mean, float* gram) {
  const size_t tokens = Size(arguments.shape.tokens);
  const size_t channels = Size(arguments.shape.channels());
  for (size_t i = 0; i < channels; ++i) {
    const Strided z_i = {arguments.z + i, arguments.stride};
    double sum = 0.0;
    for (size_t t = 0; t < tokens; ++t) sum += z_i.At(t);
    mean[i] = static_cast<float>(sum / static_cast<double>(tokens));
    const double mean_i = static_cast<double>(mean[i]);
    for (size_t j = 0; j <= i; ++j) {
      const Strided z_j = {arguments.z + j, arguments.stride};
      const double mean_j = static_cast<double>(mean[j]);
      double product = 0.0;
      for (size_t t = 0; t < tokens; ++t) product += (z_i.At(t) - mean_i) * (z_j.At(t) - mean_j);
      gram[i * channels + j] = gram[j * channels + i] = static_cast<float>(product);
    }
  }
}

void GramScores(const XcaGramScoresArguments& arguments) {
  const double tokens = static_cast<double>(arguments.shape.tokens);
  const size_t dim = Size(arguments.shape.head_dim);
  const size_t channels = Size(arguments.shape.channels());
  const size_t padded_dim = XcaPaddedDim(arguments.shape.head_dim);
  float* const gram = arguments.scratch;               // [channels, channels]
  float* const products = gram + channels * channels;  // [channels], a row of Wq G or Wk G
  float* const mean = products + channels;
  float* const query_mean = mean + channels;
  float* const query_squares = query_mean + channels;
  float* const key_squares = query_squares + channels;
  SumGram(arguments, mean, gram);

  const auto query_weight = [&](size_t c) { return Strided{arguments.query_weight + c, arguments.stride}; };
  const auto key_weight = [&](size_t c) { return Strided{arguments.key_weight + c * arguments.stride, 1}; };
  const auto multiply_by_gram = [&](Strided weight) {
    for (size_t c = 0; c < channels; ++c) {
      products[c] = static_cast<float>(Dot(weight, {gram + c * channels, 1}, channels));
    }
  };
  const auto square = [&](Strided weight, double mean_after) {
    return static_cast<float>(Dot(weight, {products, 1}, channels) + tokens * mean_after * mean_after);
  };
  for (size_t c = 0; c < channels; ++c) {
    const double mean_after =
        static_cast<double>(arguments.query_bias[c]) + Dot(query_weight(c), {mean, 1}, channels);
    query_mean[c] = static_cast<float>(mean_after);
    multiply_by_gram(query_weight(c));
    query_squares[c] = square(query_weight(c), mean_after);
  }
  for (size_t c = 0; c < channels; ++c) {
    const double mean_after =
        static_cast<double>(arguments.key_bias[c]) + Dot(key_weight(c), {mean, 1}, channels);
    multiply_by_gram(key_weight(c));
    key_squares[c] = square(key_weight(c), mean_after);
    const size_t head = c / dim * dim;
    for (size_t i = 0; i < dim; ++i) {
      const double product = Dot({products, 1}, query_weight(head + i), channels);
      arguments.attention[c * padded_dim + i] =
          static_cast<float>(product + tokens * mean_after * static_cast<double>(query_mean[head + i]));
    }
  }
  FinishScores(arguments.shape, arguments.temperature, query_squares, key_squares, arguments.attention);
}

void Apply(const XcaApplyArguments& arguments) {
  const size_t dim = Size(arguments.shape.head_dim);
  const size_t channels = Size(arguments.shape.channels());
  const size_t padded_dim = XcaPaddedDim(arguments.shape.head_dim);
  const float* value = arguments.value;
  float* out = arguments.out;
  for (int t = 0; t < arguments.shape.tokens;
       ++t, value += arguments.token_stride, out += arguments.out_stride) {
    for (size_t c = 0; c < channels; ++c) {
      const size_t head = c / dim * dim;
      const Strided weights = {arguments.attention + head * padded_dim + c % dim, padded_dim};
      out[c] = static_cast<float>(Dot(weights, {value + head, 1}, dim));
    }
    for (size_t c = channels; c < arguments.out_stride; ++c) out[c] = 0.0f;
  }
}

void Fold(const XcaFoldArguments& arguments) {
  const size_t dim = Size(arguments.shape.head_dim);
  const size_t channels = Size(arguments.shape.channels());
  const size_t padded_dim = XcaPaddedDim(arguments.shape.head_dim);
  const size_t stride = arguments.stride;
  const size_t panel = Size(arguments.panel);
  float* const mixed_bias = arguments.scratch;        // A bv
  float* const mixed_weight = mixed_bias + channels;  // A Wv, [channels, channels]
  for (size_t c = 0; c < channels; ++c) {
    const size_t head = c / dim * dim;
    const Strided weights = {arguments.attention + head * padded_dim + c % dim, padded_dim};
    mixed_bias[c] = static_cast<float>(Dot(weights, {arguments.value_bias + head, 1}, dim));
    for (size_t i = 0; i < channels; ++i) {
      mixed_weight[c * channels + i] =
          static_cast<float>(Dot(weights, {arguments.value_weight + head * stride + i, stride}, dim));
    }
  }
  const size_t outputs = (channels + panel - 1) / panel * panel;
  for (size_t n = 0; n < outputs; ++n) {
    float* const to = arguments.weight + n / panel * panel * channels + n % panel;
    for (size_t i = 0; i < channels; ++i) {
      const Strided proj = {arguments.proj_weight + n, stride};
      to[i * panel] =
          n < channels ? static_cast<float>(Dot(proj, {mixed_weight + i, channels}, channels)) : 0.0f;
    }
  }
  for (size_t n = 0; n < stride; ++n) {
    const double mixed = Dot({arguments.proj_weight + n, stride}, {mixed_bias, 1}, channels);
    arguments.bias[n] = static_cast<float>(static_cast<double>(arguments.proj_bias[n]) + mixed);
  }
}

}  // namespace

extern const XcaKernels kXcaScalar = {&Scores, &GramScores, &Apply, &Fold};

}  // namespace edgenext::kernels
