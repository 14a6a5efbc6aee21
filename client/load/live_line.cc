#include "client/load/live_line.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/base/text_layout.h"

namespace edgenext {

std::string LiveLine(const LiveView& view, size_t width) {
  FateCounts fates = {};
  std::vector<uint32_t> ok;
  std::vector<uint32_t> lags;
  for (const Sample& sample : view.recent) {
    ++fates[static_cast<size_t>(sample.fate)];
    lags.push_back(sample.send_lag);
    if (sample.fate == Fate::kGood || sample.fate == Fate::kLate) ok.push_back(sample.latency);
  }
  const double seconds = absl::ToDoubleSeconds(view.period);
  std::string line = absl::StrFormat(
      "%.0f/%.0f s%s  %.0f/s", absl::ToDoubleSeconds(view.elapsed), absl::ToDoubleSeconds(view.total),
      view.elapsed < view.warm_up ? " warm-up" : "", static_cast<double>(view.recent.size()) / seconds);
  const char* separator = ": ";
  for (int i = 0; i < kFates; ++i) {
    const uint64_t count = fates[static_cast<size_t>(i)];
    if (count == 0) continue;
    absl::StrAppend(&line, separator, absl::StrFormat("%.0f ", static_cast<double>(count) / seconds),
                    FateName(static_cast<Fate>(i)));
    separator = ", ";
  }
  absl::StrAppend(&line, "  ", view.in_flight, " open");
  if (!ok.empty()) {
    const Distribution latencies(std::move(ok));
    absl::StrAppend(
        &line, absl::StrFormat("  p50 %.1f p99 %.1f ms", latencies.Percentile(50), latencies.Percentile(99)));
  }
  if (!lags.empty()) {
    absl::StrAppend(&line, absl::StrFormat("  lag %.2f ms", Distribution(std::move(lags)).Percentile(99)));
  }
  return ShortenRight(line, width);
}

}  // namespace edgenext
