#include "client/load/http_get.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOkAndHolds;
using ::edgenext::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr absl::Duration kPatience = absl::Minutes(1);

// Answers one connection with a fixed text, after it has read a request to its end, and closes.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, any, size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, any, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] {
      const int connection = accept(listener_, nullptr, nullptr);
      char byte = 0;
      while (request_.find("\r\n\r\n") == std::string::npos && read(connection, &byte, 1) == 1)
        request_ += byte;
      EXPECT_EQ(send(connection, answer.data(), answer.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(answer.size()));
      close(connection);
    });
  }
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
    close(listener_);
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  std::string Request() {
    thread_.join();
    return request_;
  }

 private:
  const int listener_;
  int port_ = 0;
  std::string request_;
  std::thread thread_;
};

TEST(HttpGet, GivesTheBody) {
  const std::string body(300'000, 'x');  // more than a read
  OneAnswer server(absl::StrCat("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", body));
  EXPECT_THAT(HttpGet(server.address(), "/metrics", kPatience), IsOkAndHolds(body));
  EXPECT_THAT(server.Request(), StartsWith("GET /metrics HTTP/1.0\r\n"));
}

TEST(HttpGet, NamesWhatIsNoAnswer) {
  const auto answered = [](const char* answer) {
    OneAnswer server(answer);
    return HttpGet(server.address(), "/", kPatience);
  };
  EXPECT_THAT(answered("HTTP/1.1 404 Not Found\r\n\r\ngone"),
              StatusIs(absl::StatusCode::kUnknown, HasSubstr("404 Not Found")));
  EXPECT_THAT(answered("HTTP/1.1 200 OK\r\nCut: o"),
              StatusIs(absl::StatusCode::kUnknown, HasSubstr("not HTTP")));
  EXPECT_THAT(answered("SSH-2.0-x\r\n\r\n"), StatusIs(absl::StatusCode::kUnknown, HasSubstr("not HTTP")));
  EXPECT_THAT(answered(""), StatusIs(absl::StatusCode::kUnknown, HasSubstr("not HTTP")));
}

TEST(HttpGet, WaitsNoLongerThanItIsTold) {
  const int silent = socket(AF_INET, SOCK_STREAM, 0);  // the kernel accepts, nobody speaks
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(silent, any, size), 0);
  ASSERT_EQ(getsockname(silent, any, &size), 0);
  const std::string target = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  EXPECT_THAT(HttpGet(target, "/", kPatience), StatusIs(absl::StatusCode::kUnavailable));  // nobody listens
  ASSERT_EQ(listen(silent, 1), 0);
  EXPECT_THAT(HttpGet(target, "/", absl::Milliseconds(20)), StatusIs(absl::StatusCode::kDeadlineExceeded));
  close(silent);
}

TEST(HttpGet, NeedsAnAddress) {
  EXPECT_THAT(HttpGet("127.0.0.1", "/", kPatience), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(HttpGet("127.0.0.1:http port", "/", kPatience), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace edgenext
