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
#include "server/simulate/flag_lists.h"
#include "server/simulate/scrape.h"

namespace edgenext::serving {
namespace {

constexpr int kExitUsage = 64;
constexpr uint64_t kLargestFile = uint64_t{1} << 30;

constexpr char kFooter[] = R"(
Examples:
  At 1.5 times the capacity of two workers, beside a fixed delay and a plain queue:
    edgenext-simulate --cost=1:2.3ms --decode=2.5ms --cpus=2 --rate=1.5x --deadline=100ms --compare
  As a live server measured itself, with refusals that cost 0.1 ms of the same core:
    edgenext-simulate --from-metrics=metrics.txt --refusal-cost=100us --rate=300 --json
  A burst of 1 s in every 10, clients that try again:
    edgenext-simulate --rate=0s:100,9s:100,9s:900,10s:900 --rate-period=10s --attempts=5 --timeline
  Replicas that are scaled on a saw-tooth, drawn into a page:
    edgenext-simulate --rate=0s:0.2x,600s:4x --rate-period=600s --duration=1800s --autoscale=1:10
        --connections=50 --connection-age=60s --html=scaling.html

Durations are written 250us, 2.3ms, 10s. The same flags print the same.)";

// The command line as text, where a value is not simply a number.
struct Texts {
  std::string cost = "1:5ms";
  std::string from_metrics;
  std::string decode = "0", overhead = "0", refusal_cost = "0", round_trip = "0";
  std::string batch_timeout = "0", max_queue_wait = "10s", fixed_delay = "5ms";
  std::string rate = "0.9x", rate_period = "0", arrivals = "poisson", trace, duration = "60s";
  std::string deadline = "none", clients;
  std::string policy = "ours", balance_age = "5m";
  std::string autoscale, startup = "20s", rate_window = "60s", stabilisation = "300s";
  std::string interval;
  bool compare = false;
  double target = 0.7, tolerance = 0.1;
  int connections = 0, removed_a_minute = 1;
};

struct Flags {
  Texts texts;
  SimulateCommand command;
};

void AddServer(CLI::App& app, Flags& flags) {
  Texts& texts = flags.texts;
  ServingPolicy::Options& policy = flags.command.simulation.policy;
  Fleet::Options& fleet = flags.command.simulation.fleet;
  const std::string group = "What requests cost, on one core";
  CLI::Option* cost = app.add_option("--cost", texts.cost, "T(b): SIZE:DURATION,… of batches")->group(group);
  app.add_option("--from-metrics", texts.from_metrics,
                 "file with a server's /metrics: costs and mean stages of it")
      ->group(group)
      ->excludes(cost)
      ->check(CLI::ExistingFile);
  app.add_option("--decode", texts.decode, "decode and preprocess of an image, before its execution")
      ->group(group);
  app.add_option("--overhead", texts.overhead, "CPU around that, half before the queue, half with the answer")
      ->group(group);
  app.add_option("--refusal-cost", texts.refusal_cost, "CPU of a refusal, taken from workers' cores")
      ->group(group);
  app.add_option("--round-trip", texts.round_trip, "of the network: clients wait, no core works")
      ->group(group);
  app.add_option("--spread", flags.command.workload.work_variation,
                 "standard deviation of an image's decode and execution (log-normal) over their mean")
      ->group(group)
      ->check(CLI::Range(0.0, 10.0));

  const std::string server = "The server, as its flags of these names";
  app.add_option("--cpus", fleet.replica.workers, "workers of a replica")
      ->group(server)
      ->check(CLI::Range(1, 100000));
  app.add_option("--latency-threads", fleet.replica.latency_threads,
                 "workers that share an interactive image")
      ->group(server)
      ->check(CLI::Range(1, 1024));
  app.add_option("--max-batch-size", policy.batching.max_batch_size, "most images that a worker takes")
      ->group(server)
      ->check(CLI::Range(1, 8192));
  app.add_option("--batch-timeout", texts.batch_timeout, "longest wait for a full batch")->group(server);
  app.add_option("--queue-capacity", policy.admission.queue_capacity, "images that may wait")
      ->group(server)
      ->check(CLI::Range(1, 100000000));
  app.add_option("--max-queue-wait", texts.max_queue_wait, "longest predicted wait that is admitted")
      ->group(server);
}

void AddWorkload(CLI::App& app, Flags& flags) {
  Texts& texts = flags.texts;
  const std::string group = "What arrives";
  app.add_option("--rate", texts.rate,
                 "requests a second: 200, 0.9x the capacity, or TIME:RATE,… linear between")
      ->group(group);
  app.add_option("--rate-period", texts.rate_period, "after which the rate's points repeat; 0: they do not")
      ->group(group);
  app.add_option("--arrivals", texts.arrivals, "how requests are spaced")
      ->group(group)
      ->check(CLI::IsMember({"poisson", "constant"}));
  app.add_option("--trace", texts.trace, "file of arrivals instead: seconds since the start, one a line")
      ->group(group)
      ->check(CLI::ExistingFile);
  app.add_option("--duration", texts.duration, "time in which requests arrive")->group(group);
  app.add_option("--deadline", texts.deadline,
                 "time until clients give up: 100ms, none, or a mix 50ms:3,1s:1")
      ->group(group);
  app.add_option("--bulk-share", flags.command.workload.bulk_share, "part of the requests that is bulk")
      ->group(group)
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--clients", texts.clients,
                 "keys that shares are fair between, with their parts: web:9,batch:1")
      ->group(group);
  app.add_option("--attempts", flags.command.simulation.attempts,
                 "that a client makes at most, as it is told")
      ->group(group)
      ->check(CLI::Range(1, 100));
  app.add_option("--seed", flags.command.workload.seed, "of everything random")->group(group);
}

void AddReplicas(CLI::App& app, Flags& flags) {
  Texts& texts = flags.texts;
  const std::string group = "Replicas";
  app.add_option("--replicas", flags.command.simulation.fleet.replicas, "ready at the start")
      ->group(group)
      ->check(CLI::Range(1, 10000));
  app.add_option("--connections", texts.connections,
                 "that calls take turns on, each at one replica; 0: calls take turns on replicas")
      ->group(group)
      ->check(CLI::Range(0, 1000000));
  app.add_option("--connection-age", texts.balance_age,
                 "give or take a tenth, after which a connection is made anew")
      ->group(group);
  app.add_option("--autoscale", texts.autoscale,
                 "LEAST:MOST replicas, by the horizontal pod autoscaler's formula")
      ->group(group);
  app.add_option("--target", texts.target, "of offered work per core")
      ->group(group)
      ->check(CLI::Range(0.01, 10.0));
  app.add_option("--tolerance", texts.tolerance, "of metric / target around 1 in which nothing changes")
      ->group(group)
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--stabilisation", texts.stabilisation, "time whose largest number counts for scaling down")
      ->group(group);
  app.add_option("--removed-a-minute", texts.removed_a_minute, "replicas at most")
      ->group(group)
      ->check(CLI::Range(1, 10000));
  app.add_option("--startup", texts.startup, "from asking for a replica until it is ready")->group(group);
  app.add_option("--rate-window", texts.rate_window, "over which offered work is a rate")->group(group);
}

void AddOutput(CLI::App& app, Flags& flags) {
  Texts& texts = flags.texts;
  const std::string group = "Which policies, and what is printed";
  CLI::Option* policy = app.add_option("--policy", texts.policy, "whose rules")
                            ->group(group)
                            ->check(CLI::IsMember({"ours", "fixed-delay", "fifo"}));
  app.add_flag("--compare", texts.compare, "all of them, on the same requests")
      ->group(group)
      ->excludes(policy);
  app.add_option("--fixed-delay", texts.fixed_delay, "that the policy of this name waits for a full batch")
      ->group(group);
  app.add_option("--fixed-capacity", flags.command.simulation.policy.fixed_capacity,
                 "calls that may wait in its queue; 0: any number")
      ->group(group)
      ->check(CLI::Range(0, 100000000));
  app.add_flag("--timeline", flags.command.timeline, "also print what happened in each interval")
      ->group(group);
  app.add_option("--interval", texts.interval, "of the timeline")
      ->group(group)
      ->default_str("a 60th of the duration");
  app.add_flag("--json", flags.command.json, "one JSON object a line for each policy")->group(group);
  app.add_option("--html", flags.command.page, "file for a page with plots, which needs no other")
      ->group(group);
}

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

absl::StatusOr<ServiceModel> ReadCosts(const Texts& texts, const CLI::App& app) {
  ServiceModel service;
  if (texts.from_metrics.empty()) {
    EDGENEXT_RETURN_IF_ERROR(Read("--cost", ParseCost(texts.cost), &service.execution));
    service.believed = service.execution;
  } else {
    EDGENEXT_ASSIGN_OR_RETURN(const std::string metrics, ReadFile(texts.from_metrics, kLargestFile));
    EDGENEXT_RETURN_IF_ERROR(Read("--from-metrics", ReadScrape(metrics), &service));
  }
  // What is given goes before what the file says.
  if (texts.from_metrics.empty() || app.count("--decode") > 0) {
    EDGENEXT_RETURN_IF_ERROR(ReadTime("--decode", texts.decode, &service.decode));
  }
  if (texts.from_metrics.empty() || app.count("--overhead") > 0) {
    EDGENEXT_RETURN_IF_ERROR(ReadTime("--overhead", texts.overhead, &service.overhead));
  }
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--refusal-cost", texts.refusal_cost, &service.refusal_cost));
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--round-trip", texts.round_trip, &service.round_trip));
  return service;
}

absl::Status ReadWorkload(const Texts& texts, double capacity, WorkloadOptions& workload) {
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

absl::Status ReadReplicas(const Texts& texts, Fleet::Options& fleet) {
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

absl::Status ReadPolicies(const Texts& texts, SimulateCommand& command) {
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

absl::Status ReadCommand(const CLI::App& app, Flags& flags) {
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
  simulation.interval = simulation.duration / 60;
  if (flags.texts.interval.empty()) return absl::OkStatus();
  EDGENEXT_RETURN_IF_ERROR(ReadTime("--interval", flags.texts.interval, &simulation.interval));
  if (simulation.interval >= simulation.duration / 100000) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--interval: ", flags.texts.interval, " is not above a 100000th of the duration"));
}

}  // namespace

ParsedCommand ParseSimulateCommand(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app("Simulates servers under load, with the policies of edgenext-server, on a clock of its own.",
               "edgenext-simulate");
  app.set_help_flag("--help", "show this and end");
  app.set_version_flag("--version", absl::StrCat("edgenext-simulate ", kVersion), "show the version and end");
  app.option_defaults()->always_capture_default();
  app.footer(kFooter);
  AddServer(app, flags);
  AddWorkload(app, flags);
  AddReplicas(app, flags);
  AddOutput(app, flags);
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
