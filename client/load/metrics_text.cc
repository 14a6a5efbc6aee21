#include "client/load/metrics_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace edgenext {
namespace {

// Takes "value" with its escapes off the front of `text`; false if it is not there.
bool TakeQuoted(absl::string_view& text, std::string& value) {
  if (!absl::ConsumePrefix(&text, "\"")) return false;
  while (!text.empty() && text[0] != '"') {
    char next = text[0];
    if (next == '\\' && text.size() > 1) {
      text.remove_prefix(1);
      // Of the three escapes only \n stands for another character than it shows.
      next = text[0] == 'n' ? '\n' : text[0];
    }
    value.push_back(next);
    text.remove_prefix(1);
  }
  return absl::ConsumePrefix(&text, "\"");
}

// Takes {key="value",…} off the front of `text`.
bool TakeLabels(absl::string_view& text, MetricsText::Labels& labels) {
  if (!absl::ConsumePrefix(&text, "{")) return true;
  while (!absl::ConsumePrefix(&text, "}")) {
    const size_t equals = text.find('=');
    if (equals == absl::string_view::npos) return false;
    const std::string key(absl::StripAsciiWhitespace(text.substr(0, equals)));
    text.remove_prefix(equals + 1);
    if (!TakeQuoted(text, labels[key])) return false;
    absl::ConsumePrefix(&text, ",");
  }
  return true;
}

bool HasAll(const MetricsText::Labels& labels, const MetricsText::Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
    const auto found = labels.find(entry.first);
    return found != labels.end() && found->second == entry.second;
  });
}

}  // namespace

MetricsText::MetricsText(absl::string_view text) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    const size_t name_end = line.find_first_of("{ \t");
    if (line.empty() || line[0] == '#' || name_end == absl::string_view::npos) continue;
    Sample sample;
    sample.name = std::string(line.substr(0, name_end));
    line.remove_prefix(name_end);
    if (!TakeLabels(line, sample.labels)) continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.empty() || !absl::SimpleAtod(words[0], &sample.value)) continue;
    samples_.push_back(std::move(sample));
  }
}

absl::optional<double> MetricsText::Sum(absl::string_view name, const Labels& labels) const {
  absl::optional<double> sum;
  for (const Sample& sample : samples_) {
    if (sample.name == name && HasAll(sample.labels, labels)) sum = sum.value_or(0) + sample.value;
  }
  return sum;
}

std::vector<std::string> MetricsText::Values(absl::string_view name, const std::string& key) const {
  std::vector<std::string> values;
  for (const Sample& sample : samples_) {
    const auto found = sample.labels.find(key);
    if (sample.name != name || found == sample.labels.end()) continue;
    if (std::find(values.begin(), values.end(), found->second) == values.end())
      values.push_back(found->second);
  }
  return values;
}

}  // namespace edgenext
