#include "server/metrics/metrics.h"

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/version.h"
#include "tests/server/metrics/exposition.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;
using testing::Exposition;
using testing::ParseExposition;
using testing::Sample;

Exposition Scrape(Metrics& metrics) { return ParseExposition(metrics.Export()); }

std::unique_ptr<Metrics> MetricsWithModel() {
  std::unique_ptr<Metrics> metrics = Metrics::Make();
  metrics->SetModel("pictograms", "1", "edgenext_xx_small", 30);
  return metrics;
}

double Requests(const Exposition& scraped, const std::string& model, const std::string& version,
                const std::string& method, const std::string& code) {
  return scraped.Value("edgenext_requests_total",
                       {{"model", model}, {"version", version}, {"method", method}, {"code", code}});
}

// Upper edges of the buckets of one histogram series, without +Inf.
std::vector<double> Edges(const Exposition& scraped, const std::string& name, const std::string& label,
                          const std::string& value) {
  std::vector<double> edges;
  for (const Sample& sample : scraped.samples) {
    const auto found = sample.labels.find(label);
    if (sample.name != name + "_bucket" || (found == sample.labels.end() ? "" : found->second) != value)
      continue;
    const double edge = std::stod(sample.labels.at("le"));
    if (std::isfinite(edge)) edges.push_back(edge);
  }
  return edges;
}

TEST(MetricsTest, RequestsCountByMethodAndCode) {
  const auto metrics = MetricsWithModel();
  metrics->CountRequest(Method::kClassify, "pictograms", "1", 0, absl::Milliseconds(3));
  metrics->CountRequest(Method::kClassify, "pictograms", "1", 0, absl::Milliseconds(5));
  metrics->CountRequest(Method::kClassify, "pictograms", "1", 8, absl::Milliseconds(1));
  metrics->CountRequest(Method::kModelInfer, "pictograms", "1", 3, absl::Milliseconds(1));
  const Exposition scraped = Scrape(*metrics);
  EXPECT_EQ(Requests(scraped, "pictograms", "1", "Classify", "OK"), 2);
  EXPECT_EQ(Requests(scraped, "pictograms", "1", "Classify", "RESOURCE_EXHAUSTED"), 1);
  EXPECT_EQ(Requests(scraped, "pictograms", "1", "ModelInfer", "INVALID_ARGUMENT"), 1);
  EXPECT_EQ(Requests(scraped, "pictograms", "1", "ModelInfer", "OK"), 0);
  const std::map<std::string, std::string> classify = {{"model", "pictograms"}, {"method", "Classify"}};
  EXPECT_EQ(scraped.Value("edgenext_request_duration_seconds_count", classify), 3);
  EXPECT_NEAR(scraped.Value("edgenext_request_duration_seconds_sum", classify), 0.009, 1e-12);
}

TEST(MetricsTest, EveryCodeHasItsCanonicalName) {
  const std::map<int, std::string> names = {{0, "OK"},
                                            {1, "CANCELLED"},
                                            {2, "UNKNOWN"},
                                            {3, "INVALID_ARGUMENT"},
                                            {4, "DEADLINE_EXCEEDED"},
                                            {5, "NOT_FOUND"},
                                            {8, "RESOURCE_EXHAUSTED"},
                                            {12, "UNIMPLEMENTED"},
                                            {13, "INTERNAL"},
                                            {14, "UNAVAILABLE"}};
  const auto metrics = MetricsWithModel();
  for (const auto& [code, name] : names) {
    metrics->CountRequest(Method::kModelReady, "pictograms", "1", code, absl::ZeroDuration());
    EXPECT_EQ(Requests(Scrape(*metrics), "pictograms", "1", "ModelReady", name), 1) << code;
  }
  for (const int code : {6, 7, 9, 10, 11, 15, 16, 17, -1}) {
    metrics->CountRequest(Method::kModelReady, "pictograms", "1", code, absl::ZeroDuration());
  }
  EXPECT_EQ(Requests(Scrape(*metrics), "pictograms", "1", "ModelReady", "UNKNOWN"), 10);
}

TEST(MetricsTest, NoClientCanMakeASeries) {
  const auto metrics = MetricsWithModel();
  const size_t series = Scrape(*metrics).samples.size();
  metrics->CountRequest(Method::kClassify, "pictogram", "1", 5, absl::ZeroDuration());
  metrics->CountRequest(Method::kClassify, "pictograms", "2", 5, absl::ZeroDuration());
  metrics->CountRequest(Method::kModelInfer, "", "", 5, absl::ZeroDuration());
  metrics->CountRequest(Method::kUnknown, "pictograms", "1", 12, absl::ZeroDuration());
  const Exposition scraped = Scrape(*metrics);
  EXPECT_EQ(scraped.samples.size(), series);
  EXPECT_EQ(Requests(scraped, "_unknown", "", "Classify", "NOT_FOUND"), 2);
  EXPECT_EQ(Requests(scraped, "_unknown", "", "ModelInfer", "NOT_FOUND"), 1);
  EXPECT_EQ(Requests(scraped, "_unknown", "", "_unknown", "UNIMPLEMENTED"), 1);
}

TEST(MetricsTest, MethodsOfTheServerHaveNoModel) {
  const auto metrics = MetricsWithModel();
  metrics->CountRequest(Method::kServerLive, "pictograms", "1", 0, absl::ZeroDuration());
  metrics->CountRequest(Method::kServerReady, "", "", 0, absl::ZeroDuration());
  metrics->CountRequest(Method::kServerMetadata, "", "", 0, absl::ZeroDuration());
  for (const char* method : {"ServerLive", "ServerReady", "ServerMetadata"}) {
    EXPECT_EQ(Requests(Scrape(*metrics), "", "", method, "OK"), 1) << method;
  }
}

TEST(MetricsTest, StagesReasonsTriggersAndBudgetsGoToTheirOwnSeries) {
  const std::vector<std::pair<Stage, std::string>> stages = {
      {Stage::kParse, "parse"}, {Stage::kDecode, "decode"},   {Stage::kPreprocess, "preprocess"},
      {Stage::kQueue, "queue"}, {Stage::kExecute, "execute"}, {Stage::kPostprocess, "postprocess"},
      {Stage::kSend, "send"}};
  const std::vector<std::pair<RejectReason, std::string>> reasons = {
      {RejectReason::kOverloaded, "overloaded"},
      {RejectReason::kDeadlineUnreachable, "deadline_unreachable"},
      {RejectReason::kDraining, "draining"},
      {RejectReason::kModelNotReady, "model_not_ready"}};
  const std::vector<std::pair<BatchTrigger, std::string>> triggers = {{BatchTrigger::kIdle, "idle"},
                                                                      {BatchTrigger::kFull, "full"},
                                                                      {BatchTrigger::kTimeout, "timeout"},
                                                                      {BatchTrigger::kDeadline, "deadline"},
                                                                      {BatchTrigger::kDrain, "drain"}};
  const auto metrics = MetricsWithModel();
  // A different number for each, so that no two can be swapped.
  int times = 0;
  for (const auto& stage : stages) {
    ++times;
    for (int i = 0; i < times; ++i) metrics->ObserveStage(stage.first, absl::Milliseconds(1));
    for (int i = 0; i < times; ++i) metrics->CountCancelled(stage.first);
  }
  times = 0;
  for (const auto& reason : reasons) {
    ++times;
    for (int i = 0; i < times; ++i) metrics->CountRejected(reason.first);
  }
  times = 0;
  for (const auto& trigger : triggers) {
    ++times;
    for (int i = 0; i < times; ++i) metrics->ObserveBatch(trigger.first, 2);
  }
  metrics->CountDeadlineExceeded(DeadlineBudget::kShort);
  metrics->CountDeadlineExceeded(DeadlineBudget::kLong);
  metrics->CountDeadlineExceeded(DeadlineBudget::kLong);

  const Exposition scraped = Scrape(*metrics);
  times = 0;
  for (const auto& stage : stages) {
    ++times;
    EXPECT_EQ(scraped.Value("edgenext_stage_duration_seconds_count", {{"stage", stage.second}}), times);
    EXPECT_EQ(scraped.Value("edgenext_requests_cancelled_total", {{"stage", stage.second}}), times);
  }
  times = 0;
  for (const auto& reason : reasons) {
    EXPECT_EQ(scraped.Value("edgenext_requests_rejected_total", {{"reason", reason.second}}), ++times);
  }
  times = 0;
  for (const auto& trigger : triggers) {
    EXPECT_EQ(scraped.Value("edgenext_batches_total", {{"trigger", trigger.second}}), ++times);
  }
  EXPECT_EQ(scraped.Value("edgenext_batch_size_count"), 15);
  EXPECT_EQ(scraped.Value("edgenext_batch_size_sum"), 30);
  EXPECT_EQ(scraped.Value("edgenext_deadline_exceeded_total", {{"budget", "short"}}), 1);
  EXPECT_EQ(scraped.Value("edgenext_deadline_exceeded_total", {{"budget", "long"}}), 2);
}

TEST(MetricsTest, TheLatencyObjectiveIsAnEdge) {
  const std::vector<double> usual = {.0005, .001, .002, .003, .004, .006, .008, .012, .016, .024, .032,
                                     .05,   .075, .1,   .15,  .25,  .5,   1,    2.5,  5,    10};
  for (const absl::Duration objective :
       {absl::Milliseconds(100), absl::Milliseconds(1), absl::Milliseconds(42), absl::Seconds(30),
        absl::Microseconds(100)}) {
    const auto metrics = Metrics::Make(objective);
    metrics->SetModel("pictograms", "1", "edgenext_xx_small", 30);
    metrics->CountRequest(Method::kClassify, "pictograms", "1", 0, objective);
    metrics->CountRequest(Method::kClassify, "pictograms", "1", 0, objective + absl::Microseconds(1));
    std::set<double> expected(usual.begin(), usual.end());
    expected.insert(absl::ToDoubleSeconds(objective));
    const Exposition scraped = Scrape(*metrics);
    const std::vector<double> edges =
        Edges(scraped, "edgenext_request_duration_seconds", "method", "Classify");
    EXPECT_EQ(std::set<double>(edges.begin(), edges.end()), expected);
    EXPECT_EQ(Edges(scraped, "edgenext_stage_duration_seconds", "stage", "queue"), edges);
    int found = 0;
    for (const Sample& sample : scraped.samples) {
      const bool of_method = sample.name == "edgenext_request_duration_seconds_bucket" &&
                             sample.labels.at("method") == "Classify";
      if (!of_method || std::stod(sample.labels.at("le")) != absl::ToDoubleSeconds(objective)) continue;
      EXPECT_EQ(sample.value, 1) << "of the two requests one was within " << objective;
      ++found;
    }
    EXPECT_EQ(found, 1);
  }
}

TEST(MetricsTest, BatchSizesHaveTheirOwnEdges) {
  const auto metrics = MetricsWithModel();
  EXPECT_THAT(Edges(Scrape(*metrics), "edgenext_batch_size", "", ""),
              ElementsAre(1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64));
}

TEST(MetricsTest, BuildAndModelAreDescribed) {
  const auto metrics = MetricsWithModel();
  metrics->SetBuildInfo("avx2", "f32", "2.6.3");
  metrics->SetModelState("warming");
  metrics->SetModelLoadDuration(absl::Milliseconds(1500));
  metrics->SetMemoryBound(300, 400);
  metrics->SetExecutionCost(4, absl::Milliseconds(20));
  metrics->CountInferences(3);
  metrics->AddOfferedWork(absl::Milliseconds(250));
  metrics->AddComputeCpu(absl::Milliseconds(125));
  metrics->SetLifecycle(false, true);
  const Exposition scraped = Scrape(*metrics);
  EXPECT_EQ(scraped.Value("edgenext_build_info", {{"version", kVersion},
                                                  {"revision", kRevision},
                                                  {"isa", "avx2"},
                                                  {"precision", "f32"},
                                                  {"onednn", "2.6.3"}}),
            1);
  EXPECT_EQ(
      scraped.Value(
          "edgenext_model_info",
          {{"model", "pictograms"}, {"version", "1"}, {"variant", "edgenext_xx_small"}, {"classes", "30"}}),
      1);
  for (const char* state : {"loading", "warming", "ready", "draining", "failed"}) {
    EXPECT_EQ(scraped.Value("edgenext_model_state", {{"state", state}}),
              std::string(state) == "warming" ? 1 : 0);
  }
  EXPECT_EQ(scraped.Value("edgenext_model_load_duration_seconds"), 1.5);
  EXPECT_EQ(scraped.Value("edgenext_memory_bound_bytes"), 300);
  EXPECT_EQ(scraped.Value("edgenext_memory_limit_bytes"), 400);
  EXPECT_EQ(scraped.Value("edgenext_execution_cost_seconds", {{"model", "pictograms"}, {"batch_size", "4"}}),
            0.02);
  EXPECT_EQ(scraped.Value("edgenext_inferences_total", {{"model", "pictograms"}, {"version", "1"}}), 3);
  EXPECT_EQ(scraped.Value("edgenext_offered_work_seconds_total"), 0.25);
  EXPECT_EQ(scraped.Value("edgenext_compute_cpu_seconds_total"), 0.125);
  EXPECT_EQ(scraped.Value("edgenext_ready"), 0);
  EXPECT_EQ(scraped.Value("edgenext_draining"), 1);
}

TEST(MetricsTest, WhatBelongsToAModelIsIgnoredBeforeThereIsOne) {
  const auto metrics = Metrics::Make();
  metrics->CountInferences(1);
  metrics->SetExecutionCost(1, absl::Seconds(1));
  metrics->CountRequest(Method::kClassify, "pictograms", "1", 14, absl::ZeroDuration());
  EXPECT_EQ(Requests(Scrape(*metrics), "_unknown", "", "Classify", "UNAVAILABLE"), 1);
}

TEST(MetricsTest, SourcesAreAskedAtEachScrape) {
  const auto metrics = MetricsWithModel();
  int asked = 0;
  metrics->SetPipelineSource([&asked] {
    PipelineGauges gauges;
    gauges.queue_depth = ++asked;
    gauges.queue_oldest_age = absl::Milliseconds(20);
    gauges.inflight_requests = 3;
    gauges.inflight_requests_limit = 256;
    gauges.inflight_bytes = int64_t{5} << 30;
    gauges.inflight_bytes_limit = int64_t{6} << 30;
    gauges.worker_busy = absl::Seconds(12.5);
    gauges.shared_inferences = int64_t{3} << 32;
    gauges.cache_hits = int64_t{5} << 32;
    gauges.cache_misses = 11;
    gauges.cache_shared = 12;
    gauges.cache_bytes = int64_t{7} << 30;
    gauges.cache_entries = 13;
    return gauges;
  });
  metrics->SetConnectionsSource([] { return ConnectionGauges{7, 5, 2}; });
  metrics->SetCpuThrottlingSource([] { return CpuThrottling{100, 4, absl::Milliseconds(125)}; });
  Scrape(*metrics);
  const Exposition scraped = Scrape(*metrics);
  EXPECT_EQ(scraped.Value("edgenext_queue_depth"), 2);
  EXPECT_EQ(scraped.Value("edgenext_queue_oldest_age_seconds"), 0.02);
  EXPECT_EQ(scraped.Value("edgenext_inflight_requests"), 3);
  EXPECT_EQ(scraped.Value("edgenext_inflight_requests_limit"), 256);
  EXPECT_EQ(scraped.Value("edgenext_inflight_bytes"), 5368709120);
  EXPECT_EQ(scraped.Value("edgenext_inflight_bytes_limit"), 6442450944);
  EXPECT_EQ(scraped.Value("edgenext_worker_busy_seconds_total"), 12.5);
  EXPECT_EQ(scraped.Value("edgenext_shared_inferences_total"), 12884901888);
  EXPECT_EQ(scraped.Value("edgenext_cache_hits_total"), 21474836480);
  EXPECT_EQ(scraped.Value("edgenext_cache_misses_total"), 11);
  EXPECT_EQ(scraped.Value("edgenext_cache_shared_total"), 12);
  EXPECT_EQ(scraped.Value("edgenext_cache_bytes"), 7516192768);
  EXPECT_EQ(scraped.Value("edgenext_cache_entries"), 13);
  EXPECT_EQ(scraped.Value("edgenext_connections"), 7);
  EXPECT_EQ(scraped.Value("edgenext_connections_closed_total", {{"reason", "idle"}}), 5);
  EXPECT_EQ(scraped.Value("edgenext_connections_closed_total", {{"reason", "limit"}}), 2);
  EXPECT_EQ(scraped.Value("edgenext_cpu_periods_total"), 100);
  EXPECT_EQ(scraped.Value("edgenext_cpu_throttled_periods_total"), 4);
  EXPECT_EQ(scraped.Value("edgenext_cpu_throttled_seconds_total"), 0.125);

  metrics->SetPipelineSource(nullptr);
  EXPECT_EQ(Scrape(*metrics).Value("edgenext_queue_depth"), 0);
  EXPECT_EQ(asked, 2);
}

// The budget: 400 series and 300 more for every version of a model.
TEST(MetricsTest, StaysWithinTheBudgetOfSeries) {
  constexpr int kModels = 5;
  const auto metrics = Metrics::Make(absl::Milliseconds(42));
  metrics->SetBuildInfo("avx512", "f32", "2.6.3");
  const size_t without_model = Scrape(*metrics).samples.size();
  EXPECT_LE(without_model, 400u);
  for (int i = 1; i <= kModels; ++i) {
    metrics->SetModel("model-" + std::to_string(i), "1", "edgenext_small", 1000);
    for (int batch_size = 1; batch_size <= 64; ++batch_size)
      metrics->SetExecutionCost(batch_size, absl::Seconds(1));
    EXPECT_LE(Scrape(*metrics).samples.size(), 400u + 300u * static_cast<size_t>(i));
  }
}

}  // namespace
}  // namespace edgenext::serving
