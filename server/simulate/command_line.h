#ifndef SERVER_SIMULATE_COMMAND_LINE_H_
#define SERVER_SIMULATE_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "server/simulate/simulation.h"
#include "server/simulate/workload.h"

namespace edgenext::serving {

// What the command line asks for.
struct SimulateCommand {
  SimulationOptions simulation;
  WorkloadOptions workload;
  std::vector<ServingPolicy::Kind> policies;
  double capacity = 0;  // requests a second of all replicas at the start
  bool timeline = false;
  bool json = false;
  std::string page;  // file, if one is wanted
};

// A command, or how the program ends without one: with what it prints, to standard output if `exit_code` is
// 0, else to standard error.
struct ParsedCommand {
  absl::optional<SimulateCommand> command;
  int exit_code = 0;
  std::string text;
};

ParsedCommand ParseSimulateCommand(int argc, const char* const* argv);

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_COMMAND_LINE_H_
