#include "server/simulate/command_line.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/simulate/flag_lists.h"
#include "tests/testing/temp_dir.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ParsedCommand Parse(std::vector<std::string> flags) {
  std::vector<const char*> arguments = {"edgenext-simulate"};
  for (const std::string& flag : flags) arguments.push_back(flag.c_str());
  return ParseSimulateCommand(static_cast<int>(arguments.size()), arguments.data());
}
SimulateCommand Good(std::vector<std::string> flags) {
  ParsedCommand parsed = Parse(std::move(flags));
  EXPECT_TRUE(parsed.command) << parsed.text;
  return parsed.command.value_or(SimulateCommand());
}

TEST(CommandLineTest, WithoutFlagsItSimulatesOursBelowItsCapacity) {
  const SimulateCommand command = Good({});
  EXPECT_THAT(command.policies, ElementsAre(ServingPolicy::Kind::kOurs));
  EXPECT_DOUBLE_EQ(command.capacity, 200);
  EXPECT_DOUBLE_EQ(command.workload.rate.RateAt(absl::ZeroDuration()), 180);
  EXPECT_EQ(command.simulation.duration, absl::Seconds(60));
  EXPECT_EQ(command.simulation.interval, absl::Seconds(1));
  EXPECT_FALSE(command.simulation.fleet.autoscaler);
}

TEST(CommandLineTest, ReadsWhatIsGiven) {
  const SimulateCommand command =
      Good({"--cost=1:4ms,2:6ms", "--decode=2ms", "--overhead=1ms", "--refusal-cost=100us",
            "--round-trip=20ms", "--cpus=2", "--max-batch-size=4", "--queue-capacity=7",
            "--max-queue-wait=2s", "--rate=2x", "--deadline=50ms:3,none", "--clients=web:9,batch",
            "--compare", "--replicas=3", "--autoscale=2:5", "--connections=9", "--seed=5", "--interval=10s"});
  EXPECT_EQ(command.policies.size(), 3u);
  // 1 + 2 + 6 / 2 ms for an image, 6 workers.
  EXPECT_NEAR(command.capacity, 1000, 1e-6);
  EXPECT_NEAR(command.workload.rate.RateAt(absl::ZeroDuration()), 2000, 1e-6);
  EXPECT_EQ(command.simulation.service.round_trip, absl::Milliseconds(20));
  EXPECT_EQ(command.simulation.policy.admission.workers, 2);
  EXPECT_EQ(command.simulation.policy.admission.queue_capacity, 7);
  EXPECT_EQ(command.simulation.policy.admission.max_queue_wait, absl::Seconds(2));
  EXPECT_EQ(command.simulation.policy.batching.max_batch_size, 4);
  ASSERT_EQ(command.workload.timeouts.size(), 2u);
  EXPECT_EQ(command.workload.timeouts[0].value, absl::Milliseconds(50));
  EXPECT_EQ(command.workload.timeouts[0].weight, 3);
  EXPECT_EQ(command.workload.timeouts[1].value, absl::InfiniteDuration());
  EXPECT_THAT(command.simulation.clients, ElementsAre("web", "batch"));
  EXPECT_EQ(command.simulation.fleet.autoscaler->most, 5);
  EXPECT_EQ(command.simulation.seed, 5u);
  EXPECT_EQ(command.simulation.interval, absl::Seconds(10));
}

TEST(CommandLineTest, PointsOfTheRateMayBeMultiplesOfTheCapacity) {
  const SimulateCommand command = Good({"--cost=1:10ms", "--rate=0s:10,5s:10,5s:2x", "--rate-period=10s"});
  EXPECT_DOUBLE_EQ(command.workload.rate.RateAt(absl::Seconds(14.9)), 10);
  EXPECT_DOUBLE_EQ(command.workload.rate.RateAt(absl::Seconds(15)), 200);
}

TEST(CommandLineTest, SaysWhatIsWrongAndEndsWith64) {
  const std::pair<std::string, std::string> cases[] = {
      {"--cost=2:5ms", "--cost: '2:5ms' is not SIZE:DURATION with sizes that rise from 1"},
      {"--cost=1:5ms,1:6ms", "'1:6ms'"},
      {"--cost=1:5ms,2:4ms", "'2:4ms' is not at least the cost of a smaller batch"},
      {"--cost=1:0", "above 0"},
      {"--decode=2", "--decode: '2' is not a duration"},
      {"--overhead=-1ms", "--overhead: '-1ms' is not a duration"},
      {"--rate=fast", "--rate: 'fast' is not a rate"},
      {"--rate=1s:5", "--rate: a rate's first point is not at 0s"},
      {"--deadline=50ms:0", "--deadline: '0' is not a weight above 0"},
      {"--clients=:3", "--clients: ':3' is not NAME"},
      {"--autoscale=5:2", "--autoscale: '5:2' is not LEAST:MOST"},
      {"--duration=0", "--duration"},
      {"--interval=0", "--interval"},
      {"--warm-up=60s", "--warm-up: '60s' is not below the duration"},
      {"--cpus=0", "--cpus"},
      {"--policy=best", "best"},
      {"--from-metrics=/nonexistent", "/nonexistent"},
      {"--metrics-before=/dev/null", "--from-metrics"},
      {"--nonsense", "--nonsense"},
  };
  for (const auto& [flag, message] : cases) {
    const ParsedCommand parsed = Parse({flag});
    EXPECT_FALSE(parsed.command) << flag;
    EXPECT_EQ(parsed.exit_code, 64) << flag;
    EXPECT_THAT(parsed.text, HasSubstr(message));
  }
}

TEST(CommandLineTest, HelpHasExamples) {
  const ParsedCommand parsed = Parse({"--help"});
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_THAT(parsed.text, HasSubstr("Examples:"));
  EXPECT_THAT(parsed.text, HasSubstr("--max-queue-wait"));
}

TEST(CommandLineTest, FlagsGoBeforeWhatAScrapeSays) {
  const testing::TempDir folder;
  const std::string file = folder.path() + "/metrics.txt";
  std::ofstream(file) << "edgenext_execution_cost_seconds{batch_size=\"1\",model=\"m\"} 0.004\n"
                         "edgenext_stage_duration_seconds_sum{stage=\"decode\"} 2\n"
                         "edgenext_stage_duration_seconds_count{stage=\"decode\"} 1000\n";
  const SimulateCommand scraped = Good({"--from-metrics=" + file});
  EXPECT_EQ(scraped.simulation.service.decode, absl::Milliseconds(2));
  EXPECT_EQ(scraped.simulation.service.believed.Predict(1), absl::Milliseconds(4));
  EXPECT_EQ(Good({"--from-metrics=" + file, "--decode=1ms"}).simulation.service.decode,
            absl::Milliseconds(1));
}

TEST(CommandLineTest, ATraceIsReadFromAFile) {
  const testing::TempDir folder;
  const std::string file = folder.path() + "/trace";
  std::ofstream(file) << "0.25\n0.5\n";
  const std::vector<TraceLine> trace = Good({"--trace=" + file}).workload.trace;
  ASSERT_EQ(trace.size(), 2u);
  EXPECT_EQ(trace[1].at, absl::Milliseconds(500));
}

}  // namespace
}  // namespace edgenext::serving
