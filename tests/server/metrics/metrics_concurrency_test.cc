#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "server/metrics/metrics.h"
#include "tests/server/metrics/exposition.h"

namespace edgenext::serving {
namespace {

// Workers count, a scraper exports and a model is loaded, all at once; no count is lost.
TEST(MetricsConcurrencyTest, CountsFromManyThreadsAllArrive) {
  constexpr int kThreads = 4, kRounds = 2000;
  const auto metrics = Metrics::Make();
  metrics->SetModel("pictograms", "1", "edgenext_xx_small", 30);
  std::vector<std::thread> workers;
  for (int i = 0; i < kThreads; ++i) {
    workers.emplace_back([&metrics] {
      for (int round = 0; round < kRounds; ++round) {
        metrics->CountRequest(Method::kClassify, "pictograms", "1", 0, absl::Milliseconds(1));
        metrics->ObserveStage(Stage::kExecute, absl::Milliseconds(1));
        metrics->ObserveBatch(BatchTrigger::kIdle, 1);
        metrics->CountInferences(1);
        metrics->AddOfferedWork(absl::Seconds(1));
        metrics->AddComputeCpu(absl::Seconds(2));
      }
    });
  }
  std::atomic<bool> stop{false};
  std::thread scraper([&] {
    while (!stop) {
      metrics->Export();
      metrics->SetConnectionsSource([] { return ConnectionGauges{1, 0, 0}; });
      metrics->SetConnectionsSource(nullptr);
    }
  });
  for (int i = 0; i < 20; ++i) metrics->SetModel("pictograms", "1", "edgenext_xx_small", 30);
  for (std::thread& worker : workers) worker.join();
  stop = true;
  scraper.join();

  const testing::Exposition scraped = testing::ParseExposition(metrics->Export());
  constexpr int kTotal = kThreads * kRounds;
  EXPECT_EQ(
      scraped.Value("edgenext_requests_total",
                    {{"model", "pictograms"}, {"version", "1"}, {"method", "Classify"}, {"code", "OK"}}),
      kTotal);
  EXPECT_EQ(scraped.Value("edgenext_stage_duration_seconds_count", {{"stage", "execute"}}), kTotal);
  EXPECT_EQ(scraped.Value("edgenext_batches_total", {{"trigger", "idle"}}), kTotal);
  EXPECT_EQ(scraped.Value("edgenext_inferences_total", {{"model", "pictograms"}, {"version", "1"}}), kTotal);
  EXPECT_EQ(scraped.Value("edgenext_offered_work_seconds_total"), kTotal);
  EXPECT_EQ(scraped.Value("edgenext_compute_cpu_seconds_total"), 2 * kTotal);
}

}  // namespace
}  // namespace edgenext::serving
