#ifndef CLIENT_LOAD_RANDOM_H_
#define CLIENT_LOAD_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <random>

namespace edgenext {

// Random numbers that are the same for a seed on every machine, which the standard library's distributions
// are not. Thread-compatible.
class Random {
 public:
  explicit Random(uint64_t seed) : bits_(seed) {}

  uint64_t Bits() { return bits_(); }
  // Evenly spread over [0, 1).
  double Uniform() { return std::ldexp(static_cast<double>(bits_() >> 11U), -53); }
  // Exponentially distributed with mean 1.
  double Exponential() { return -std::log1p(-Uniform()); }

 private:
  std::mt19937_64 bits_;
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_RANDOM_H_
