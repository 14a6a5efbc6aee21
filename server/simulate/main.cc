// edgenext-simulate: servers under load on a virtual clock, with the policies of edgenext-server.

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/simulate/command_line.h"
#include "server/simulate/report.h"
#include "server/simulate/simulation.h"
#include "server/simulate/workload.h"

namespace edgenext::serving {
namespace {

constexpr int kExitFailed = 1;

void Print(std::FILE* file, const std::string& text) { std::fwrite(text.data(), 1, text.size(), file); }

int Run(const SimulateCommand& command, const std::string& command_line) {
  std::vector<SimulationResult> results;
  for (const ServingPolicy::Kind kind : command.policies) {
    SimulationOptions options = command.simulation;
    options.policy.kind = kind;
    Workload workload(command.workload);
    results.push_back(Simulate(options, workload));
  }
  if (command.json) {
    Print(stdout, ResultJson(results, command.timeline));
  } else {
    const SimulationResult& first = results.front();
    const double rate = static_cast<double>(first.outcomes.requests) / absl::ToDoubleSeconds(first.measured);
    std::printf("%lld requests in %s: %.1f a second, %.2f x the capacity of %.1f\n",
                static_cast<long long>(first.outcomes.requests), absl::FormatDuration(first.measured).c_str(),
                rate, rate / command.capacity, command.capacity);
    Print(stdout, ResultTable(results));
    for (const SimulationResult& result : results) {
      if (command.timeline) Print(stdout, absl::StrCat("\n", result.policy, "\n", TimelineTable(result)));
    }
  }
  if (command.page.empty()) return 0;
  std::ofstream page(command.page);
  page << ResultPage(command_line, results);
  page.close();
  if (page) return 0;
  std::fprintf(stderr, "edgenext-simulate: cannot write '%s'\n", command.page.c_str());
  return kExitFailed;
}

int Main(int argc, char** argv) {
  const ParsedCommand parsed = ParseSimulateCommand(argc, argv);
  if (!parsed.command) {
    Print(parsed.exit_code == 0 ? stdout : stderr, parsed.text);
    return parsed.exit_code;
  }
  std::string command_line = "edgenext-simulate";
  for (int i = 1; i < argc; ++i) absl::StrAppend(&command_line, " ", argv[i]);
  return Run(*parsed.command, command_line);
}

}  // namespace
}  // namespace edgenext::serving

int main(int argc, char** argv) { return edgenext::serving::Main(argc, argv); }
