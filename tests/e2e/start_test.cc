// The built server from its start to its first answers, and every way in which it refuses to start.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/server_process.h"
#include "tests/server/http/http_client.h"
#include "tests/testing/safetensors_writer.h"

namespace edgenext::testing {
namespace {

using grpc::health::v1::HealthCheckResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(StartTest, ServesTheDefaultModelAndStops) {
  ServerProcess server({});
  ASSERT_TRUE(server.WaitUntilReady());
  EXPECT_EQ(server.ready_line(), absl::StrCat("ready grpc=", server.grpc_address(),
                                              " http=127.0.0.1:", server.http_port(), " model=pictograms"));
  EXPECT_EQ(server.HttpStatus("/livez"), 200);
  EXPECT_EQ(server.HttpStatus("/readyz"), 200);
  EXPECT_EQ(server.HttpStatus("/version"), 200);
  const Client client(server.grpc_address());
  for (const char* name : {"", "edgenext.v1.Classifier", "inference.GRPCInferenceService", "readiness",
                           "liveness", "model/pictograms"}) {
    EXPECT_EQ(client.Health(name), HealthCheckResponse::SERVING) << name;
  }
  v1::ClassifyResponse response;
  const grpc::Status status = client.Classify(SampleImage("alarm-clock.jpg"), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.predictions_size(), 5);
  EXPECT_EQ(response.predictions(0).label(), "alarm clock");
  EXPECT_EQ(response.model(), "pictograms");

  EXPECT_EQ(server.Metric("edgenext_ready"), 1);
  EXPECT_EQ(
      server.Metric(R"(edgenext_requests_total{code="OK",method="Classify",model="pictograms",version="1"})"),
      1);
  EXPECT_EQ(server.Metric(R"(edgenext_inferences_total{model="pictograms",version="1"})"), 1);
  EXPECT_EQ(server.Metric(R"(edgenext_model_state{state="ready"})"), 1);
  EXPECT_GT(server.Metric("edgenext_model_load_duration_seconds"), 0);
  EXPECT_GT(server.Metric("process_resident_memory_bytes"), 1 << 20);

  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 0) << server.Errors();
  EXPECT_EQ(server.Output(), absl::StrCat("ready grpc=", server.grpc_address(),
                                          " http=127.0.0.1:", server.http_port(), " model=pictograms\n"));
}

TEST(StartTest, LogsEachStepWithItsTime) {
  ServerProcess server({});
  ASSERT_TRUE(server.WaitUntilReady());
  server.Signal(SIGINT);
  ASSERT_EQ(server.WaitForExit(), 0);
  const std::string errors = server.Errors();
  size_t position = 0;
  for (const char* step : {"starting version=", "listening grpc=", "model loaded model=pictograms",
                           "warmed up workers=", "ready model=pictograms", "asked to stop signal=INT",
                           "stopped calls_cut_off=0"}) {
    position = errors.find(step, position);
    ASSERT_NE(position, std::string::npos) << step << " is not in its place of\n" << errors;
    EXPECT_TRUE(absl::StartsWith(step, "starting") || absl::StartsWith(step, "ready") ||
                absl::StartsWith(step, "asked") ||
                absl::StrContains(errors.substr(position, errors.find('\n', position) - position), " ms="))
        << step;
  }
}

TEST(StartTest, ListensOnIpv6) {
  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 on this machine";
  ServerProcess server({"--host=::1"});
  ASSERT_TRUE(server.WaitUntilReady());
  EXPECT_THAT(server.ready_line(),
              MatchesRegex("ready grpc=\\[::1\\]:[0-9]+ http=\\[::1\\]:[0-9]+ model=pictograms"));
  EXPECT_EQ(server.HttpStatus("/readyz"), 200);
  EXPECT_EQ(Client(server.grpc_address()).Health(""), HealthCheckResponse::SERVING);
}

TEST(StartTest, ListensOnAUnixSocket) {
  const TempDir folder;
  ServerProcess server({absl::StrCat("--host=unix:", folder.File("socket"))});
  ASSERT_TRUE(server.WaitUntilReady());
  EXPECT_THAT(server.ready_line(),
              HasSubstr(absl::StrCat("grpc=unix:", folder.File("socket"), " http=127.0.0.1:")));
  EXPECT_EQ(Client(server.grpc_address()).Health(""), HealthCheckResponse::SERVING);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 0);
  EXPECT_FALSE(std::filesystem::exists(folder.File("socket")));
}

TEST(StartTest, FlagsOverrideTheModel) {
  ServerProcess server({"--model-name=other", "--input-size=64x96", "--cpus=1", "--max-isa=scalar"});
  ASSERT_TRUE(server.WaitUntilReady());
  EXPECT_THAT(server.Errors(),
              AllOf(HasSubstr("input=64x96"), HasSubstr("workers=1"), HasSubstr("isa=scalar")));
  EXPECT_EQ(Client(server.grpc_address()).Health("model/other"), HealthCheckResponse::SERVING);
  v1::ClassifyResponse response;
  EXPECT_TRUE(Client(server.grpc_address()).Classify(SampleImage("guitar.webp"), &response).ok());
  EXPECT_EQ(response.model(), "other");
}

TEST(StartTest, AWrongCommandLineTellsAllErrors) {
  ServerProcess server({"--grpc-port=x", "--http-port=70000", "--colour=red"});
  EXPECT_EQ(server.WaitForExit(), 64);
  EXPECT_THAT(server.Errors(),
              AllOf(HasSubstr("--grpc-port=x: expected"), HasSubstr("--http-port=70000: expected"),
                    HasSubstr("--colour=red: no such flag")));
  EXPECT_EQ(server.Output(), "");
}

TEST(StartTest, HelpAndVersionAreShown) {
  ServerProcess help({"--help"});
  EXPECT_EQ(help.WaitForExit(), 0);
  EXPECT_THAT(help.Output(), HasSubstr("--drain-timeout DURATION [20s]"));
  ServerProcess version({"--version"});
  EXPECT_EQ(version.WaitForExit(), 0);
  EXPECT_THAT(version.Output(), HasSubstr("edgenext-server "));
}

TEST(StartTest, APortInUseEndsTheStart) {
  ServerProcess first({});
  ASSERT_TRUE(first.WaitUntilReady());
  const std::string grpc_port = first.grpc_address().substr(first.grpc_address().find(':') + 1);
  ServerProcess same_grpc({absl::StrCat("--grpc-port=", grpc_port)});
  EXPECT_EQ(same_grpc.WaitForExit(), 69);
  EXPECT_THAT(same_grpc.Errors(), HasSubstr(absl::StrCat(first.grpc_address(), " is in use")));
  ServerProcess same_http({absl::StrCat("--http-port=", first.http_port())});
  EXPECT_EQ(same_http.WaitForExit(), 69);
  EXPECT_THAT(same_http.Errors(), HasSubstr(absl::StrCat("127.0.0.1:", first.http_port(), " is in use")));
}

TEST(StartTest, AModelThatIsNotThereEndsTheStart) {
  ServerProcess server({"--model=/nowhere/model"});
  EXPECT_EQ(server.WaitForExit(), 65);
  EXPECT_THAT(server.Errors(), HasSubstr("/nowhere/model"));
  EXPECT_EQ(server.Output(), "");
}

TEST(StartTest, AWrongManifestEndsTheStart) {
  const TempDir folder;
  folder.Write("model.json", R"({"name": "a b", "colour": "red"})");
  ServerProcess server({absl::StrCat("--model=", folder.path())});
  EXPECT_EQ(server.WaitForExit(), 65);
  EXPECT_THAT(server.Errors(), HasSubstr("colour"));
}

// Every fault of the weights at once: what is missing, what is unexpected and what has another shape.
TEST(StartTest, WrongWeightsAreToldWhole) {
  std::ifstream file(absl::StrCat(EDGENEXT_DEFAULT_MODEL, "/model.safetensors"), std::ios::binary);
  std::string weights((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto replace = [&weights](const std::string& from, const std::string& to) {
    const size_t at = weights.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    ASSERT_EQ(from.size(), to.size());
    weights.replace(at, from.size(), to);
  };
  replace("\"head.norm.weight\"", "\"head.morn.weight\"");
  replace("\"stages.1.downsample.0.weight\"", "\"stages.1.downsample.0.wait!!\"");
  const TempDir folder;
  folder.Write("model.safetensors", weights);
  ServerProcess server({absl::StrCat("--model=", folder.path())});
  EXPECT_EQ(server.WaitForExit(), 65);
  EXPECT_THAT(server.Errors(),
              AllOf(HasSubstr("head.norm.weight"), HasSubstr("head.morn.weight"),
                    HasSubstr("stages.1.downsample.0.weight"), HasSubstr("stages.1.downsample.0.wait!!")));
}

}  // namespace
}  // namespace edgenext::testing
