#include "client/load/svg_plot.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace edgenext {
namespace {

// In the units of the SVG, which scales to the width of the page.
constexpr double kWidth = 880;
constexpr double kHeight = 300;
constexpr double kLeft = 62;
constexpr double kRight = 12;
constexpr double kTop = 12;
constexpr double kBottom = 40;

// The least of 1, 2 and 5 times a power of ten that is at least `value`.
double RoundUp(double value) {
  const double decade = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * decade >= value * (1 - 1e-9)) return factor * decade;
  }
  return 10 * decade;
}

// The greatest of 1, 2 and 5 times a power of ten that is at most `value`.
double RoundDown(double value) {
  const double decade = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {5.0, 2.0}) {
    if (factor * decade <= value * (1 + 1e-9)) return factor * decade;
  }
  return decade;
}

}  // namespace

PlotAxis PlotAxis::Linear(std::string title, double high) {
  constexpr int kTicks = 6;
  PlotAxis axis;
  axis.title = std::move(title);
  const double step = RoundUp(std::max(high, 1e-9) / kTicks);
  axis.high = std::max(high, 1e-9);
  for (int i = 0; i * step <= axis.high * (1 + 1e-9); ++i)
    axis.ticks.emplace_back(i * step, absl::StrFormat("%g", i * step));
  return axis;
}

PlotAxis PlotAxis::Logarithmic(std::string title, double low, double high) {
  PlotAxis axis;
  axis.title = std::move(title);
  axis.is_logarithmic = true;
  axis.high = RoundUp(std::max(high, low * 2));
  axis.low = RoundDown(low);
  for (double decade = std::pow(10, std::floor(std::log10(axis.low))); decade <= axis.high; decade *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double value = factor * decade;
      if (value >= axis.low * (1 - 1e-9) && value <= axis.high * (1 + 1e-9)) {
        axis.ticks.emplace_back(value, absl::StrFormat("%g", value));
      }
    }
  }
  return axis;
}

PlotAxis PlotAxis::Percentiles(size_t count) {
  PlotAxis axis;
  axis.title = "percentile";
  axis.is_logarithmic = true;
  axis.low = 1;
  axis.high = std::max<double>(static_cast<double>(count), 10);
  axis.ticks = {{1, "0"}, {2, "50"}, {4, "75"}};
  std::string label = "90";
  for (double value = 10; value <= axis.high; value *= 10) {
    axis.ticks.emplace_back(value, label);
    label = value == 10 ? "99" : value == 100 ? "99.9" : label + "9";
  }
  return axis;
}

double PlotAxis::Position(double value) const {
  const double position = is_logarithmic ? std::log(std::max(value, low) / low) / std::log(high / low)
                                         : (value - low) / (high - low);
  return std::min(std::max(position, 0.0), 1.0);
}

SvgPlot::SvgPlot(PlotAxis x, PlotAxis y) : x_(std::move(x)), y_(std::move(y)) {}

double SvgPlot::X(double value) const { return kLeft + x_.Position(value) * (kWidth - kLeft - kRight); }
double SvgPlot::Y(double value) const {
  return kHeight - kBottom - y_.Position(value) * (kHeight - kTop - kBottom);
}

std::string SvgPlot::Coordinates(const Points& points) const {
  std::string text;
  for (const auto& [x, y] : points) absl::StrAppend(&text, absl::StrFormat("%.1f,%.1f ", X(x), Y(y)));
  return text;
}

void SvgPlot::Line(const Points& points, absl::string_view style, absl::string_view name) {
  absl::StrAppend(&drawn_, "<polyline class=\"line ", style, "\" points=\"", Coordinates(points),
                  "\"><title>", EscapeMarkup(name), "</title></polyline>\n");
}

void SvgPlot::Band(const Points& lower, const Points& upper, absl::string_view style,
                   absl::string_view name) {
  const Points back(upper.rbegin(), upper.rend());
  absl::StrAppend(&drawn_, "<polygon class=\"area ", style, "\" points=\"", Coordinates(lower),
                  Coordinates(back), "\"><title>", EscapeMarkup(name), "</title></polygon>\n");
}

void SvgPlot::Bar(double x0, double x1, double y0, double y1, absl::string_view style,
                  absl::string_view name) {
  absl::StrAppend(
      &drawn_,
      absl::StrFormat("<rect class=\"area %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">", style,
                      X(x0), Y(y1), X(x1) - X(x0), Y(y0) - Y(y1)),
      "<title>", EscapeMarkup(name), "</title></rect>\n");
}

void SvgPlot::Level(double y, absl::string_view style, absl::string_view label) {
  absl::StrAppend(&drawn_,
                  absl::StrFormat("<line class=\"line %s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                                  style, kLeft, kWidth - kRight, Y(y), Y(y)),
                  absl::StrFormat("<text class=\"label\" text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">",
                                  kWidth - kRight - 4, Y(y) - 4),
                  EscapeMarkup(label), "</text>\n");
}

std::string SvgPlot::Svg() const {
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" role=\"img\">\n", kWidth, kHeight);
  const double bottom = kHeight - kBottom;
  for (const auto& [value, label] : x_.ticks) {
    absl::StrAppend(&svg,
                    absl::StrFormat("<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                                    X(value), X(value), kTop, bottom));
    absl::StrAppend(&svg,
                    absl::StrFormat("<text class=\"label\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">",
                                    X(value), bottom + 15),
                    EscapeMarkup(label), "</text>\n");
  }
  for (const auto& [value, label] : y_.ticks) {
    absl::StrAppend(
        &svg, absl::StrFormat("<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", kLeft,
                              kWidth - kRight, Y(value), Y(value)));
    absl::StrAppend(&svg,
                    absl::StrFormat("<text class=\"label\" text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">",
                                    kLeft - 6, Y(value) + 4),
                    EscapeMarkup(label), "</text>\n");
  }
  absl::StrAppend(&svg, drawn_);
  absl::StrAppend(&svg, absl::StrFormat("<polyline class=\"axis\" points=\"%g,%g %g,%g %g,%g\"/>\n", kLeft,
                                        kTop, kLeft, bottom, kWidth - kRight, bottom));
  absl::StrAppend(&svg,
                  absl::StrFormat("<text class=\"label\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">",
                                  (kLeft + kWidth - kRight) / 2, kHeight - 6),
                  EscapeMarkup(x_.title), "</text>\n");
  absl::StrAppend(
      &svg,
      absl::StrFormat("<text class=\"label\" text-anchor=\"middle\" transform=\"translate(13 %.1f) "
                      "rotate(-90)\">",
                      (kTop + bottom) / 2),
      EscapeMarkup(y_.title), "</text>\n</svg>\n");
  return svg;
}

std::string EscapeMarkup(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

}  // namespace edgenext
