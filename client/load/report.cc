#include "client/load/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace edgenext {
namespace {

constexpr double kLeastGoodShare = 0.99;

std::string Deadlines(const LoadOptions& options) {
  std::string text = options.deadlines.size() == 1 ? "deadline " : "deadlines ";
  double total = 0;
  for (const auto& entry : options.deadlines) total += entry.weight;
  const char* separator = "";
  for (const auto& entry : options.deadlines) {
    absl::StrAppend(&text, separator, absl::FormatDuration(entry.deadline));
    if (options.deadlines.size() > 1)
      absl::StrAppend(&text, absl::StrFormat(" (%.3g %%)", 100 * entry.weight / total));
    separator = ", ";
  }
  return text;
}

}  // namespace

std::string LoadInWords(const LoadReport& report) {
  const LoadOptions& options = report.options;
  switch (options.arrivals) {
    case LoadOptions::Arrivals::kPoisson:
      return absl::StrFormat("open loop, %.6g requests/s (Poisson)", report.rate);
    case LoadOptions::Arrivals::kConstant:
      return absl::StrFormat("open loop, %.6g requests/s (constant)", report.rate);
    case LoadOptions::Arrivals::kTrace:
      return absl::StrCat("open loop, trace ", options.trace_file);
    case LoadOptions::Arrivals::kClosedLoop:
      return absl::StrCat("closed loop, ", options.concurrency, " at once");
  }
  return "";
}

std::string RequestInWords(const LoadReport& report) {
  const LoadOptions& options = report.options;
  std::string text = options.method == LoadOptions::Method::kInfer
                         ? absl::StrCat("ModelInfer with ", options.images_per_request, " of ")
                         : "Classify, ";
  absl::StrAppend(&text, report.description,
                  absl::StrFormat(", %.1f kB a request, ", report.mean_bytes / 1000), Deadlines(options));
  if (options.bulk_share > 0)
    absl::StrAppend(&text, absl::StrFormat(", %.3g %% bulk", 100 * options.bulk_share));
  if (options.attempts > 1) absl::StrAppend(&text, ", ", options.attempts, " attempts");
  if (options.cancel_after.has_value()) {
    absl::StrAppend(&text, absl::StrFormat(", %.3g %% cancelled after ", 100 * options.cancel_share),
                    absl::FormatDuration(*options.cancel_after));
  }
  return text;
}

SearchStep JudgeTrial(const Figures& figures, double rate, absl::Duration limit, double percentile) {
  SearchStep step;
  step.rate = rate;
  step.latency_ms = figures.ok.Percentile(percentile);
  step.good_share = figures.share(figures.good());
  const double limit_ms = absl::ToDoubleMilliseconds(limit);
  if (!figures.void_reasons.empty()) {
    step.is_void = true;
    step.why = absl::StrCat("void: ", figures.void_reasons.front());
  } else if (step.good_share < kLeastGoodShare) {
    step.why = absl::StrFormat("good %.2f %%, below %.0f %%", 100 * step.good_share, 100 * kLeastGoodShare);
  } else if (step.latency_ms > limit_ms) {
    step.why = absl::StrFormat("p%g %.2f ms, over %.6g ms", percentile, step.latency_ms, limit_ms);
  } else {
    step.passed = true;
  }
  return step;
}

}  // namespace edgenext
