#include "client/load/server_cost.h"

#include "client/load/metrics_text.h"
#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::StatusIs;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::Pair;

TEST(MetricsText, ReadsNamesLabelsAndValues) {
  const MetricsText text(
      "# HELP up Whether\n# TYPE up gauge\nup 1\n"
      "calls{code=\"OK\",method=\"A\"} 3\ncalls{code=\"OK\",method=\"B\"} 4.5 1700000000\r\n"
      "calls{code=\"NOT_FOUND\",method=\"A\",} 1e2\ncallsign{code=\"OK\"} 1000\n"
      "odd{a=\"x\\\"y\\\\z\\nw\",b=\"},\"} -2\nnan NaN\n");
  EXPECT_THAT(text.Sum("up"), Optional(1.0));
  EXPECT_THAT(text.Sum("calls"), Optional(107.5));
  EXPECT_THAT(text.Sum("calls", {{"code", "OK"}}), Optional(7.5));
  EXPECT_THAT(text.Sum("calls", {{"code", "OK"}, {"method", "B"}}), Optional(4.5));
  EXPECT_THAT(text.Sum("odd", {{"a", "x\"y\\z\nw"}, {"b", "},"}}), Optional(-2.0));
  EXPECT_THAT(text.Sum("calls", {{"code", "INTERNAL"}}), Eq(absl::nullopt));
  EXPECT_THAT(text.Sum("call"), Eq(absl::nullopt));
  EXPECT_THAT(text.Values("calls", "code"), ElementsAre("OK", "NOT_FOUND"));
  EXPECT_THAT(text.Values("up", "code"), ElementsAre());
}

TEST(MetricsText, PassesOverWhatItCannotRead) {
  const MetricsText text("a{b=\"c\n{} 1\nd\ne{f} 2\ng{h=1} 3\ni x\n\xff\xfe 4\nj{k=\"l\"\nm 5");
  EXPECT_THAT(text.Sum("m"), Optional(5.0));
  for (const char* name : {"a", "d", "e", "g", "i", "j"})
    EXPECT_THAT(text.Sum(name), Eq(absl::nullopt)) << name;
}

constexpr char kBefore[] = R"(
process_cpu_seconds_total 10
process_start_time_seconds 123
edgenext_requests_total{code="OK",method="Classify",model="m",version="1"} 100
edgenext_requests_total{code="RESOURCE_EXHAUSTED",method="Classify",model="m",version="1"} 5
edgenext_requests_total{code="OK",method="Check",model="",version=""} 7
edgenext_inferences_total{model="m",version="1"} 100
edgenext_batch_size_sum 100
edgenext_batch_size_count 100
edgenext_stage_duration_seconds_sum{stage="decode"} 1
edgenext_stage_duration_seconds_count{stage="decode"} 100
edgenext_stage_duration_seconds_sum{stage="send"} 1
edgenext_stage_duration_seconds_count{stage="send"} 100
)";
constexpr char kAfter[] = R"(
process_cpu_seconds_total 12.5
process_start_time_seconds 123
edgenext_requests_total{code="OK",method="Classify",model="m",version="1"} 250
edgenext_requests_total{code="OK",method="ModelInfer",model="m",version="1"} 50
edgenext_requests_total{code="RESOURCE_EXHAUSTED",method="Classify",model="m",version="1"} 55
edgenext_requests_total{code="OK",method="Check",model="",version=""} 900
edgenext_inferences_total{model="m",version="1"} 400
edgenext_batch_size_sum 400
edgenext_batch_size_count 250
edgenext_stage_duration_seconds_sum{stage="decode"} 2.2
edgenext_stage_duration_seconds_count{stage="decode"} 400
edgenext_stage_duration_seconds_sum{stage="send"} 1
edgenext_stage_duration_seconds_count{stage="send"} 100
)";

TEST(ServerCost, IsWhatGrewBetweenTheTwoLooks) {
  const auto cost = CostBetween(MetricsText(kBefore), MetricsText(kAfter));
  ASSERT_TRUE(cost.ok()) << cost.status();
  EXPECT_EQ(cost->cpu_s, 2.5);
  EXPECT_EQ(cost->requests, 250);
  EXPECT_THAT(cost->requests_by_code, ElementsAre(Pair("OK", 200), Pair("RESOURCE_EXHAUSTED", 50)));
  EXPECT_EQ(cost->images, 300);
  EXPECT_EQ(cost->cpu_ms_per_request(), 10);
  EXPECT_THAT(cost->mean_batch_size, Optional(2.0));
  EXPECT_THAT(cost->stage_mean_ms, ElementsAre(Pair("decode", DoubleNear(4, 1e-9))));  // nothing was sent
  EXPECT_THAT(cost->compute_cpu_s, Eq(absl::nullopt));
  EXPECT_THAT(cost->overhead_ms_per_request(), Eq(absl::nullopt));
}

TEST(ServerCost, TheOverheadIsWhatIsNotComputed) {
  const std::string compute = "edgenext_compute_cpu_seconds_total{stage=\"decode\"} ";
  const std::string execute = "edgenext_compute_cpu_seconds_total{stage=\"execute\"} ";
  const auto cost = CostBetween(MetricsText(kBefore + compute + "1\n" + execute + "2\n"),
                                MetricsText(kAfter + compute + "1.5\n" + execute + "3.75\n"));
  ASSERT_TRUE(cost.ok());
  EXPECT_THAT(cost->compute_cpu_s, Optional(2.25));
  EXPECT_THAT(cost->overhead_ms_per_request(), Optional(DoubleNear(1, 1e-9)));
}

TEST(ServerCost, NeedsOneServerWithItsMetrics) {
  std::string restarted = kAfter;
  restarted.replace(restarted.find("123"), 3, "456");
  EXPECT_THAT(CostBetween(MetricsText(kBefore), MetricsText(restarted)),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("restarted")));
  const MetricsText others("process_cpu_seconds_total 1\n");
  EXPECT_THAT(CostBetween(others, others),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("metrics")));
}

TEST(ServerCost, OfNoRequestsIsNoDivision) {
  const auto cost = CostBetween(MetricsText(kBefore), MetricsText(kBefore));
  ASSERT_TRUE(cost.ok());
  EXPECT_EQ(cost->cpu_ms_per_request(), 0);
  EXPECT_THAT(cost->mean_batch_size, Eq(absl::nullopt));
}

}  // namespace
}  // namespace edgenext
