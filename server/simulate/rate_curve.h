#ifndef SERVER_SIMULATE_RATE_CURVE_H_
#define SERVER_SIMULATE_RATE_CURVE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace edgenext::serving {

// How many requests arrive in a second, as a piecewise linear function of time: constant loads, steps,
// bursts, ramps and saw-teeth. A value type.
class RateCurve {
 public:
  struct Point {
    absl::Duration at;
    double rate;  // requests a second
  };

  static RateCurve Constant(double rate);

  // Linear between points; two points at one time are a step; the last rate holds on. The first point is at
  // 0, times do not fall, rates are not negative and not all 0. With a `period`, which is not before the last
  // point, the curve starts again after it; zero: it does not.
  static absl::StatusOr<RateCurve> Make(std::vector<Point> points, absl::Duration period);

  double RateAt(absl::Duration time) const;

  // When `count` more requests than at `from` are expected to have arrived; InfiniteDuration if never.
  absl::Duration Advance(absl::Duration from, double count) const;

 private:
  // From `begin` to `end`, in seconds from the start of the period.
  struct Segment {
    double begin, end;
    double begin_rate, end_rate;
    double requests() const { return (begin_rate + end_rate) / 2 * (end - begin); }
    double RateAt(double time) const;
    // Where in the segment `count` requests after `from` are reached; beyond its end if they are not.
    double Reach(double from, double count) const;
    double RequestsFrom(double from) const { return (RateAt(from) + end_rate) / 2 * (end - from); }
  };

  RateCurve() = default;
  double PeriodStart(double time) const;
  size_t Find(double time_in_period) const;

  std::vector<Segment> segments_;  // without gaps, from 0 to the period's end; the last may be endless
  double period_ = 0;              // seconds; 0 is none
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_RATE_CURVE_H_
