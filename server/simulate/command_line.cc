#include "server/simulate/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "model/base/file_reader.h"
#include "model/base/status_macros.h"
#include "model/base/version.h"
#include "server/simulate/command_flags.h"
#include "server/simulate/flag_lists.h"
#include "server/simulate/scrape.h"

namespace edgenext::serving {
namespace {

constexpr int kExitUsage = 64;
constexpr uint64_t kLargestFile = uint64_t{1} << 30;

// Sets *value from the text of a flag, or names the flag in the error.
template <typename T>
absl::Status Read(absl::string_view flag, absl::StatusOr<T> parsed, T* value) {
  if (!parsed.ok())
    return absl::Status(parsed.status().code(), absl::StrCat(flag, ": ", parsed.status().message()));
  *value = *std::move(parsed);
  return absl::OkStatus();
}
absl::Status ReadTime(absl::string_view flag, const std::string& text, absl::Duration* value) {
  return Read(flag, ParseTime(text), value);
}

absl::StatusOr<ServiceModel> ReadCosts(const SimulateTexts& texts, const CLI::App& app) {
  ServiceModel service;
  absl::Duration refusal_cost;
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--refusal-cost", texts.refusal_cost, &refusal_cost));
  if (texts.from_metrics.empty()) {
    EDGENEXT_RETURN_IF_ERROR(Read("--cost", ParseCost(texts.cost), &service.execution));
    service.believed = service.execution;
  } else {
    EDGENEXT_ASSIGN_OR_RETURN(const std::string metrics, ReadFile(texts.from_metrics, kLargestFile));
    if (texts.metrics_before.empty()) {
      EDGENEXT_RETURN_IF_ERROR(Read("--from-metrics", ReadScrape(metrics), &service));
    } else {
      EDGENEXT_ASSIGN_OR_RETURN(const std::string before, ReadFile(texts.metrics_before, kLargestFile));
      EDGENEXT_RETURN_IF_ERROR(
          Read("--metrics-before", ReadScrapes(before, metrics, refusal_cost), &service));
    }
  }
  // What is given goes before what the file says.
  if (texts.from_metrics.empty() || app.count("--decode") > 0) {
    EDGENEXT_RETURN_IF_ERROR(ReadTime("--decode", texts.decode, &service.decode));
  }
  if (texts.from_metrics.empty() || app.count("--overhead") > 0) {
    EDGENEXT_RETURN_IF_ERROR(ReadTime("--overhead", texts.overhead, &service.overhead));
  }
  service.refusal_cost = refusal_cost;
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--round-trip", texts.round_trip, &service.round_trip));
  return service;
}

absl::Status ReadWorkload(const SimulateTexts& texts, double capacity, WorkloadOptions& workload) {
  absl::Duration period;
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--rate-period", texts.rate_period, &period));
  EDGENEXT_RETURN_IF_ERROR(Read("--rate", ParseRate(texts.rate, period, capacity), &workload.rate));
  workload.poisson = texts.arrivals == "poisson";
  if (!texts.trace.empty()) {
    EDGENEXT_ASSIGN_OR_RETURN(const std::string trace, ReadFile(texts.trace, kLargestFile));
    EDGENEXT_RETURN_IF_ERROR(Read("--trace", ParseTrace(trace), &workload.trace));
  }
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--duration", texts.duration, &workload.duration));
  if (workload.duration == absl::ZeroDuration()) {
    return absl::InvalidArgumentError("--duration: '0' is not a duration above 0");
  }
  EDGENEXT_RETURN_IF_ERROR(Read("--deadline", ParseTimeouts(texts.deadline), &workload.timeouts));
  if (!texts.clients.empty()) {
    EDGENEXT_RETURN_IF_ERROR(Read("--clients", ParseClients(texts.clients), &workload.clients));
  }
  return absl::OkStatus();
}

absl::Status ReadReplicas(const SimulateTexts& texts, Fleet::Options& fleet) {
  fleet.balancer.connections = texts.connections;
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--connection-age", texts.balance_age, &fleet.balancer.connection_age));
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--startup", texts.startup, &fleet.startup));
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--rate-window", texts.rate_window, &fleet.rate_window));
  Autoscaler::Options scaler;
  scaler.target = texts.target;
  scaler.tolerance = texts.tolerance;
  scaler.most_removed_a_minute = texts.removed_a_minute;
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--stabilisation", texts.stabilisation, &scaler.stabilisation));
  if (texts.autoscale.empty()) return absl::OkStatus();
  if (std::sscanf(texts.autoscale.c_str(), "%d:%d", &scaler.least, &scaler.most) != 2 || scaler.least < 1 ||
      scaler.most < scaler.least) {
    return absl::InvalidArgumentError(
        absl::StrCat("--autoscale: '", texts.autoscale, "' is not LEAST:MOST replicas, as 1:10"));
  }
  fleet.autoscaler = scaler;
  return absl::OkStatus();
}

absl::Status ReadPolicies(const SimulateTexts& texts, SimulateCommand& command) {
  using Kind = ServingPolicy::Kind;
  for (const Kind kind : {Kind::kOurs, Kind::kFixedDelay, Kind::kFifo}) {
    if (texts.compare || texts.policy == PolicyName(kind)) command.policies.push_back(kind);
  }
  ServingPolicy::Options& policy = command.simulation.policy;
  policy.admission.workers = command.simulation.fleet.replica.workers;
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--batch-timeout", texts.batch_timeout, &policy.batching.batch_timeout));
  EDGENEXT_RETURN_IF_ERROR(
      ReadTime("--max-queue-wait", texts.max_queue_wait, &policy.admission.max_queue_wait));
  return ReadTime("--fixed-delay", texts.fixed_delay, &policy.fixed_delay);
}

absl::Status ReadCommand(const CLI::App& app, SimulateFlags& flags) {
  SimulateCommand& command = flags.command;
  SimulationOptions& simulation = command.simulation;
  EDGENEXT_RETURN_IF_ERROR(ReadPolicies(flags.texts, command));
  EDGENEXT_ASSIGN_OR_RETURN(simulation.service, ReadCosts(flags.texts, app));
  command.capacity = simulation.service.Capacity(simulation.policy.batching.max_batch_size) *
                     simulation.fleet.replica.workers * simulation.fleet.replicas;
  EDGENEXT_RETURN_IF_ERROR(ReadWorkload(flags.texts, command.capacity, command.workload));
  EDGENEXT_RETURN_IF_ERROR(ReadReplicas(flags.texts, simulation.fleet));
  simulation.duration = command.workload.duration;
  simulation.seed = command.workload.seed;
  simulation.clients.clear();
  for (const Weighted<std::string>& client : command.workload.clients)
    simulation.clients.push_back(client.value);
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--warm-up", flags.texts.warm_up, &simulation.warm_up));
  if (simulation.warm_up >= simulation.duration) {
    return absl::InvalidArgumentError(
        absl::StrCat("--warm-up: '", flags.texts.warm_up, "' is not below the duration"));
  }
  simulation.interval = simulation.duration / 60;
  if (flags.texts.interval.empty()) return absl::OkStatus();
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--interval", flags.texts.interval, &simulation.interval));
  if (simulation.interval >= simulation.duration / 100000) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--interval: ", flags.texts.interval, " is not above a 100000th of the duration"));
}

}  // namespace

ParsedCommand ParseSimulateCommand(int argc, const char* const* argv) {
  SimulateFlags flags;
  CLI::App app("Simulates servers under load, with the policies of edgenext-server, on a clock of its own.",
               "edgenext-simulate");
  app.set_help_flag("--help", "show this and end");
  app.set_version_flag("--version", absl::StrCat("edgenext-simulate ", kVersion), "show the version and end");
  AddSimulateFlags(app, flags);
  ParsedCommand parsed;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    parsed.exit_code = app.exit(error, out, out) == 0 ? 0 : kExitUsage;
    parsed.text = out.str();
    return parsed;
  }
  const absl::Status status = ReadCommand(app, flags);
  if (status.ok()) {
    parsed.command = std::move(flags.command);
  } else {
    parsed.exit_code = kExitUsage;
    parsed.text = absl::StrCat("edgenext-simulate: ", status.message(), "\n");
  }
  return parsed;
}

}  // namespace edgenext::serving
