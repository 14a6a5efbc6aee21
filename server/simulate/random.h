#ifndef SERVER_SIMULATE_RANDOM_H_
#define SERVER_SIMULATE_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <random>

namespace edgenext::serving {

// Random numbers that depend on the seed alone, not on the standard library's distributions.
class Random {
 public:
  explicit Random(uint64_t seed) : bits_(seed) {}

  // In (0, 1).
  double Uniform() { return (static_cast<double>(bits_() >> 11) + 0.5) * 0x1p-53; }
  // With mean 1.
  double Exponential() { return -std::log(Uniform()); }
  // With mean 0 and variance 1 (Box and Muller).
  double Normal() { return std::sqrt(2 * Exponential()) * std::cos(2 * 3.14159265358979323846 * Uniform()); }

 private:
  std::mt19937_64 bits_;
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_RANDOM_H_
