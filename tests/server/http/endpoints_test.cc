#include "server/http/endpoints.h"

#include <nlohmann/json.hpp>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/version.h"
#include "tests/server/http/http_client.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::testing::HasSubstr;
using testing::HttpAnswer;
using testing::HttpGet;

class EndpointsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(server_, HttpServer::Start({}, OperatorEndpoints(&lifecycle_, metrics_.get())));
  }
  HttpAnswer Get(const std::string& path) { return HttpGet(server_->port(), path); }

  Lifecycle lifecycle_;
  std::unique_ptr<Metrics> metrics_ = Metrics::Make();
  std::unique_ptr<HttpServer> server_;
};

TEST_F(EndpointsTest, ReadyFollowsTheLifecycleAndLiveDoesNot) {
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/readyz").body, "starting\n");
  EXPECT_EQ(Get("/livez").status, 200);
  lifecycle_.MoveTo(ServerState::kReady);
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_EQ(Get("/readyz").body, "ready\n");
  EXPECT_EQ(Get("/livez").status, 200);
  lifecycle_.MoveTo(ServerState::kDraining);
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/readyz").body, "draining\n");
  EXPECT_EQ(Get("/livez").status, 200);
}

TEST_F(EndpointsTest, MetricsAreExportedAsTheyStand) {
  EXPECT_THAT(Get("/metrics").body, HasSubstr("\nedgenext_ready 0\n"));
  metrics_->SetLifecycle(true, false);
  const HttpAnswer answer = Get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer.body, HasSubstr("\nedgenext_ready 1\n"));
}

TEST_F(EndpointsTest, VersionIsJson) {
  const HttpAnswer answer = Get("/version");
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  const nlohmann::json version = nlohmann::json::parse(answer.body);
  EXPECT_EQ(version.at("version"), kVersion);
  EXPECT_EQ(version.at("revision"), kRevision);
}

}  // namespace
}  // namespace edgenext::serving
