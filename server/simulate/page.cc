#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "server/simulate/report.h"

namespace edgenext::serving {
namespace {

constexpr double kWidth = 900, kHeight = 240, kLeft = 64, kRight = 12, kTop = 12, kBottom = 28;
constexpr int kTicks = 5;

struct Series {
  const char* name;
  const char* colour;
  std::function<double(const Interval&)> value;
};

std::string Escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// Where a value is drawn, on an axis from 0 to `most`.
double X(double value, double most) { return kLeft + (kWidth - kLeft - kRight) * value / most; }
double Y(double value, double most) { return kHeight - kBottom - (kHeight - kTop - kBottom) * value / most; }

std::string Axes(double most_x, double most_y) {
  std::string svg;
  for (int i = 0; i <= kTicks; ++i) {
    const double x = most_x * i / kTicks, y = most_y * i / kTicks;
    absl::StrAppendFormat(&svg, "<line class=grid x1=%.1f x2=%.1f y1=%.1f y2=%.1f />", kLeft, kWidth - kRight,
                          Y(y, most_y), Y(y, most_y));
    absl::StrAppendFormat(&svg, "<text x=%.1f y=%.1f text-anchor=end>%.4g</text>", kLeft - 6,
                          Y(y, most_y) + 4, y);
    absl::StrAppendFormat(&svg, "<text x=%.1f y=%.1f text-anchor=middle>%.4g s</text>", X(x, most_x),
                          kHeight - 8, x);
  }
  return svg;
}

std::string Plot(const std::string& title, const SimulationResult& result,
                 const std::vector<Series>& series) {
  double most = 0;
  for (const Interval& interval : result.timeline) {
    for (const Series& one : series) most = std::max(most, one.value(interval));
  }
  most = most > 0 ? most * 1.05 : 1;
  const double seconds = absl::ToDoubleSeconds(result.duration);
  std::string svg = absl::StrFormat("<h3>%s</h3><svg viewBox='0 0 %.0f %.0f'>", title, kWidth, kHeight);
  absl::StrAppend(&svg, Axes(seconds, most));
  std::string legend;
  for (const Series& one : series) {
    absl::StrAppendFormat(&svg, "<polyline stroke='%s' points='", one.colour);
    for (size_t i = 0; i < result.timeline.size(); ++i) {
      const Interval& interval = result.timeline[i];
      const double end =
          i + 1 < result.timeline.size() ? absl::ToDoubleSeconds(result.timeline[i + 1].begin) : seconds;
      const double y = Y(one.value(interval), most);
      absl::StrAppendFormat(&svg, "%.1f,%.1f %.1f,%.1f ", X(absl::ToDoubleSeconds(interval.begin), seconds),
                            y, X(end, seconds), y);
    }
    absl::StrAppend(&svg, "' />");
    absl::StrAppendFormat(&legend, "<span style='color:%s'>&#9632; %s</span> ", one.colour, one.name);
  }
  return absl::StrCat(svg, "</svg><p>", legend, "</p>\n");
}

constexpr char kHead[] =
    "<!doctype html><meta charset=utf-8><style>"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em}"
    "svg{width:100%;background:#fafafa}svg text{font-size:11px;fill:#555}.grid{stroke:#ddd}"
    "polyline{fill:none;stroke-width:1.5}pre{overflow-x:auto;font-size:12px}"
    "h3{margin:1em 0 .2em;font-size:1em}</style>\n";

}  // namespace

std::string ResultPage(const std::string& title, const std::vector<SimulationResult>& results) {
  const std::vector<Series> rates = {
      {"arrivals", "#888888", [](const Interval& i) { return i.arrivals_per_second; }},
      {"goodput", "#1b7837", [](const Interval& i) { return i.good_per_second; }},
      {"refused", "#c77700", [](const Interval& i) { return i.refused_per_second; }},
      {"expired", "#b2182b", [](const Interval& i) { return i.expired_per_second; }}};
  const std::vector<Series> latency = {{"p99 of good requests", "#2166ac",
                                        [](const Interval& i) { return absl::ToDoubleMilliseconds(i.p99); }}};
  const std::vector<Series> replicas = {
      {"replicas that take calls", "#5e3c99", [](const Interval& i) { return double{1} * i.replicas; }}};
  std::string page =
      absl::StrCat(kHead, "<title>edgenext-simulate</title><h1>edgenext-simulate</h1>\n<p><code>",
                   Escape(title), "</code></p>\n<pre>", Escape(ResultTable(results)), "</pre>\n");
  for (const SimulationResult& result : results) {
    absl::StrAppend(&page, "<h2>", Escape(result.policy), "</h2>\n", Plot("Requests a second", result, rates),
                    Plot("Latency, ms", result, latency), Plot("Replicas", result, replicas));
  }
  return page;
}

}  // namespace edgenext::serving
