// Holds the table "Metrics" of server/README.md against what the server exports, in both directions.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/metrics/metrics.h"
#include "tests/server/markdown_table.h"
#include "tests/server/metrics/exposition.h"

namespace edgenext::serving {
namespace {

struct Metric {
  std::string type;
  std::set<std::string> labels;
  friend bool operator==(const Metric& a, const Metric& b) {
    return a.type == b.type && a.labels == b.labels;
  }
  friend void PrintTo(const Metric& metric, std::ostream* out) {
    *out << metric.type << " " << ::testing::PrintToString(metric.labels);
  }
};

std::map<std::string, Metric> Exported() {
  const auto metrics = Metrics::Make();
  metrics->SetBuildInfo("avx2", "f32", "2.6.3");
  metrics->SetModel("pictograms", "1", "edgenext_xx_small", 30);
  metrics->SetExecutionCost(1, absl::Milliseconds(1));
  const testing::Exposition scraped = testing::ParseExposition(metrics->Export());
  std::map<std::string, Metric> exported;
  for (const testing::Sample& sample : scraped.samples) {
    const std::string family = scraped.Family(sample);
    Metric& metric = exported[family];
    metric.type = scraped.types.at(family);
    for (const auto& [name, value] : sample.labels) {
      if (name != "le") metric.labels.insert(name);
    }
  }
  return exported;
}

std::map<std::string, Metric> Documented() {
  std::map<std::string, Metric> documented;
  for (const std::vector<std::string>& row : testing::MarkdownTable(EDGENEXT_SERVER_README, "## Metrics")) {
    Metric metric{row.at(1), {}};
    for (const absl::string_view label : absl::StrSplit(row.at(2), ", ", absl::SkipEmpty())) {
      metric.labels.insert(std::string(label));
    }
    EXPECT_TRUE(documented.emplace(row.at(0), metric).second) << row.at(0) << " is twice in the table";
  }
  return documented;
}

TEST(MetricsTableTest, ListsEveryExportedMetricWithItsTypeAndLabels) {
  const std::map<std::string, Metric> documented = Documented();
  for (const auto& [name, metric] : Exported()) {
    ASSERT_EQ(documented.count(name), 1u) << name << " is not in the table";
    EXPECT_EQ(documented.at(name), metric) << name;
  }
}

TEST(MetricsTableTest, ListsNothingThatIsNotExported) {
  const std::map<std::string, Metric> exported = Exported();
  for (const auto& [name, metric] : Documented()) EXPECT_EQ(exported.count(name), 1u) << name;
}

TEST(MetricsTableTest, EveryMetricExplainsItselfAndIsNamedByTheRules) {
  const auto metrics = Metrics::Make();
  const testing::Exposition scraped = testing::ParseExposition(metrics->Export());
  for (const auto& [name, type] : scraped.types) {
    EXPECT_EQ(scraped.helps.count(name), 1u) << name;
    EXPECT_TRUE(absl::StartsWith(name, "edgenext_") || absl::StartsWith(name, "process_")) << name;
    EXPECT_EQ(type == "counter", absl::EndsWith(name, "_total")) << name;
    EXPECT_FALSE(absl::StrContains(name, "_ms") || absl::StrContains(name, "_us")) << name;
  }
}

}  // namespace
}  // namespace edgenext::serving
