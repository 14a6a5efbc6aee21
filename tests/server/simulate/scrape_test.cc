#include "server/simulate/scrape.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using ::testing::HasSubstr;

constexpr char kCosts[] =
    "# HELP edgenext_execution_cost_seconds the cost table\n"
    "# TYPE edgenext_execution_cost_seconds gauge\n"
    "edgenext_execution_cost_seconds{batch_size=\"2\",model=\"pictograms\"} 0.006\n"
    "edgenext_execution_cost_seconds{batch_size=\"1\",model=\"pictograms\"} 0.004\n"
    "edgenext_inferences_total{model=\"pictograms\",version=\"1\"} 7\n";
constexpr char kStages[] =
    "edgenext_stage_duration_seconds_bucket{stage=\"execute\",le=\"0.001\"} 0\n"
    "edgenext_stage_duration_seconds_sum{stage=\"execute\"} 0.5\n"
    "edgenext_stage_duration_seconds_count{stage=\"execute\"} 100\n"
    "edgenext_stage_duration_seconds_sum{stage=\"decode\"} 0.2\n"
    "edgenext_stage_duration_seconds_count{stage=\"decode\"} 100\n"
    "edgenext_stage_duration_seconds_sum{stage=\"preprocess\"} 0.05\n"
    "edgenext_stage_duration_seconds_count{stage=\"preprocess\"} 100\n"
    "edgenext_stage_duration_seconds_sum{stage=\"parse\"} 0.002\n"
    "edgenext_stage_duration_seconds_count{stage=\"parse\"} 200\n"
    "edgenext_stage_duration_seconds_sum{stage=\"send\"} 0.004\n"
    "edgenext_stage_duration_seconds_count{stage=\"send\"} 100\n";

#define EXPECT_MS(actual, expected) EXPECT_NEAR(absl::ToDoubleMilliseconds(actual), expected, 1e-6)

TEST(ScrapeTest, BeforeAnyImageTheTableHoldsForAll) {
  const ServiceModel model = ReadScrape(kCosts).value();
  EXPECT_MS(model.believed.Predict(1), 4);
  EXPECT_MS(model.believed.Predict(2), 6);
  EXPECT_MS(model.execution.Predict(2), 6);
  EXPECT_MS(model.decode, 0);
}

TEST(ScrapeTest, MeanStagesAreWhatImagesTake) {
  const ServiceModel model = ReadScrape(std::string(kCosts) + kStages).value();
  EXPECT_MS(model.believed.Predict(2), 6);
  EXPECT_MS(model.execution.Predict(1), 5);
  EXPECT_MS(model.execution.Predict(2), 7.5);
  EXPECT_MS(model.decode, 2.5);
  EXPECT_MS(model.overhead, 0.05);
}

// 0.75 s of stages, in which the threads had the core for 0.6 s.
TEST(ScrapeTest, WhatImagesWereHeldUpIsNotTheirCost) {
  const ServiceModel model =
      ReadScrape(std::string(kCosts) + kStages + "edgenext_compute_cpu_seconds_total 0.6\n").value();
  EXPECT_MS(model.believed.Predict(1), 4);
  EXPECT_MS(model.execution.Predict(1), 4);
  EXPECT_MS(model.execution.Predict(2), 6);
  EXPECT_MS(model.decode, 2);
}

// Between the scrapes: 50 images at 6 ms of execution and 1 ms of decoding, 40 ms of CPU around them, of
// which 100 refusals at 0.1 ms took 10.
TEST(ScrapeTest, TwoScrapesTellWhatHappenedBetween) {
  const std::string costs = "edgenext_execution_cost_seconds{batch_size=\"1\",model=\"m\"} 0.004\n";
  const std::string before = costs +
                             "edgenext_stage_duration_seconds_sum{stage=\"execute\"} 9\n"
                             "edgenext_stage_duration_seconds_count{stage=\"execute\"} 100\n"
                             "edgenext_inferences_total{model=\"m\",version=\"1\"} 100\n"
                             "edgenext_requests_rejected_total{reason=\"draining\"} 3\n"
                             "process_cpu_seconds_total 20\n"
                             "edgenext_compute_cpu_seconds_total 8\n";
  const std::string after = costs +
                            "edgenext_stage_duration_seconds_sum{stage=\"execute\"} 9.3\n"
                            "edgenext_stage_duration_seconds_count{stage=\"execute\"} 150\n"
                            "edgenext_stage_duration_seconds_sum{stage=\"decode\"} 0.05\n"
                            "edgenext_stage_duration_seconds_count{stage=\"decode\"} 50\n"
                            "edgenext_inferences_total{model=\"m\",version=\"1\"} 150\n"
                            "edgenext_requests_rejected_total{reason=\"draining\"} 3\n"
                            "edgenext_requests_rejected_total{reason=\"overloaded\"} 100\n"
                            "process_cpu_seconds_total 20.39\n"
                            "edgenext_compute_cpu_seconds_total 8.35\n";
  const ServiceModel model = ReadScrapes(before, after, absl::Microseconds(100)).value();
  EXPECT_MS(model.believed.Predict(1), 4);
  EXPECT_MS(model.execution.Predict(1), 6);
  EXPECT_MS(model.decode, 1);
  EXPECT_MS(model.overhead, 0.6);
  EXPECT_THAT(ReadScrapes(before, before, absl::ZeroDuration()).status().message(), HasSubstr("grew by 0"));
}

TEST(ScrapeTest, SaysWhatIsMissingOrWrong) {
  EXPECT_THAT(ReadScrape(kStages).status().message(),
              HasSubstr("edgenext_execution_cost_seconds of a batch of 1"));
  EXPECT_THAT(ReadScrape("").status().message(), HasSubstr("expected /metrics"));
  EXPECT_THAT(ReadScrape("edgenext_execution_cost_seconds{batch_size=\"1\"} much").status().message(),
              HasSubstr("has no number"));
}

}  // namespace
}  // namespace edgenext::serving
