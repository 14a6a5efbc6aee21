#include "server/http/http_server.h"

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/http/http_client.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using testing::Connection;
using ::testing::HasSubstr;
using testing::HttpAnswer;
using testing::HttpGet;
using testing::HttpRequest;
using testing::ParseHttpAnswer;
using testing::StatusIs;

std::map<std::string, HttpHandler> Handlers() {
  return {{"/hello",
           [] {
             return HttpResponse{200, "text/plain", "hello\n"};
           }},
          {"/busy",
           [] {
             return HttpResponse{503, "text/plain", "busy\n"};
           }},
          {"/long", [] {
             return HttpResponse{200, "application/json", std::string(3 << 20, 'x')};
           }}};
}

std::unique_ptr<HttpServer> StartServer(HttpServer::Options options = {}) {
  auto server = HttpServer::Start(options, Handlers());
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

TEST(HttpServerTest, TakesAFreePortAndTellsIt) {
  const auto server = StartServer();
  EXPECT_GT(server->port(), 0);
  EXPECT_EQ(server->address(), absl::StrCat("127.0.0.1:", server->port()));
}

TEST(HttpServerTest, AnswersGet) {
  const auto server = StartServer();
  const HttpAnswer answer = HttpGet(server->port(), "/hello");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello\n");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
  EXPECT_EQ(answer.headers.at("content-length"), "6");
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_EQ(HttpGet(server->port(), "/hello?verbose=1").status, 200);
  EXPECT_EQ(HttpGet(server->port(), "/busy").status, 503);
}

TEST(HttpServerTest, AnswersHeadAsGetWithoutTheBody) {
  const auto server = StartServer();
  const HttpAnswer answer = HttpRequest(server->port(), "HEAD", "/hello");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-length"), "6");
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(HttpRequest(server->port(), "HEAD", "/none").status, 404);
  EXPECT_EQ(HttpRequest(server->port(), "HEAD", "/none").body, "");
}

TEST(HttpServerTest, SendsLongBodiesWhole) {
  const auto server = StartServer();
  const HttpAnswer answer = HttpGet(server->port(), "/long");
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_EQ(answer.body.size(), size_t{3} << 20);
}

TEST(HttpServerTest, UnknownPathsAreNotFoundAndNamesTheOthers) {
  const auto server = StartServer();
  for (const char* path : {"/", "/Hello", "/hello/", "/hello/../../etc/passwd", "/.htpasswd"}) {
    const HttpAnswer answer = HttpGet(server->port(), path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, HasSubstr("/busy /hello /long")) << path;
  }
}

TEST(HttpServerTest, OtherMethodsAreNotAllowed) {
  const auto server = StartServer();
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const HttpAnswer answer = HttpRequest(server->port(), method, "/hello");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD") << method;
  }
}

TEST(HttpServerTest, WhatIsNoRequestDoesNoHarm) {
  const auto server = StartServer();
  for (const std::string& text :
       {std::string("\r\n\r\n"), std::string("nonsense\r\n\r\n"), std::string(1 << 20, 'a'),
        std::string("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), std::string("GET /hello HTTP/9.9\r\n\r\n"),
        std::string("\0\0\0\0", 4), std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}) {
    const Connection connection(server->port());
    connection.Send(text);
  }
  EXPECT_EQ(HttpGet(server->port(), "/hello").status, 200);
}

// As many silent clients as there are threads hold everybody up for one timeout and not for good.
TEST(HttpServerTest, SilentClientsAreCutOff) {
  HttpServer::Options options;
  options.threads = 2;
  options.request_timeout_ms = 300;
  const auto server = StartServer(options);
  std::vector<std::unique_ptr<Connection>> silent;
  for (int i = 0; i < 4; ++i) {
    silent.push_back(std::make_unique<Connection>(server->port()));
    silent.back()->Send("GET /hel");
  }
  EXPECT_EQ(HttpGet(server->port(), "/hello").status, 200);
  for (const auto& connection : silent) connection->ReadAll();  // returns when the server closes
}

// One slow handler does not keep the others waiting.
TEST(HttpServerTest, ServesRequestsAtTheSameTime) {
  std::promise<void> entered, release;
  std::shared_future<void> released = release.get_future().share();
  std::map<std::string, HttpHandler> handlers = Handlers();
  handlers["/slow"] = [&] {
    entered.set_value();
    released.wait();
    return HttpResponse{200, "text/plain", "slow\n"};
  };
  auto server = HttpServer::Start({}, handlers);
  ASSERT_THAT(server, testing::IsOk());
  std::thread slow([&] { EXPECT_EQ(HttpGet((*server)->port(), "/slow").body, "slow\n"); });
  entered.get_future().wait();
  EXPECT_EQ(HttpGet((*server)->port(), "/hello").status, 200);
  release.set_value();
  slow.join();
}

// Civetweb has no IPv6: what is served there goes through the relay.
class HttpServerIpv6Test : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::HasIpv6()) GTEST_SKIP() << "no IPv6 on this machine";
    options_.host = "::1";
  }
  HttpServer::Options options_;
};

TEST_F(HttpServerIpv6Test, ServesOnTheLoopbackAddress) {
  const auto server = StartServer(options_);
  EXPECT_EQ(server->address(), absl::StrCat("[::1]:", server->port()));
  EXPECT_EQ(HttpRequest(server->port(), "GET", "/hello", "::1").body, "hello\n");
  EXPECT_EQ(HttpRequest(server->port(), "HEAD", "/hello", "::1").headers.at("content-length"), "6");
  EXPECT_EQ(HttpRequest(server->port(), "GET", "/long", "::1").body.size(), size_t{3} << 20);
  EXPECT_EQ(HttpRequest(server->port(), "POST", "/hello", "::1").status, 405);
}

TEST_F(HttpServerIpv6Test, TheUnspecifiedAddressServesBothFamilies) {
  options_.host = "::";
  const auto server = StartServer(options_);
  EXPECT_EQ(HttpRequest(server->port(), "GET", "/hello", "::1").status, 200);
  EXPECT_EQ(HttpRequest(server->port(), "GET", "/hello", "127.0.0.1").status, 200);
}

TEST_F(HttpServerIpv6Test, SilentClientsAreCutOff) {
  options_.threads = 2;
  options_.request_timeout_ms = 300;
  const auto server = StartServer(options_);
  std::vector<std::unique_ptr<Connection>> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(std::make_unique<Connection>(server->port(), "::1"));
  EXPECT_EQ(HttpRequest(server->port(), "GET", "/hello", "::1").status, 200);
  for (const auto& connection : silent) connection->ReadAll();  // returns when the server closes
}

TEST_F(HttpServerIpv6Test, StopsBesideSilentClients) {
  auto server = StartServer(options_);
  const Connection silent(server->port(), "::1");
  silent.Send("GET /hel");
  server.reset();
  EXPECT_EQ(silent.ReadAll(), "");
}

TEST_F(HttpServerIpv6Test, APortInUseIsAnErrorThatNamesIt) {
  const auto first = StartServer(options_);
  options_.port = first->port();
  EXPECT_THAT(HttpServer::Start(options_, Handlers()),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(first->address())));
}

TEST(HttpServerTest, APortInUseIsAnErrorThatNamesIt) {
  const auto first = StartServer();
  HttpServer::Options options;
  options.port = first->port();
  EXPECT_THAT(HttpServer::Start(options, Handlers()),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(first->address())));
  EXPECT_EQ(HttpGet(first->port(), "/hello").status, 200);
}

TEST(HttpServerTest, AnAddressThatIsNotHereIsAnError) {
  HttpServer::Options options;
  options.host = "192.0.2.1";  // for documentation, RFC 5737
  EXPECT_THAT(HttpServer::Start(options, Handlers()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("192.0.2.1:0")));
  options.host = "no-such-host.invalid";  // RFC 6761
  EXPECT_THAT(HttpServer::Start(options, Handlers()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no-such-host.invalid")));
}

TEST(HttpServerTest, ThePortIsFreeAgainAfterwards) {
  HttpServer::Options options;
  options.port = StartServer()->port();
  EXPECT_EQ(HttpGet(options.port, "/hello").status, 0);
  EXPECT_EQ(HttpGet(StartServer(options)->port(), "/hello").status, 200);
}

}  // namespace
}  // namespace edgenext::serving
