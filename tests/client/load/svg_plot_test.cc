#include "client/load/svg_plot.h"

#include "gmock/gmock.h"

namespace edgenext {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> Labels(const PlotAxis& axis) {
  std::vector<std::string> labels;
  for (const auto& [value, label] : axis.ticks) labels.push_back(label);
  return labels;
}

TEST(PlotAxis, LinearOnesAreLabelledAtRoundNumbers) {
  EXPECT_THAT(Labels(PlotAxis::Linear("s", 10)), ElementsAre("0", "2", "4", "6", "8", "10"));
  EXPECT_THAT(Labels(PlotAxis::Linear("s", 0.3)),
              ElementsAre("0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3"));
  EXPECT_DOUBLE_EQ(PlotAxis::Linear("s", 10).Position(2.5), 0.25);
  EXPECT_GT(PlotAxis::Linear("s", 0).high, 0);
}

TEST(PlotAxis, LogarithmicOnesSpanWhatIsThere) {
  const PlotAxis axis = PlotAxis::Logarithmic("ms", 3, 70);
  EXPECT_THAT(Labels(axis), ElementsAre("2", "5", "10", "20", "50", "100"));
  EXPECT_DOUBLE_EQ(axis.Position(2), 0);
  EXPECT_DOUBLE_EQ(axis.Position(100), 1);
  EXPECT_NEAR(axis.Position(std::sqrt(200)), 0.5, 1e-12);
  EXPECT_EQ(axis.Position(0), 0);  // no logarithm
  EXPECT_EQ(axis.Position(1000), 1);
  EXPECT_THAT(Labels(PlotAxis::Logarithmic("ms", 0.5, 0.5)), ElementsAre("0.5", "1"));
}

TEST(PlotAxis, EachNineOfPercentilesIsAsWideAsTheOneBefore) {
  const PlotAxis axis = PlotAxis::Percentiles(10000);
  EXPECT_THAT(Labels(axis), ElementsAre("0", "50", "75", "90", "99", "99.9", "99.99"));
  EXPECT_NEAR(axis.Position(100) - axis.Position(10), axis.Position(1000) - axis.Position(100), 1e-12);
  EXPECT_THAT(Labels(PlotAxis::Percentiles(1)), ElementsAre("0", "50", "75", "90"));
}

TEST(SvgPlot, DrawsWhereTheAxesSay) {
  SvgPlot plot(PlotAxis::Linear("s", 10), PlotAxis::Linear("ms", 10));
  plot.Line({{0, 0}, {10, 10}}, "good", "p50");
  // The corners of the frame: 62 from the left, 12 from the right and the top, 40 from the bottom of 880 x
  // 300.
  EXPECT_THAT(plot.Svg(), HasSubstr("points=\"62.0,260.0 868.0,12.0 \""));
  plot.Bar(0, 5, 0, 5, "late", "late");
  EXPECT_THAT(plot.Svg(), HasSubstr("x=\"62.0\" y=\"136.0\" width=\"403.0\" height=\"124.0\""));
}

TEST(SvgPlot, TextIsEscaped) {
  EXPECT_EQ(EscapeMarkup("<a b='c'>&\"</a>"), "&lt;a b=&#39;c&#39;&gt;&amp;&quot;&lt;/a&gt;");
  SvgPlot plot(PlotAxis::Linear("<x>", 1), PlotAxis::Linear("y", 1));
  plot.Line({{0, 0}}, "good", "<script>");
  plot.Level(1, "good", "a & b");
  EXPECT_THAT(plot.Svg(), Not(HasSubstr("<script>")));
  EXPECT_THAT(plot.Svg(), HasSubstr("a &amp; b"));
  EXPECT_THAT(plot.Svg(), HasSubstr("&lt;x&gt;"));
}

}  // namespace
}  // namespace edgenext
