#include "server/simulate/command_flags.h"

namespace edgenext::serving {
namespace {

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

void AddServer(CLI::App& app, SimulateFlags& flags) {
  SimulateTexts& texts = flags.texts;
  ServingPolicy::Options& policy = flags.command.simulation.policy;
  Fleet::Options& fleet = flags.command.simulation.fleet;
  const std::string group = "What requests cost, on one core";
  CLI::Option* cost = app.add_option("--cost", texts.cost, "T(b): SIZE:DURATION,… of batches")->group(group);
  CLI::Option* metrics = app.add_option("--from-metrics", texts.from_metrics,
                                        "file with a server's /metrics: costs and mean stages of it")
                             ->group(group)
                             ->excludes(cost)
                             ->check(CLI::ExistingFile);
  app.add_option(
         "--metrics-before", texts.metrics_before,
         "file with an earlier /metrics of it: what happened in between counts, the CPU around images too")
      ->group(group)
      ->needs(metrics)
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

void AddWorkload(CLI::App& app, SimulateFlags& flags) {
  SimulateTexts& texts = flags.texts;
  const std::string group = "What arrives";
  app.add_option("--rate", texts.rate,
                 "requests a second: 200, 0.9x the capacity, or TIME:RATE,… linear between")
      ->group(group);
  app.add_option("--rate-period", texts.rate_period, "after which the rate's points repeat; 0: they do not")
      ->group(group);
  app.add_option("--arrivals", texts.arrivals, "how requests are spaced")
      ->group(group)
      ->check(CLI::IsMember({"poisson", "constant"}));
  app.add_option(
         "--trace", texts.trace,
         "file of arrivals instead, as `edgenext load` takes it: SECONDS [DEADLINE] [bulk] in each line")
      ->group(group)
      ->check(CLI::ExistingFile);
  app.add_option("--duration", texts.duration, "time in which requests arrive")->group(group);
  app.add_option("--warm-up", texts.warm_up, "part of it at the start whose requests are not counted")
      ->group(group);
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

void AddReplicas(CLI::App& app, SimulateFlags& flags) {
  SimulateTexts& texts = flags.texts;
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

void AddOutput(CLI::App& app, SimulateFlags& flags) {
  SimulateTexts& texts = flags.texts;
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

}  // namespace

void AddSimulateFlags(CLI::App& app, SimulateFlags& flags) {
  app.option_defaults()->always_capture_default();
  app.footer(kFooter);
  AddServer(app, flags);
  AddWorkload(app, flags);
  AddReplicas(app, flags);
  AddOutput(app, flags);
}

}  // namespace edgenext::serving
