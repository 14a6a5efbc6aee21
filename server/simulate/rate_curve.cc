#include "server/simulate/rate_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace edgenext::serving {
namespace {

constexpr double kEndless = std::numeric_limits<double>::infinity();

}  // namespace

double RateCurve::Segment::RateAt(double time) const {
  if (end == kEndless) return begin_rate;
  return begin_rate + (end_rate - begin_rate) * (time - begin) / (end - begin);
}

double RateCurve::Segment::Reach(double from, double count) const {
  const double rate = RateAt(from);
  const double slope = end == kEndless ? 0 : (end_rate - begin_rate) / (end - begin);
  // rate x + slope x^2 / 2 = count, in the form that stays exact for a small slope.
  const double root = std::sqrt(std::max(rate * rate + 2 * slope * count, 0.0));
  return rate + root > 0 ? from + 2 * count / (rate + root) : kEndless;
}

RateCurve RateCurve::Constant(double rate) {
  RateCurve curve;
  curve.segments_.push_back({0, kEndless, rate, rate});
  return curve;
}

absl::StatusOr<RateCurve> RateCurve::Make(std::vector<Point> points, absl::Duration period) {
  if (points.empty() || points.front().at != absl::ZeroDuration()) {
    return absl::InvalidArgumentError("a rate's first point is not at 0s, expected 0s:RATE,…");
  }
  RateCurve curve;
  curve.period_ = absl::ToDoubleSeconds(period);
  bool any = false;
  for (size_t i = 0; i < points.size(); ++i) {
    const Point& point = points[i];
    if (!(point.rate >= 0) || !std::isfinite(point.rate)) {
      return absl::InvalidArgumentError(absl::StrCat("the rate at ", absl::FormatDuration(point.at), " is ",
                                                     point.rate, ", expected 0 or more"));
    }
    if (i > 0 && point.at < points[i - 1].at) {
      return absl::InvalidArgumentError(absl::StrCat("the rate's point at ", absl::FormatDuration(point.at),
                                                     " comes after ", absl::FormatDuration(points[i - 1].at),
                                                     ", expected rising times"));
    }
    any = any || point.rate > 0;
    if (i > 0 && point.at > points[i - 1].at) {
      curve.segments_.push_back({absl::ToDoubleSeconds(points[i - 1].at), absl::ToDoubleSeconds(point.at),
                                 points[i - 1].rate, point.rate});
    }
  }
  if (!any) return absl::InvalidArgumentError("the rate is always 0, expected some requests");
  const Point& last = points.back();
  const bool repeats = period > absl::ZeroDuration();
  if (repeats && last.at > period) {
    return absl::InvalidArgumentError(absl::StrCat("the rate's period is ", absl::FormatDuration(period),
                                                   ", expected at least its last point's ",
                                                   absl::FormatDuration(last.at)));
  }
  if (!repeats || last.at < period) {
    curve.segments_.push_back(
        {absl::ToDoubleSeconds(last.at), repeats ? curve.period_ : kEndless, last.rate, last.rate});
  }
  double requests = 0;
  for (const Segment& segment : curve.segments_) {
    if (segment.end != kEndless) requests += segment.requests();
  }
  if (repeats && requests <= 0) {
    return absl::InvalidArgumentError("no request arrives in a period of the rate, expected some");
  }
  return curve;
}

double RateCurve::PeriodStart(double time) const {
  return period_ > 0 ? std::floor(time / period_) * period_ : 0;
}

size_t RateCurve::Find(double time_in_period) const {
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), time_in_period,
                                      [](double time, const Segment& segment) { return time < segment.end; });
  return std::min(static_cast<size_t>(after - segments_.begin()), segments_.size() - 1);
}

double RateCurve::RateAt(absl::Duration time) const {
  const double seconds = absl::ToDoubleSeconds(time);
  const double within = seconds - PeriodStart(seconds);
  return segments_[Find(within)].RateAt(within);
}

absl::Duration RateCurve::Advance(absl::Duration from, double count) const {
  const double seconds = absl::ToDoubleSeconds(from);
  double start = PeriodStart(seconds);
  double within = seconds - start;
  size_t i = Find(within);
  while (true) {
    const Segment& segment = segments_[i];
    const double reached = segment.Reach(within, count);
    const double left = segment.end == kEndless ? kEndless : segment.RequestsFrom(within);
    if (count <= left) {
      return reached == kEndless ? absl::InfiniteDuration()
                                 : absl::Seconds(start + std::min(reached, segment.end));
    }
    count -= left;
    within = segment.end;
    if (++i < segments_.size()) continue;
    i = 0;
    within = 0;
    start += period_;
  }
}

}  // namespace edgenext::serving
