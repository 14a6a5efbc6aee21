#ifndef CLIENT_LOAD_SVG_PLOT_H_
#define CLIENT_LOAD_SVG_PLOT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace edgenext {

// One direction of a plot: which values it spans and where it is labelled.
struct PlotAxis {
  std::string title;
  double low = 0;
  double high = 1;
  bool is_logarithmic = false;
  std::vector<std::pair<double, std::string>> ticks;

  // From 0 to at least `high`, labelled at round numbers.
  static PlotAxis Linear(std::string title, double high);
  // Over decades, labelled at 1, 2 and 5 of each; `low` is above 0.
  static PlotAxis Logarithmic(std::string title, double low, double high);
  // Of percentiles p as 100 / (100 - p), each nine as wide as the one before, up to that of 1 in `count`.
  static PlotAxis Percentiles(size_t count);

  // Where a value lies, 0 at the low end and 1 at the high one; held within both.
  double Position(double value) const;
};

// A plot as an SVG element for a page that styles the classes: `axis`, `grid` and `label` of the frame, and
// those that are given to what is drawn. Thread-compatible.
class SvgPlot {
 public:
  using Points = std::vector<std::pair<double, double>>;

  SvgPlot(PlotAxis x, PlotAxis y);

  // A line through the points, with `name` shown when it is pointed at. Text is escaped.
  void Line(const Points& points, absl::string_view style, absl::string_view name);
  // The area between two lines with the same x.
  void Band(const Points& lower, const Points& upper, absl::string_view style, absl::string_view name);
  // A rectangle from (x0, y0) to (x1, y1).
  void Bar(double x0, double x1, double y0, double y1, absl::string_view style, absl::string_view name);
  // A horizontal line across, labelled.
  void Level(double y, absl::string_view style, absl::string_view label);

  std::string Svg() const;

 private:
  double X(double value) const;
  double Y(double value) const;
  std::string Coordinates(const Points& points) const;

  const PlotAxis x_;
  const PlotAxis y_;
  std::string drawn_;
};

// Text as it may stand between tags and in attributes of HTML and SVG.
std::string EscapeMarkup(absl::string_view text);

}  // namespace edgenext

#endif  // CLIENT_LOAD_SVG_PLOT_H_
