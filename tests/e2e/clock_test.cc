// A step of the wall clock, as NTP makes them, expires nothing: all deadlines are on the monotonic clock.
#include <signal.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/server_process.h"

namespace edgenext::testing {
namespace {

// The time at the start of the last line of a log.
absl::Time LastLogTime(const std::string& log) {
  const size_t last_line = log.rfind('\n', log.size() - 2) + 1;
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, log.substr(last_line, log.find(' ', last_line) - last_line),
                              &time, &error))
      << error << " in " << log;
  return time;
}

class ClockTest : public ::testing::TestWithParam<int> {};

TEST_P(ClockTest, AStepOfTheWallClockExpiresNothing) {
  const TempDir folder;
  // No wait that is predicted is too long, however slow the build.
  ServerProcess server({"--cpus=1", "--max-isa=scalar", "--input-size=256", "--max-queue-wait=10m"},
                       PreloadEnvironment({absl::StrCat("EDGENEXT_TEST_CLOCK_STEP=", folder.File("step"))}));
  ASSERT_TRUE(server.WaitUntilReady());
  const absl::Time before = LastLogTime(server.Errors());
  const Client client(server.grpc_address());
  // Calls with a deadline of minutes wait for the only worker while the clock jumps.
  OpenCalls calls(client, SampleImage("penguin.jpg"), 8);
  ASSERT_TRUE(Eventually([&] { return server.Metric("edgenext_queue_depth") > 4; }));
  folder.Write("step", std::to_string(GetParam()));
  v1::ClassifyResponse response;
  const grpc::Status new_call = client.Classify(SampleImage("penguin.jpg"), &response);
  EXPECT_TRUE(new_call.ok()) << new_call.error_message();
  for (const grpc::Status& status : calls.Statuses()) EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(server.Metric(R"(edgenext_deadline_exceeded_total{budget="long"})"), 0);
  EXPECT_LT(server.Metric("edgenext_queue_oldest_age_seconds"), 600);

  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 0);
  const absl::Duration jump = LastLogTime(server.Errors()) - before;
  EXPECT_GT(absl::AbsDuration(jump), absl::Minutes(50)) << "the step did not reach the server";
}

INSTANTIATE_TEST_SUITE_P(AnHour, ClockTest, ::testing::Values(3600, -3600),
                         [](const auto& parameter) { return parameter.param > 0 ? "Forward" : "Backward"; });

}  // namespace
}  // namespace edgenext::testing
