#ifndef TESTS_SERVER_SIMULATE_GIVEN_ARRIVALS_H_
#define TESTS_SERVER_SIMULATE_GIVEN_ARRIVALS_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "server/simulate/workload.h"

namespace edgenext::serving {

// The arrivals that a test lists.
class GivenArrivals final : public ArrivalSource {
 public:
  explicit GivenArrivals(std::vector<Arrival> arrivals) : arrivals_(std::move(arrivals)) {}

  absl::optional<Arrival> Next() override {
    if (next_ == arrivals_.size()) return absl::nullopt;
    return arrivals_[next_++];
  }

 private:
  const std::vector<Arrival> arrivals_;
  size_t next_ = 0;
};

}  // namespace edgenext::serving

#endif  // TESTS_SERVER_SIMULATE_GIVEN_ARRIVALS_H_
