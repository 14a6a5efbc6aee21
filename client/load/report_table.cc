#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/base/text_layout.h"
#include "client/load/report.h"

namespace edgenext {
namespace {

constexpr char kBold[] = "\033[1m";
constexpr char kDim[] = "\033[2m";
constexpr char kRed[] = "\033[31m";
constexpr char kPlain[] = "\033[0m";
constexpr size_t kNameWidth = 34;
constexpr size_t kBarWidth = 20;

const char* MeaningOf(Fate fate) {
  switch (fate) {
    case Fate::kGood:
      return "answered OK within the deadline";
    case Fate::kLate:
      return "answered OK after it";
    case Fate::kNotSent:
      return "by the generator: too many under way";
    case Fate::kCancelled:
      return "by the generator, as it was told to";
    default:
      return "";
  }
}

class TableReport {
 public:
  TableReport(std::ostream& out, const LoadReport& report, bool has_colours)
      : out_(out), report_(report), figures_(report.figures), has_colours_(has_colours) {}

  void Write() {
    WriteSearch();
    Line(LoadInWords(report_),
         absl::StrFormat(", %.3g s after %s of warm-up, %d connections to %s", figures_.seconds,
                         absl::FormatDuration(report_.options.warm_up), report_.options.connections,
                         report_.options.target));
    out_ << RequestInWords(report_) << "\n\n";
    WriteFates();
    WriteOutcomes();
    WriteLatencies();
    WriteCost();
    WriteVerdict();
  }

 private:
  void WriteSearch() {
    if (report_.search.empty()) return;
    out_ << Styled(kDim, absl::StrFormat("%10s %10s %9s", "RATE/s",
                                         absl::StrFormat("p%g ms", report_.options.percentile), "GOOD"))
         << '\n';
    for (const SearchStep& step : report_.search) {
      out_ << absl::StrFormat("%10.1f %10.2f %7.2f %%  ", step.rate, step.latency_ms, 100 * step.good_share)
           << (step.passed ? "passed" : step.why) << '\n';
    }
    const std::string limit = absl::StrFormat("with p%g within %s", report_.options.percentile,
                                              absl::FormatDuration(report_.options.limit));
    if (report_.best_rate.has_value()) {
      out_ << '\n'
           << Styled(kBold, absl::StrFormat("highest rate %s: %.1f requests/s", limit, *report_.best_rate));
    } else {
      out_ << '\n' << Styled(kRed, absl::StrCat("no rate that was tried passes ", limit));
    }
    out_ << "\n\n";
  }

  void WriteFates() {
    Heading("REQUESTS", "COUNT", "PER SECOND", "SHARE");
    for (int i = 0; i < kFates; ++i) {
      const auto fate = static_cast<Fate>(i);
      const uint64_t count = figures_.count(fate);
      if (count > 0 || fate == Fate::kGood) {
        Row(FateName(fate), count, absl::StrCat(Bar(figures_.share(count), kBarWidth), " ", MeaningOf(fate)));
      }
    }
    Row("all", figures_.requests, "");
    if (report_.options.attempts > 1) Row("attempts", figures_.attempts, "");
    out_ << '\n';
  }

  void WriteOutcomes() {
    if (figures_.outcomes.size() == 1 && figures_.outcomes[0].outcome.code == "OK") return;
    Heading("STATUS", "COUNT", "PER SECOND", "SHARE");
    for (const OutcomeCount& entry : figures_.outcomes) {
      Row(Printable(absl::StrCat(entry.outcome.code, " ", entry.outcome.reason)), entry.count, "");
    }
    out_ << '\n';
  }

  void WriteLatencies() {
    out_ << Styled(kDim,
                   PadRight("MILLISECONDS", 16) + absl::StrFormat("%9s%9s%9s%9s%9s%9s%9s", "MEAN", "P50",
                                                                  "P90", "P95", "P99", "P99.9", "MAX"))
         << '\n';
    Latencies("answered OK", figures_.ok);
    Latencies("refused", figures_.refused);
    if (report_.options.arrivals != LoadOptions::Arrivals::kClosedLoop)
      Latencies("send lag", figures_.send_lag);
    Latencies("receive lag", figures_.receive_lag);
    out_ << Styled(kDim,
                   report_.options.arrivals == LoadOptions::Arrivals::kClosedLoop
                       ? "A closed loop waits for slow answers instead of sending: its percentiles flatter."
                       : "Latencies count from the intended time of sending.")
         << "\n\n";
  }

  void Latencies(const char* name, const Distribution& times) {
    if (times.count() == 0) return;
    out_ << PadRight(name, 16) << absl::StrFormat("%9.2f", times.Mean());
    for (const double percentile : {50.0, 90.0, 95.0, 99.0, 99.9}) {
      out_ << absl::StrFormat("%9.2f", times.Percentile(percentile));
    }
    out_ << absl::StrFormat("%9.2f", times.Max()) << '\n';
  }

  void WriteCost() {
    if (!report_.cost.ok()) {
      out_ << "server CPU: not available, " << Printable(report_.cost.status().message()) << '\n';
      return;
    }
    const ServerCost& cost = *report_.cost;
    out_ << absl::StrFormat("server CPU: %.3f ms a request (%.2f s for %.0f requests)",
                            cost.cpu_ms_per_request(), cost.cpu_s, cost.requests);
    if (const auto overhead = cost.overhead_ms_per_request(); overhead.has_value()) {
      out_ << absl::StrFormat(", of which %.3f ms around the computation", *overhead);
    }
    out_ << '\n';
    std::vector<std::string> parts;
    if (cost.mean_batch_size.has_value())
      parts.push_back(absl::StrFormat("batches of %.2f", *cost.mean_batch_size));
    for (const char* stage : {"parse", "queue", "decode", "preprocess", "execute", "postprocess", "send"}) {
      const auto found = cost.stage_mean_ms.find(stage);
      if (found != cost.stage_mean_ms.end())
        parts.push_back(absl::StrFormat("%s %.2f", stage, found->second));
    }
    if (!parts.empty()) out_ << "server, mean ms an image: " << absl::StrJoin(parts, ", ") << '\n';
  }

  void WriteVerdict() {
    for (const std::string& reason : figures_.void_reasons) {
      out_ << Styled(kRed, absl::StrCat("void: ", reason)) << '\n';
    }
  }

  void Heading(const char* name, const char* count, const char* rate, const char* share) {
    out_ << Styled(kDim, PadRight(name, kNameWidth) + absl::StrFormat("%10s%12s%10s", count, rate, share))
         << '\n';
  }

  void Row(const std::string& name, uint64_t count, const std::string& rest) {
    std::string line =
        PadRight(name, kNameWidth) +
        absl::StrFormat("%10d%12.1f%8.2f %%", count, figures_.per_second(count), 100 * figures_.share(count));
    if (!rest.empty()) absl::StrAppend(&line, "  ", rest);
    while (line.back() == ' ') line.pop_back();
    out_ << line << '\n';
  }

  void Line(const std::string& bold, const std::string& rest) { out_ << Styled(kBold, bold) << rest << '\n'; }

  std::string Styled(absl::string_view escape, absl::string_view text) const {
    return has_colours_ ? absl::StrCat(escape, text, kPlain) : std::string(text);
  }

  std::ostream& out_;
  const LoadReport& report_;
  const Figures& figures_;
  const bool has_colours_;
};

}  // namespace

void WriteTableReport(std::ostream& out, const LoadReport& report, bool has_colours) {
  TableReport(out, report, has_colours).Write();
}

}  // namespace edgenext
