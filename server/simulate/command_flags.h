#ifndef SERVER_SIMULATE_COMMAND_FLAGS_H_
#define SERVER_SIMULATE_COMMAND_FLAGS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "server/simulate/command_line.h"

namespace edgenext::serving {

// The command line as text, where a value is not simply a number.
struct SimulateTexts {
  std::string cost = "1:5ms";
  std::string from_metrics, metrics_before;
  std::string decode = "0", overhead = "0", refusal_cost = "0", round_trip = "0";
  std::string batch_timeout = "0", max_queue_wait = "10s", fixed_delay = "5ms";
  std::string rate = "0.9x", rate_period = "0", arrivals = "poisson", trace, duration = "60s", warm_up = "0";
  std::string deadline = "none", clients;
  std::string policy = "ours", balance_age = "5m";
  std::string autoscale, startup = "20s", rate_window = "60s", stabilisation = "300s";
  std::string interval;
  bool compare = false;
  double target = 0.7, tolerance = 0.1;
  int connections = 0, removed_a_minute = 1;
};

struct SimulateFlags {
  SimulateTexts texts;
  SimulateCommand command;
};

// Adds every flag and the examples to `app`; parsing fills in `flags`, which must outlive it.
void AddSimulateFlags(CLI::App& app, SimulateFlags& flags);

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_COMMAND_FLAGS_H_
