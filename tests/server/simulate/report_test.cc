#include "server/simulate/report.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace edgenext::serving {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

SimulationResult Result() {
  SimulationResult result;
  result.policy = "ours";
  result.duration = absl::Seconds(12);
  result.measured = absl::Seconds(10);
  result.outcomes = {1000, 800, 50, 100, 50};
  result.latencies = {absl::Milliseconds(6), absl::Milliseconds(5), absl::Milliseconds(9),
                      absl::Milliseconds(12), absl::Milliseconds(20)};
  result.goodput = 79.5;
  result.wasted = 0.03;
  result.utilisation = 0.75;
  result.mean_batch = 1.25;
  result.timeline.push_back({absl::ZeroDuration(), 100, 80, 15, 5, absl::Milliseconds(12), 3, 2});
  return result;
}

TEST(ReportTest, TheTableHasSharesOfTheRequests) {
  const std::string table = ResultTable({Result()});
  EXPECT_THAT(table,
              ::testing::ContainsRegex("ours +79\\.5 +80\\.00 +5\\.00 +9\\.00 +12\\.00 +15\\.00 +5\\.00 "
                                       "+3\\.00 +75\\.0 +1\\.25"));
}

TEST(ReportTest, JsonIsAnObjectALine) {
  SimulationResult other = Result();
  other.policy = "fifo";
  const std::string lines = ResultJson({Result(), other}, false);
  const size_t end = lines.find('\n');
  const auto first = nlohmann::json::parse(lines.substr(0, end));
  EXPECT_EQ(nlohmann::json::parse(lines.substr(end + 1))["policy"], "fifo");
  EXPECT_EQ(first["seconds"], 10);
  EXPECT_EQ(first["goodput_per_s"], 79.5);
  EXPECT_EQ(first["requests"], 1000);
  EXPECT_EQ(first["fates"]["refused"], 150);
  EXPECT_EQ(first["ok_ms"]["p50"], 5);
  EXPECT_EQ(first["ok_ms"]["p99"], 12);
  EXPECT_FALSE(first.contains("timeline"));
  EXPECT_EQ(nlohmann::json::parse(ResultJson({Result()}, true))["timeline"][0]["replicas"], 2);
}

TEST(ReportTest, TheTimelineHasALineForEachInterval) {
  EXPECT_THAT(TimelineTable(Result()),
              ::testing::ContainsRegex("0 +2 +100\\.0 +80\\.0 +15\\.0 +5\\.0 +12\\.00 +3\n"));
}

TEST(ReportTest, ThePageNeedsNoOtherAndEscapesWhatItIsGiven) {
  const std::string page = ResultPage("--trace=<script>&", {Result()});
  EXPECT_THAT(page, HasSubstr("--trace=&lt;script>&amp;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("http")));
  // The only interval is the whole run: from the left to the right edge, and goodput at 80 of 105.
  EXPECT_THAT(page, HasSubstr("<polyline stroke='#1b7837' points='64.0,59.6 888.0,59.6 '"));
}

}  // namespace
}  // namespace edgenext::serving
