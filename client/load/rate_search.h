#ifndef CLIENT_LOAD_RATE_SEARCH_H_
#define CLIENT_LOAD_RATE_SEARCH_H_

#include "absl/types/optional.h"

namespace edgenext {

// Searches the highest rate that a trial passes: doubles until one fails, or halves until one passes, then
// bisects until the two are within kPrecision of each other. Assumes that what passes at a rate passes below
// it. Thread-compatible.
class RateSearch {
 public:
  static constexpr double kPrecision = 0.05;
  static constexpr double kLowest = 0.1;
  static constexpr int kMostTrials = 30;

  // `first` and `highest` are above 0; nothing above `highest` is tried.
  RateSearch(double first, double highest);

  // The rate to try next; none when the search is over.
  absl::optional<double> Next() const;
  // What came of Next().
  void Report(bool passed);

  // The highest rate that passed, and the lowest that did not.
  absl::optional<double> best() const { return passed_; }
  absl::optional<double> failed() const { return failed_; }

 private:
  const double first_;
  const double highest_;
  absl::optional<double> passed_;
  absl::optional<double> failed_;
  int trials_ = 0;
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_RATE_SEARCH_H_
