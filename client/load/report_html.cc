#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/base/text_layout.h"
#include "client/load/report.h"
#include "client/load/svg_plot.h"

namespace edgenext {
namespace {

// That of the least value, of any number of them.
constexpr double kLeastPercentile = 1e-6;

constexpr char kStyle[] = R"(
:root { --paper: #fff; --ink: #1c2430; --pale: #66707d; --grid: #e4e8ed; --good: #2f9e5f; --late: #e3a008;
  --refused: #3b7dd8; --expired: #9a5fd0; --cancelled: #9aa3ad; --failed: #d64545; --not_sent: #111; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181e; --ink: #e6eaef; --pale: #97a1ad; --grid: #2a313a;
  --not_sent: #eee; } }
body { margin: 2rem auto; max-width: 920px; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin-bottom: .2rem; } h2 { font-size: 1.05rem; margin: 1.8rem 0 .3rem; }
p { margin: .2rem 0; } .pale { color: var(--pale); } code { overflow-wrap: anywhere; }
.void { border-left: 4px solid var(--failed); padding: .3rem .8rem; margin: .8rem 0; }
.figures { display: flex; flex-wrap: wrap; gap: .6rem 2.2rem; margin: 1rem 0; }
.figures b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .15rem .7rem; border-bottom: 1px solid var(--grid); }
th:first-child, td:first-child { text-align: left; padding-left: 0; } th { font-weight: 600; color: var(--pale); }
svg { width: 100%; height: auto; display: block; }
.grid { stroke: var(--grid); } .axis { stroke: var(--pale); fill: none; } .label { fill: var(--pale); font-size: 12px; }
.line { fill: none; stroke: currentColor; stroke-width: 1.6; } .area { fill: currentColor; stroke: none; }
.band { opacity: .22; } .dashed { stroke-dasharray: 5 4; } .strong { stroke-width: 2.4; }
.good { color: var(--good); } .late { color: var(--late); } .refused { color: var(--refused); }
.expired { color: var(--expired); } .cancelled { color: var(--cancelled); } .failed { color: var(--failed); }
.not_sent { color: var(--not_sent); }
.key span { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em; background: currentColor; }
)";

std::string StyleOf(Fate fate) { return fate == Fate::kNotSent ? "not_sent" : FateName(fate); }

std::string Text(absl::string_view text) { return EscapeMarkup(Printable(text)); }

class HtmlReport {
 public:
  HtmlReport(std::ostream& out, const LoadReport& report)
      : out_(out), report_(report), figures_(report.figures) {}

  void Write() {
    out_ << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>edgenext load: "
         << Text(report_.options.target) << "</title>\n<style>" << kStyle << "</style></head><body>\n";
    WriteHead();
    WriteKeyFigures();
    WriteSearch();
    WriteFatesOverTime();
    WriteLatencyOverTime();
    WriteLatencyByPercentile();
    WriteTables();
    WriteCost();
    out_ << "</body></html>\n";
  }

 private:
  void WriteHead() {
    out_ << "<h1>" << Text(LoadInWords(report_)) << "</h1>\n<p>" << Text(RequestInWords(report_)) << "</p>\n";
    out_ << "<p>"
         << Text(absl::StrFormat("%.3g s after %s of warm-up, %d connections to %s", figures_.seconds,
                                 absl::FormatDuration(report_.options.warm_up), report_.options.connections,
                                 report_.options.target))
         << "</p>\n<p class=\"pale\">"
         << Text(absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", report_.date, absl::UTCTimeZone()))
         << ", edgenext " << Text(report_.version) << " on " << Text(report_.processor)
         << "</p>\n<p class=\"pale\"><code>" << Text(report_.options.command) << "</code></p>\n";
    for (const std::string& reason : figures_.void_reasons) {
      out_ << "<p class=\"void\"><b>Void:</b> " << Text(reason)
           << ". The figures say nothing about the server.</p>\n";
    }
  }

  void WriteKeyFigures() {
    out_ << "<div class=\"figures\">\n";
    KeyFigure(absl::StrFormat("%.1f/s", figures_.per_second(figures_.good())), "goodput");
    KeyFigure(absl::StrFormat("%.2f %%", 100 * figures_.share(figures_.good())), "of requests good");
    KeyFigure(absl::StrFormat("%.2f ms", figures_.ok.Percentile(50)), "median latency");
    KeyFigure(absl::StrFormat("%.2f ms", figures_.ok.Percentile(99)), "99th percentile");
    if (report_.cost.ok()) {
      KeyFigure(absl::StrFormat("%.3f ms", report_.cost->cpu_ms_per_request()), "server CPU a request");
    }
    if (report_.best_rate.has_value()) {
      KeyFigure(absl::StrFormat("%.1f/s", *report_.best_rate), "highest rate within the limit");
    }
    out_ << "</div>\n";
  }

  void KeyFigure(const std::string& value, const char* what) {
    out_ << "<div><b>" << Text(value) << "</b>" << what << "</div>\n";
  }

  void WriteSearch() {
    if (report_.search.empty()) return;
    out_ << "<h2>Search for the highest rate: "
         << Text(absl::StrFormat("p%g within %s", report_.options.percentile,
                                 absl::FormatDuration(report_.options.limit)))
         << "</h2>\n<table><tr><th>requests/s</th><th>latency ms</th><th>good</th><th></th></tr>\n";
    for (const SearchStep& step : report_.search) {
      out_ << absl::StrFormat("<tr><td>%.1f</td><td>%.2f</td><td>%.2f %%</td><td>", step.rate,
                              step.latency_ms, 100 * step.good_share)
           << (step.passed ? "passed" : Text(step.why)) << "</td></tr>\n";
    }
    out_
        << "</table>\n<p class=\"pale\">Below are the figures of the best rate that passed, else of the last "
           "that was tried.</p>\n";
  }

  // What became of the requests of each interval, one upon the other.
  void WriteFatesOverTime() {
    double highest = 0;
    FateCounts totals = {};
    for (const Interval& interval : figures_.timeline) {
      uint64_t count = 0;
      for (size_t i = 0; i < interval.fates.size(); ++i) {
        count += interval.fates[i];
        totals[i] += interval.fates[i];
      }
      highest = std::max(highest, PerSecond(count));
    }
    SvgPlot plot(PlotAxis::Linear("seconds", figures_.seconds),
                 PlotAxis::Linear("requests/s", highest * 1.05));
    std::string key;
    for (size_t i = 0; i < totals.size(); ++i) {
      if (totals[i] == 0) continue;
      const auto fate = static_cast<Fate>(i);
      absl::StrAppend(&key, "<span class=\"", StyleOf(fate), "\"></span>", FateName(fate));
    }
    for (const Interval& interval : figures_.timeline) {
      const double end = std::min(interval.start_s + figures_.interval_s, figures_.seconds);
      uint64_t below = 0;
      for (size_t i = 0; i < interval.fates.size(); ++i) {
        const uint64_t count = interval.fates[i];
        if (count == 0) continue;
        const auto fate = static_cast<Fate>(i);
        plot.Bar(interval.start_s, end, PerSecond(below), PerSecond(below + count), StyleOf(fate),
                 absl::StrFormat("%s: %.1f/s at %.1f s", FateName(fate), PerSecond(count), interval.start_s));
        below += count;
      }
    }
    out_ << "<h2>What became of the requests</h2>\n<p class=\"key\">" << key << "</p>\n" << plot.Svg();
  }

  double PerSecond(uint64_t count) const {
    return figures_.interval_s > 0 ? static_cast<double>(count) / figures_.interval_s : 0;
  }

  void WriteLatencyOverTime() {
    SvgPlot::Points p50;
    SvgPlot::Points p90;
    SvgPlot::Points p99;
    for (const Interval& interval : figures_.timeline) {
      if (interval.ok.count() == 0) continue;
      const double middle = interval.start_s + figures_.interval_s / 2;
      p50.emplace_back(middle, interval.ok.Percentile(50));
      p90.emplace_back(middle, interval.ok.Percentile(90));
      p99.emplace_back(middle, interval.ok.Percentile(99));
    }
    if (p50.empty()) return;
    double highest = 0;
    double lowest = p50.front().second;
    for (const auto& [x, y] : p99) highest = std::max(highest, y);
    for (const auto& [x, y] : p50) lowest = std::min(lowest, y);
    SvgPlot plot(PlotAxis::Linear("seconds, by the intended time of sending", figures_.seconds),
                 PlotAxis::Logarithmic("ms", std::max(lowest, 0.01), highest));
    plot.Band(p50, p99, "band good", "from the median to the 99th percentile");
    plot.Line(p99, "good dashed", "99th percentile");
    plot.Line(p90, "good", "90th percentile");
    plot.Line(p50, "good strong", "median");
    if (!report_.search.empty()) {
      const double limit = absl::ToDoubleMilliseconds(report_.options.limit);
      if (limit < highest) plot.Level(limit, "failed dashed", "limit");
    }
    out_ << "<h2>Latency of requests answered OK: median, p90, p99</h2>\n" << plot.Svg();
  }

  void WriteLatencyByPercentile() {
    if (figures_.ok.count() == 0) return;
    constexpr int kPointsPerDecade = 40;
    double lowest = figures_.ok.Percentile(kLeastPercentile);
    double highest = figures_.ok.Max();
    if (figures_.refused.count() > 0) {
      lowest = std::min(lowest, figures_.refused.Percentile(kLeastPercentile));
      highest = std::max(highest, figures_.refused.Max());
    }
    const PlotAxis x = PlotAxis::Percentiles(figures_.ok.count());
    SvgPlot plot(x, PlotAxis::Logarithmic("ms", std::max(lowest, 0.01), highest));
    AddPercentiles(plot, figures_.ok, x.high, kPointsPerDecade, "good strong", "answered OK");
    AddPercentiles(plot, figures_.refused, x.high, kPointsPerDecade, "refused", "refused");
    out_ << "<h2>Latency by percentile</h2>\n<p class=\"key\"><span class=\"good\"></span>answered OK";
    if (figures_.refused.count() > 0) out_ << "<span class=\"refused\"></span>refused";
    out_ << "</p>\n" << plot.Svg();
  }

  static void AddPercentiles(SvgPlot& plot, const Distribution& times, double high, int points_per_decade,
                             absl::string_view style, absl::string_view name) {
    if (times.count() == 0) return;
    SvgPlot::Points points;
    const double step = std::pow(10, 1.0 / points_per_decade);
    const double end = std::min(high, static_cast<double>(times.count()));
    for (double inverse = 1; inverse < end; inverse *= step) {
      points.emplace_back(inverse, times.Percentile(std::max(100 - 100 / inverse, kLeastPercentile)));
    }
    points.emplace_back(end, times.Max());
    plot.Line(points, style, name);
  }

  void WriteTables() {
    out_ << "<h2>Milliseconds</h2>\n<table><tr><th></th><th>count</th><th>mean</th><th>p50</th><th>p90</"
            "th><th>p95</th>"
            "<th>p99</th><th>p99.9</th><th>max</th></tr>\n";
    TimesRow("answered OK", figures_.ok);
    TimesRow("refused", figures_.refused);
    TimesRow("send lag", figures_.send_lag);
    TimesRow("receive lag", figures_.receive_lag);
    out_ << "</table>\n<p class=\"pale\">Latencies count from the intended time of sending. Lags are the "
            "generator's own.</p>\n<h2>Status</h2>\n<table><tr><th></th><th>count</th><th>per second</th>"
            "<th>share</th></tr>\n";
    for (const OutcomeCount& entry : figures_.outcomes) {
      out_ << "<tr><td>" << Text(absl::StrCat(entry.outcome.code, " ", entry.outcome.reason)) << "</td>"
           << absl::StrFormat("<td>%d</td><td>%.1f</td><td>%.2f %%</td></tr>\n", entry.count,
                              figures_.per_second(entry.count), 100 * figures_.share(entry.count));
    }
    out_ << "</table>\n";
  }

  void TimesRow(const char* name, const Distribution& times) {
    if (times.count() == 0) return;
    out_ << "<tr><td>" << name << "</td>"
         << absl::StrFormat("<td>%d</td><td>%.2f</td>", times.count(), times.Mean());
    for (const double percentile : {50.0, 90.0, 95.0, 99.0, 99.9}) {
      out_ << absl::StrFormat("<td>%.2f</td>", times.Percentile(percentile));
    }
    out_ << absl::StrFormat("<td>%.2f</td></tr>\n", times.Max());
  }

  void WriteCost() {
    out_ << "<h2>The server's own account</h2>\n";
    if (!report_.cost.ok()) {
      out_ << "<p>Not available: " << Text(report_.cost.status().message()) << "</p>\n";
      return;
    }
    const ServerCost& cost = *report_.cost;
    out_ << "<table>\n";
    CostRow("CPU a request, ms", cost.cpu_ms_per_request());
    if (const auto overhead = cost.overhead_ms_per_request(); overhead.has_value()) {
      CostRow("of which around the computation, ms", *overhead);
    }
    if (cost.mean_batch_size.has_value()) CostRow("images in a batch", *cost.mean_batch_size);
    for (const auto& [stage, mean] : cost.stage_mean_ms)
      CostRow(absl::StrCat(stage, ", mean ms an image"), mean);
    out_ << "</table>\n";
  }

  void CostRow(const std::string& name, double value) {
    out_ << "<tr><td>" << Text(name) << "</td>" << absl::StrFormat("<td>%.3f</td></tr>\n", value);
  }

  std::ostream& out_;
  const LoadReport& report_;
  const Figures& figures_;
};

}  // namespace

void WriteHtmlReport(std::ostream& out, const LoadReport& report) { HtmlReport(out, report).Write(); }

}  // namespace edgenext
