#ifndef CLIENT_LOAD_REPORT_H_
#define CLIENT_LOAD_REPORT_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "client/load/figures.h"
#include "client/load/load_options.h"
#include "client/load/server_cost.h"

namespace edgenext {

// One trial of the search for the highest rate.
struct SearchStep {
  double rate = 0;
  double latency_ms = 0;  // the percentile asked for, of requests answered OK
  double good_share = 0;
  bool passed = false;
  bool is_void = false;
  std::string why;  // it did not pass
};

// What `edgenext load` has to say in the end.
struct LoadReport {
  LoadOptions options;
  std::string description;  // of what was sent: "10 images"
  double mean_bytes = 0;    // of a request
  absl::Time date;
  std::string processor;  // of the generator's machine
  std::string version;

  // Of the run; of a search, of the best trial that passed, else of the last.
  double rate = 0;
  Figures figures;
  absl::StatusOr<ServerCost> cost;
  std::vector<SearchStep> search;
  absl::optional<double> best_rate;  // of a search
};

// How load was put on, in words: "open loop, 300 requests/s (Poisson)".
std::string LoadInWords(const LoadReport& report);
// "Classify, 10 images, 77.2 kB a request, deadline 1s".
std::string RequestInWords(const LoadReport& report);

// Text in columns for a terminal.
void WriteTableReport(std::ostream& out, const LoadReport& report, bool has_colours);
// One JSON object in a line; its keys are described in README.md.
void WriteJsonReport(std::ostream& out, const LoadReport& report);
// A page that needs nothing from elsewhere.
void WriteHtmlReport(std::ostream& out, const LoadReport& report);

// Whether a trial passes within `limit`: not void, the percentile of the latencies within it, and 99 % of all
// requests good.
SearchStep JudgeTrial(const Figures& figures, double rate, absl::Duration limit, double percentile);

}  // namespace edgenext

#endif  // CLIENT_LOAD_REPORT_H_
