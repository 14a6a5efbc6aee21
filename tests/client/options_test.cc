#include "client/options.h"

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"

namespace edgenext {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OptionsTest : public ::testing::Test {
 protected:
  void SetUp() override { unsetenv("EDGENEXT_SERVER"); }
  void TearDown() override { unsetenv("EDGENEXT_SERVER"); }

  absl::variant<Options, ExitCode> Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "edgenext");
    return ParseOptions(static_cast<int>(arguments.size()), arguments.data(), out_, err_);
  }

  template <typename T>
  T Get(std::vector<const char*> arguments) {
    const auto parsed = Parse(std::move(arguments));
    const auto* options = absl::get_if<Options>(&parsed);
    if (options == nullptr || !absl::holds_alternative<T>(*options)) {
      ADD_FAILURE() << "not the expected command: " << err_.str();
      return T();
    }
    return absl::get<T>(*options);
  }

  void ExpectUsageError(std::vector<const char*> arguments, const std::string& message) {
    err_.str("");
    const auto parsed = Parse(std::move(arguments));
    const auto* code = absl::get_if<ExitCode>(&parsed);
    ASSERT_NE(code, nullptr);
    EXPECT_EQ(*code, kExitUsage);
    EXPECT_THAT(err_.str(), HasSubstr(message));
  }

  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(OptionsTest, ClassifyHasDefaults) {
  const auto options = Get<ClassifyOptions>({"classify", "a.jpg", "-", "photos"});
  EXPECT_THAT(options.inputs, ElementsAre("a.jpg", "-", "photos"));
  EXPECT_EQ(options.server.target, "127.0.0.1:8001");
  EXPECT_EQ(options.server.timeout, absl::Seconds(30));
  EXPECT_EQ(options.format, OutputFormat::kTable);
  EXPECT_EQ(options.top_k, 5U);
  EXPECT_EQ(options.model, "");
  EXPECT_FALSE(options.is_bulk);
}

TEST_F(OptionsTest, ClassifyTakesFlagsBeforeAndAfterTheCommand) {
  const auto options =
      Get<ClassifyOptions>({"--server=[::1]:9", "classify", "--json", "--top-k=3", "a.jpg", "--model", "m",
                            "--model-version=2", "--priority=bulk", "--timeout=250ms"});
  EXPECT_EQ(options.server.target, "[::1]:9");
  EXPECT_EQ(options.server.timeout, absl::Milliseconds(250));
  EXPECT_EQ(options.format, OutputFormat::kJson);
  EXPECT_EQ(options.top_k, 3U);
  EXPECT_EQ(options.model, "m");
  EXPECT_EQ(options.model_version, "2");
  EXPECT_TRUE(options.is_bulk);
  EXPECT_EQ(Get<ClassifyOptions>({"classify", "--csv", "a.jpg"}).format, OutputFormat::kCsv);
}

TEST_F(OptionsTest, TheEnvironmentNamesTheServerUnlessTheFlagDoes) {
  setenv("EDGENEXT_SERVER", "unix:/run/e.sock", 1);
  EXPECT_EQ(Get<HealthOptions>({"health"}).server.target, "unix:/run/e.sock");
  EXPECT_EQ(Get<HealthOptions>({"health", "--server=h:1"}).server.target, "h:1");
  setenv("EDGENEXT_SERVER", "h:0", 1);
  ExpectUsageError({"health"}, "no port");
}

TEST_F(OptionsTest, InfoAndHealthTakeANameAndJson) {
  EXPECT_EQ(Get<HealthOptions>({"health"}).service, "");
  const auto health = Get<HealthOptions>({"health", "readiness", "--json"});
  EXPECT_EQ(health.service, "readiness");
  EXPECT_TRUE(health.json);
  EXPECT_FALSE(Get<InfoOptions>({"info"}).json);
  const auto info = Get<InfoOptions>({"info", "--json", "--model=m"});
  EXPECT_TRUE(info.json);
  EXPECT_EQ(info.model, "m");
}

TEST_F(OptionsTest, LoadHasDefaults) {
  const auto options = Get<LoadOptions>({"load"});
  EXPECT_EQ(options.target, "127.0.0.1:8001");
  EXPECT_EQ(options.metrics_address, "127.0.0.1:8002");
  EXPECT_EQ(options.arrivals, LoadOptions::Arrivals::kPoisson);
  EXPECT_EQ(options.rate, 10);
  EXPECT_EQ(options.duration, absl::make_optional(absl::Seconds(10)));
  EXPECT_EQ(options.warm_up, absl::Seconds(2));
  EXPECT_EQ(options.connections, 4);
  EXPECT_EQ(options.method, LoadOptions::Method::kClassify);
  EXPECT_EQ(options.attempts, 1);
  EXPECT_EQ(options.bulk_share, 0);
  EXPECT_FALSE(options.cancel_after.has_value());
  EXPECT_EQ(options.command, "edgenext load");
}

TEST_F(OptionsTest, LoadTakesItsFlags) {
  const auto options = Get<LoadOptions>(
      {"load", "--arrivals=constant", "--rate=2.5", "--duration=1m", "--warm-up=0s", "--tensor",
       "--input-size=128x96", "--images-per-request=3", "--deadline=50ms:1,200ms:3", "--priority=bulk",
       "--header=tenant=a b", "--header=x=y", "--attempts=5", "--cancel-after=1ms", "--cancel-share=0.5",
       "--json", "--metrics=localhost:9"});
  EXPECT_EQ(options.arrivals, LoadOptions::Arrivals::kConstant);
  EXPECT_EQ(options.duration, absl::make_optional(absl::Minutes(1)));
  EXPECT_EQ(options.warm_up, absl::ZeroDuration());
  EXPECT_EQ(options.method, LoadOptions::Method::kInfer);
  EXPECT_EQ(options.tensor_height, 128);
  EXPECT_EQ(options.tensor_width, 96);
  EXPECT_EQ(options.deadlines.size(), 2U);
  EXPECT_EQ(options.bulk_share, 1);
  EXPECT_THAT(options.headers, ElementsAre(std::make_pair("tenant", "a b"), std::make_pair("x", "y")));
  EXPECT_EQ(options.cancel_after, absl::make_optional(absl::Milliseconds(1)));
  EXPECT_EQ(options.metrics_address, "localhost:9");
  EXPECT_THAT(options.command, HasSubstr("'--header=tenant=a b' --header=x=y"));

  const auto trace = Get<LoadOptions>({"load", "--trace=t"});
  EXPECT_EQ(trace.arrivals, LoadOptions::Arrivals::kTrace);
  EXPECT_EQ(trace.warm_up, absl::ZeroDuration());
  EXPECT_FALSE(trace.duration.has_value());
  EXPECT_EQ(Get<LoadOptions>({"load", "--concurrency=3"}).arrivals, LoadOptions::Arrivals::kClosedLoop);
  const auto search = Get<LoadOptions>({"load", "--find-rate", "--limit=20ms", "--percentile=99.9"});
  EXPECT_EQ(search.limit, absl::Milliseconds(20));
  EXPECT_EQ(search.percentile, 99.9);
  EXPECT_EQ(search.duration, absl::make_optional(absl::Seconds(5)));
}

TEST_F(OptionsTest, LoadIsPutOnOtherMachinesOnlyWhenAskedFor) {
  ExpectUsageError({"load", "--server=10.0.0.1"}, "--allow-remote");
  ExpectUsageError({"load", "--metrics=10.0.0.1:8002"}, "--allow-remote");
  EXPECT_EQ(Get<LoadOptions>({"load", "--server=10.0.0.1", "--allow-remote"}).target, "10.0.0.1:8001");
  EXPECT_EQ(Get<LoadOptions>({"load", "--server=unix:/run/e.sock"}).target, "unix:/run/e.sock");
}

TEST_F(OptionsTest, WrongLoadIsNamed) {
  ExpectUsageError({"load", "--rate=0"}, "--rate");
  ExpectUsageError({"load", "--rate=1", "--concurrency=1"}, "excludes");
  ExpectUsageError({"load", "--trace=t", "--rate=1"}, "excludes");
  ExpectUsageError({"load", "--trace=t", "--find-rate"}, "--find-rate: is for rates");
  ExpectUsageError({"load", "--limit=1s"}, "--find-rate");
  ExpectUsageError({"load", "--duration=2h"}, "--duration: '2h' is not a duration");
  ExpectUsageError({"load", "--duration=1h", "--warm-up=1s"}, "longer than 1h");
  ExpectUsageError({"load", "--rate=100000", "--duration=10m"}, "more than 20000000 requests");
  ExpectUsageError({"load", "--tensor", "a.jpg"}, "excludes");
  ExpectUsageError({"load", "--tensor", "--method=classify"}, "--tensor: classify takes images");
  ExpectUsageError({"load", "--images-per-request=2"}, "--method=infer");
  ExpectUsageError({"load", "--input-size=128"}, "--input-size: is for --tensor");
  ExpectUsageError({"load", "--deadline=never"}, "--deadline: 'never'");
  ExpectUsageError({"load", "--header=A=b"}, "--header: 'A=b'");
  ExpectUsageError({"load", "--cancel-share=0.5"}, "--cancel-after");
  ExpectUsageError({"load", "--bulk-share=2"}, "--bulk-share");
}

TEST_F(OptionsTest, HelpAndVersionEndWell) {
  const auto help = Parse({"--help"});
  EXPECT_EQ(absl::get<ExitCode>(help), kExitOk);
  EXPECT_THAT(out_.str(), HasSubstr("classify"));
  out_.str("");
  EXPECT_EQ(absl::get<ExitCode>(Parse({"--version"})), kExitOk);
  EXPECT_THAT(out_.str(), ::testing::MatchesRegex("edgenext [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(OptionsTest, WrongCommandLinesAreNamed) {
  ExpectUsageError({}, "subcommand");
  ExpectUsageError({"classify"}, "inputs");
  ExpectUsageError({"paint"}, "subcommand");
  ExpectUsageError({"classify", "a.jpg", "--json", "--csv"}, "csv");
  ExpectUsageError({"classify", "a.jpg", "--top-k=0"}, "0");
  ExpectUsageError({"classify", "a.jpg", "--top-k=many"}, "many");
  ExpectUsageError({"classify", "a.jpg", "--priority=low"}, "low");
  ExpectUsageError({"classify", "-", "-"}, "only once");
  ExpectUsageError({"health", "--timeout=soon"}, "'soon' is not a duration");
  ExpectUsageError({"health", "--timeout=0s"}, "'0s' is not a duration");
  ExpectUsageError({"health", "--server=h:0"}, "no port");
}

}  // namespace
}  // namespace edgenext
