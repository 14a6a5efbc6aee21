#ifndef TESTS_SERVER_METRICS_EXPOSITION_H_
#define TESTS_SERVER_METRICS_EXPOSITION_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"

namespace edgenext::testing {

// One sample of Prometheus' text format.
struct Sample {
  std::string name;  // as written: of a histogram with _bucket, _sum or _count
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct Exposition {
  std::map<std::string, std::string> types;  // family → "counter", "gauge", "histogram"
  std::map<std::string, std::string> helps;
  std::vector<Sample> samples;

  // The family a sample belongs to.
  std::string Family(const Sample& sample) const {
    absl::string_view name = sample.name;
    for (const char* suffix : {"_bucket", "_sum", "_count"}) {
      const auto family = types.find(std::string(absl::StripSuffix(name, suffix)));
      if (absl::EndsWith(name, suffix) && family != types.end() && family->second == "histogram")
        return family->first;
    }
    return sample.name;
  }

  // The value of the only sample with this name and these labels; a failure if there is none.
  double Value(const std::string& name, const std::map<std::string, std::string>& labels = {}) const {
    for (const Sample& sample : samples) {
      if (sample.name == name && sample.labels == labels) return sample.value;
    }
    ADD_FAILURE() << "no sample " << name << " with " << ::testing::PrintToString(labels);
    return -1;
  }
};

// Reads https://prometheus.io/docs/instrumenting/exposition_formats/, for label values without quotes,
// commas, braces and backslashes. What it cannot read is a failure.
inline Exposition ParseExposition(const std::string& text) {
  Exposition exposition;
  EXPECT_TRUE(absl::EndsWith(text, "\n"));
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (absl::ConsumePrefix(&line, "# TYPE ")) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      EXPECT_TRUE(exposition.types.emplace(words.at(0), words.at(1)).second) << "twice: " << line;
      continue;
    }
    if (absl::ConsumePrefix(&line, "# HELP ")) {
      const std::vector<std::string> words = absl::StrSplit(line, absl::MaxSplits(' ', 1));
      exposition.helps[words.at(0)] = words.at(1);
      continue;
    }
    Sample sample;
    const size_t name_end = line.find_first_of("{ ");
    sample.name = std::string(line.substr(0, name_end));
    line.remove_prefix(name_end);
    if (absl::ConsumePrefix(&line, "{")) {
      const size_t end = line.find('}');
      for (const absl::string_view label : absl::StrSplit(line.substr(0, end), ',', absl::SkipEmpty())) {
        const std::vector<std::string> halves = absl::StrSplit(label, '=');
        sample.labels[halves.at(0)] = halves.at(1).substr(1, halves.at(1).size() - 2);
      }
      line.remove_prefix(end + 1);
    }
    EXPECT_TRUE(absl::SimpleAtod(absl::StripAsciiWhitespace(line), &sample.value)) << "no number: " << line;
    exposition.samples.push_back(sample);
  }
  return exposition;
}

}  // namespace edgenext::testing

#endif  // TESTS_SERVER_METRICS_EXPOSITION_H_
