#ifndef CLIENT_LOAD_DISTRIBUTION_H_
#define CLIENT_LOAD_DISTRIBUTION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace edgenext {

// Durations in microseconds, every one of them kept: percentiles are exact, not those of a histogram's
// buckets. Immutable.
class Distribution {
 public:
  Distribution() = default;
  explicit Distribution(std::vector<uint32_t> microseconds);

  size_t count() const { return sorted_.size(); }

  // In milliseconds; 0 of no durations.
  // The least duration that `percentile` % (above 0, at most 100) of all do not exceed (the nearest rank).
  double Percentile(double percentile) const;
  double Mean() const;
  double Max() const;

 private:
  std::vector<uint32_t> sorted_;
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_DISTRIBUTION_H_
