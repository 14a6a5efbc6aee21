#ifndef CLIENT_LOAD_METRICS_TEXT_H_
#define CLIENT_LOAD_METRICS_TEXT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace edgenext {

// What /metrics said at one moment. Immutable.
class MetricsText {
 public:
  using Labels = std::map<std::string, std::string>;
  struct Sample {
    std::string name;
    Labels labels;
    double value;
  };

  // Prometheus' text format, 0.0.4; lines that are not of it are passed over.
  explicit MetricsText(absl::string_view text);

  // The sum over the samples of `name` that have all `labels`; none if there is no such sample.
  absl::optional<double> Sum(absl::string_view name, const Labels& labels = {}) const;
  // The values that the label `key` has in samples of `name`.
  std::vector<std::string> Values(absl::string_view name, const std::string& key) const;

 private:
  std::vector<Sample> samples_;
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_METRICS_TEXT_H_
