#include "server/server_options.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/version.h"
#include "server/server_flags.h"
#include "tests/server/markdown_table.h"

namespace edgenext::serving {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

ServerOptions Accepted(const std::vector<std::string>& arguments) {
  const ServerCommand command = ParseServerCommand(arguments);
  EXPECT_EQ(command.kind, ServerCommand::Kind::kServe) << command.text;
  return command.options;
}

std::string UsageError(const std::vector<std::string>& arguments) {
  const ServerCommand command = ParseServerCommand(arguments);
  EXPECT_EQ(command.kind, ServerCommand::Kind::kUsageError) << ::testing::PrintToString(arguments);
  return command.text;
}

TEST(ServerOptionsTest, TheDefaults) {
  const ServerOptions options = Accepted({});
  EXPECT_EQ(options.model, "");
  EXPECT_EQ(options.host, "127.0.0.1");
  EXPECT_EQ(options.grpc_port, 8001);
  EXPECT_EQ(options.http_port, 8002);
  EXPECT_THAT(options.cpus, Eq(absl::nullopt));
  EXPECT_EQ(options.pin, PinMode::kAuto);
  EXPECT_EQ(options.latency_threads, 1);
  EXPECT_EQ(options.max_isa, kernels::BestIsa());
  EXPECT_EQ(options.max_batch_size, 8);
  EXPECT_EQ(options.batch_timeout, absl::ZeroDuration());
  EXPECT_EQ(options.queue_capacity, 256);
  EXPECT_EQ(options.max_image_bytes, size_t{10} << 20);
  EXPECT_EQ(options.cache_bytes, 0u);
  EXPECT_EQ(options.max_connections, 1024);
  EXPECT_EQ(options.max_connection_age, absl::Minutes(5));
  EXPECT_EQ(options.connection_idle, absl::Minutes(10));
  EXPECT_EQ(options.latency_objective, absl::Milliseconds(100));
  EXPECT_EQ(options.drain_delay, absl::ZeroDuration());
  EXPECT_EQ(options.drain_timeout, absl::Seconds(20));
  EXPECT_TRUE(options.reflection);
  EXPECT_THAT(options.log_format, Eq(absl::nullopt));
  EXPECT_EQ(options.log_level, LogLevel::kInfo);
}

TEST(ServerOptionsTest, EveryFlagSetsItsOption) {
  const ServerOptions options = Accepted({"--model=/models/a",
                                          "--model-name=birds_2.1-b",
                                          "--input-size=192x352",
                                          "--crop-pct=0.95",
                                          "--labels=labels.txt",
                                          "--host=0.0.0.0",
                                          "--grpc-port=0",
                                          "--http-port=9000",
                                          "--cpus=3",
                                          "--pin=on",
                                          "--latency-threads=2",
                                          "--max-isa=avx2",
                                          "--precision=f32",
                                          "--max-batch-size=16",
                                          "--batch-timeout=5ms",
                                          "--queue-capacity=99",
                                          "--stream-window=7",
                                          "--max-image-bytes=64KiB",
                                          "--max-image-pixels=1000000",
                                          "--max-image-side=4096",
                                          "--max-inflight-bytes=1GiB",
                                          "--max-queue-wait=3s",
                                          "--max-open-calls=77",
                                          "--client-key=x-client",
                                          "--bulk-clients=a,b-2",
                                          "--cache-bytes=64MiB",
                                          "--max-connections=10",
                                          "--max-connection-age=1m30s",
                                          "--connection-idle=2m",
                                          "--latency-objective=50ms",
                                          "--drain-delay=10s",
                                          "--drain-timeout=1m",
                                          "--reflection=false",
                                          "--log-format=json",
                                          "--log-level=debug"});
  EXPECT_EQ(options.model, "/models/a");
  EXPECT_THAT(options.model_name, Optional(std::string("birds_2.1-b")));
  EXPECT_THAT(options.input_height, Optional(192));
  EXPECT_THAT(options.input_width, Optional(352));
  EXPECT_THAT(options.crop_pct, Optional(0.95));
  EXPECT_THAT(options.labels, Optional(std::string("labels.txt")));
  EXPECT_EQ(options.host, "0.0.0.0");
  EXPECT_EQ(options.grpc_port, 0);
  EXPECT_EQ(options.http_port, 9000);
  EXPECT_THAT(options.cpus, Optional(3));
  EXPECT_EQ(options.pin, PinMode::kOn);
  EXPECT_EQ(options.latency_threads, 2);
  EXPECT_EQ(options.max_isa, kernels::Isa::kAvx2);
  EXPECT_EQ(options.max_batch_size, 16);
  EXPECT_EQ(options.batch_timeout, absl::Milliseconds(5));
  EXPECT_EQ(options.queue_capacity, 99);
  EXPECT_THAT(options.stream_window, Optional(7));
  EXPECT_EQ(options.max_image_bytes, size_t{64} << 10);
  EXPECT_THAT(options.max_image_pixels, Optional(1000000));
  EXPECT_EQ(options.max_image_side, 4096);
  EXPECT_THAT(options.max_inflight_bytes, Optional(size_t{1} << 30));
  EXPECT_EQ(options.max_queue_wait, absl::Seconds(3));
  EXPECT_THAT(options.max_open_calls, Optional(77));
  EXPECT_EQ(options.client_key, "x-client");
  EXPECT_THAT(options.bulk_clients, ElementsAre("a", "b-2"));
  EXPECT_EQ(options.cache_bytes, size_t{64} << 20);
  EXPECT_EQ(options.max_connections, 10);
  EXPECT_EQ(options.max_connection_age, absl::Seconds(90));
  EXPECT_EQ(options.connection_idle, absl::Minutes(2));
  EXPECT_EQ(options.latency_objective, absl::Milliseconds(50));
  EXPECT_EQ(options.drain_delay, absl::Seconds(10));
  EXPECT_EQ(options.drain_timeout, absl::Minutes(1));
  EXPECT_FALSE(options.reflection);
  EXPECT_THAT(options.log_format, Optional(LogFormat::kJson));
  EXPECT_EQ(options.log_level, LogLevel::kDebug);
}

TEST(ServerOptionsTest, AValueMayFollowAsAnArgument) {
  EXPECT_EQ(Accepted({"--host", "::1", "--grpc-port", "0"}).host, "::1");
}

TEST(ServerOptionsTest, FormsOfAddressesSizesAndLimits) {
  EXPECT_EQ(Accepted({"--host=[::1]"}).host, "::1");
  EXPECT_EQ(Accepted({"--host=unix:/run/edgenext.sock"}).host, "unix:/run/edgenext.sock");
  EXPECT_EQ(Accepted({"--host=localhost"}).host, "localhost");
  EXPECT_THAT(Accepted({"--input-size=224"}).input_width, Optional(224));
  EXPECT_EQ(Accepted({"--max-image-bytes=123456"}).max_image_bytes, 123456u);
  EXPECT_EQ(Accepted({"--max-image-bytes=10MiB"}).max_image_bytes, size_t{10} << 20);
  EXPECT_EQ(Accepted({"--drain-timeout=0"}).drain_timeout, absl::ZeroDuration());
  EXPECT_EQ(Accepted({"--max-isa=scalar"}).max_isa, kernels::Isa::kScalar);
  EXPECT_EQ(Accepted({"--max-isa=best"}).max_isa, kernels::BestIsa());
  EXPECT_THAT(Accepted({"--crop-pct=1"}).crop_pct, Optional(1.0));
}

TEST(ServerOptionsTest, AWrongValueIsNamedWithWhatWasExpected) {
  struct Case {
    const char* argument;
    const char* expected;
  };
  for (const Case& c : {
           Case{"--grpc-port=70000", "--grpc-port=70000: expected a whole number from 0 to 65535"},
           Case{"--http-port=-1", "--http-port=-1: expected a whole number from 0 to 65535"},
           Case{"--grpc-port=80x", "--grpc-port=80x: expected a whole number"},
           Case{"--cpus=0", "--cpus=0: expected a whole number from 1 to 4096"},
           Case{"--pin=maybe", "--pin=maybe: expected one of auto, on, off"},
           Case{"--latency-threads=65", "--latency-threads=65: expected a whole number from 1 to 64"},
           Case{"--max-isa=sse", "--max-isa=sse: expected one of best, scalar, avx2, avx512"},
           Case{"--precision=f16", "--precision=f16: expected one of f32, bf16, auto"},
           Case{"--model-name=a b", "--model-name=a b: expected 1 to 64 of A-Z a-z 0-9 _ . -"},
           Case{"--model=", "--model=: expected a path"},
           Case{"--input-size=100", "--input-size=100: expected S or HxW, multiples of 32 from 64 to 512"},
           Case{"--input-size=64x96x128", "--input-size=64x96x128: expected S or HxW"},
           Case{"--input-size=544", "--input-size=544: expected S or HxW"},
           Case{"--crop-pct=0", "--crop-pct=0: expected a number above 0 and at most 1"},
           Case{"--crop-pct=nan", "--crop-pct=nan: expected a number above 0 and at most 1"},
           Case{"--host=a,b", "--host=a,b: expected an IPv4 or IPv6 address, a host name, or unix:/path"},
           Case{"--host=unix:", "--host=unix:: expected an IPv4"},
           Case{"--max-batch-size=65", "--max-batch-size=65: expected a whole number from 1 to 64"},
           Case{"--batch-timeout=-5ms", "--batch-timeout=-5ms: expected a duration of at least 0, as 250ms"},
           Case{"--drain-timeout=20", "--drain-timeout=20: expected a duration"},
           Case{"--drain-timeout=inf", "--drain-timeout=inf: expected a duration"},
           Case{"--max-image-bytes=10MB",
                "--max-image-bytes=10MB: expected 1 to 1073741824 bytes, as 65536, 64KiB"},
           Case{"--max-image-bytes=2GiB", "--max-image-bytes=2GiB: expected 1 to 1073741824 bytes"},
           Case{"--max-queue-wait=0", "--max-queue-wait=0: expected a duration of at least 1ms"},
           Case{"--max-open-calls=0", "--max-open-calls=0: expected a whole number from 1 to"},
           Case{"--client-key=X-Client",
                "--client-key=X-Client: expected 1 to 64 of a-z 0-9 _ . -, not ending in -bin"},
           Case{"--client-key=x-bin", "--client-key=x-bin: expected 1 to 64 of"},
           Case{"--bulk-clients=a,,b", "--bulk-clients=a,,b: expected names with commas between"},
           Case{"--bulk-clients=a", "--bulk-clients: expected --client-key too"},
           Case{"--max-inflight-bytes=99999999999GiB", "--max-inflight-bytes=99999999999GiB: expected 1 to"},
           Case{"--reflection=yes", "--reflection=yes: expected one of true, false"},
           Case{"--log-format=xml", "--log-format=xml: expected one of text, json"},
           Case{"--log-level=loud", "--log-level=loud: expected one of debug, info, warning, error"},
       }) {
    EXPECT_THAT(UsageError({c.argument}),
                AllOf(HasSubstr(c.expected), HasSubstr("1 error in the command line")));
  }
}

TEST(ServerOptionsTest, AllErrorsAreToldAtOnce) {
  const std::string text = UsageError({"--grpc-port=x", "--colour=red", "--cpus=0", "rest", "--host",
                                       "--queue-capacity=1", "--queue-capacity=2", "-v"});
  EXPECT_THAT(text, HasSubstr("7 errors"));
  EXPECT_THAT(text, HasSubstr("--grpc-port=x: expected a whole number"));
  EXPECT_THAT(text, HasSubstr("--colour=red: no such flag"));
  EXPECT_THAT(text, HasSubstr("--cpus=0: expected"));
  EXPECT_THAT(text, HasSubstr("'rest': expected flags only"));
  EXPECT_THAT(text, HasSubstr("--host=: expected"));
  EXPECT_THAT(text, HasSubstr("--queue-capacity: given 2 times (1, 2), expected once"));
  EXPECT_THAT(text, HasSubstr("-v: no such flag"));
}

TEST(ServerOptionsTest, TheBudgetHoldsOneImage) {
  EXPECT_THAT(UsageError({"--max-image-bytes=100MiB", "--max-inflight-bytes=100MiB"}),
              HasSubstr("--max-inflight-bytes=104857600: expected at least 104923136, "
                        "--max-image-bytes and 65536 for the message around it"));
  Accepted({"--max-image-bytes=100MiB", "--max-inflight-bytes=104923136"});
}

TEST(ServerOptionsTest, NoMoreWorkersShareAnImageThanThereAre) {
  EXPECT_THAT(UsageError({"--cpus=2", "--latency-threads=3"}),
              HasSubstr("--latency-threads=3: expected at most 2, the workers of --cpus"));
  EXPECT_EQ(Accepted({"--cpus=3", "--latency-threads=3"}).latency_threads, 3);
  EXPECT_EQ(Accepted({"--latency-threads=64"}).latency_threads, 64)
      << "the machine's cores are not known here";
}

TEST(ServerOptionsTest, ThePortsMustDiffer) {
  EXPECT_THAT(UsageError({"--grpc-port=9000", "--http-port=9000"}),
              HasSubstr("--http-port=9000: expected another"));
  Accepted({"--grpc-port=0", "--http-port=0"});
  Accepted({"--grpc-port=9000", "--http-port=9000", "--host=unix:/tmp/s"});
}

TEST(ServerOptionsTest, HelpAndVersionWinOverErrors) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"--grpc-port=x", "--help"}}) {
    const ServerCommand help = ParseServerCommand(arguments);
    EXPECT_EQ(help.kind, ServerCommand::Kind::kShowText);
    EXPECT_THAT(help.text, HasSubstr("--grpc-port"));
  }
  const ServerCommand version = ParseServerCommand({"--version"});
  EXPECT_EQ(version.kind, ServerCommand::Kind::kShowText);
  EXPECT_EQ(version.text, std::string("edgenext-server ") + kVersion + " (" + kRevision + ")\n");
}

// The table "Flags" of server/README.md lists what --help lists, word for word and in the same order.
TEST(ServerOptionsTest, TheReadmeListsTheFlags) {
  const std::string help = ParseServerCommand({"--help"}).text;
  const std::vector<std::vector<std::string>> rows =
      testing::MarkdownTable(EDGENEXT_SERVER_README, "## Flags");
  ASSERT_EQ(rows.size(), ServerFlags().size());
  size_t position = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const ServerFlag& flag = ServerFlags()[i];
    EXPECT_EQ(rows[i], (std::vector<std::string>{flag.name, flag.value, flag.default_value, flag.meaning}));
    const std::string in_help = std::string(flag.name) + " " + flag.value + " [" + flag.default_value + "]";
    position = help.find(in_help, position);
    ASSERT_NE(position, std::string::npos) << in_help << " is not in its place of:\n" << help;
    EXPECT_NE(help.find(flag.meaning, position), std::string::npos) << flag.meaning;
  }
}

// What --help calls the default is what one gets.
TEST(ServerOptionsTest, TheDefaultsThatHelpShowsAreTrue) {
  for (const ServerFlag& flag : ServerFlags()) {
    ServerOptions options;
    const absl::Status status = flag.read(flag.default_value, options);
    if (!status.ok() || std::string(flag.default_value).find(' ') != std::string::npos)
      continue;  // decided at start
    const ServerOptions defaults;
    EXPECT_EQ(options.host, defaults.host) << flag.name;
    EXPECT_EQ(options.grpc_port, defaults.grpc_port) << flag.name;
    EXPECT_EQ(options.http_port, defaults.http_port) << flag.name;
    EXPECT_EQ(options.max_connections, defaults.max_connections) << flag.name;
    EXPECT_EQ(options.max_connection_age, defaults.max_connection_age) << flag.name;
    EXPECT_EQ(options.connection_idle, defaults.connection_idle) << flag.name;
    EXPECT_EQ(options.reflection, defaults.reflection) << flag.name;
    EXPECT_EQ(options.pin, defaults.pin) << flag.name;
    EXPECT_EQ(options.latency_threads, defaults.latency_threads) << flag.name;
    EXPECT_EQ(options.max_isa, defaults.max_isa) << flag.name;
    EXPECT_EQ(options.max_batch_size, defaults.max_batch_size) << flag.name;
    EXPECT_EQ(options.batch_timeout, defaults.batch_timeout) << flag.name;
    EXPECT_EQ(options.queue_capacity, defaults.queue_capacity) << flag.name;
    EXPECT_EQ(options.max_image_bytes, defaults.max_image_bytes) << flag.name;
    EXPECT_EQ(options.max_image_pixels, defaults.max_image_pixels) << flag.name;
    EXPECT_EQ(options.max_image_side, defaults.max_image_side) << flag.name;
    EXPECT_EQ(options.latency_objective, defaults.latency_objective) << flag.name;
    EXPECT_EQ(options.drain_delay, defaults.drain_delay) << flag.name;
    EXPECT_EQ(options.drain_timeout, defaults.drain_timeout) << flag.name;
    EXPECT_EQ(options.log_level, defaults.log_level) << flag.name;
  }
}

}  // namespace
}  // namespace edgenext::serving
