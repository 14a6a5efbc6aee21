#include "server/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace edgenext::serving {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::StatusIs;

Listener::Options On(const std::string& host, int port = 0) {
  Listener::Options options;
  options.host = host;
  options.port = port;
  return options;
}

// Keeps what a listener hands over.
class Connections {
 public:
  Listener::Handler Handler() {
    return [this](UniqueFd fd) {
      std::lock_guard<std::mutex> lock(mu_);
      fds_.push_back(std::move(fd));
      arrived_.notify_all();
    };
  }
  // Waits until `count` have arrived in all; returns the last one.
  int Await(size_t count) {
    std::unique_lock<std::mutex> lock(mu_);
    arrived_.wait(lock, [this, count] { return fds_.size() >= count; });
    return fds_.back().get();
  }
  void Close() {
    std::lock_guard<std::mutex> lock(mu_);
    fds_.clear();
  }
  size_t size() {
    std::lock_guard<std::mutex> lock(mu_);
    return fds_.size();
  }

 private:
  std::mutex mu_;
  std::condition_variable arrived_;
  std::vector<UniqueFd> fds_;
};

UniqueFd ConnectTo(const SocketAddress& address) {
  UniqueFd fd(socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_TRUE(fd.valid());
  EXPECT_EQ(connect(fd.get(), address.get(), address.length), 0) << address.ToString();
  return fd;
}

// Blocks until the peer has closed the connection.
bool IsClosedByPeer(int fd) {
  char byte = 0;
  return recv(fd, &byte, 1, 0) <= 0;
}

int Option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof(value);
  EXPECT_EQ(getsockopt(fd, level, name, &value, &length), 0);
  return value;
}

TEST(ListenerTest, HandsOverConnectionsReadyForUse) {
  ASSERT_OK_AND_ASSIGN(const auto listener, Listener::Bind(On("127.0.0.1")));
  EXPECT_GT(listener->address().port(), 0);
  EXPECT_THAT(listener->address().ToString(), MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
  Connections connections;
  listener->Start(connections.Handler());
  const UniqueFd client = ConnectTo(listener->address());
  const int fd = connections.Await(1);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}

TEST(ListenerTest, ConnectionsWaitUntilItStarts) {
  ASSERT_OK_AND_ASSIGN(const auto listener, Listener::Bind(On("127.0.0.1")));
  const UniqueFd client = ConnectTo(listener->address());
  Connections connections;
  listener->Start(connections.Handler());
  connections.Await(1);
}

TEST(ListenerTest, ListensOnIpv6AndOnBothWithTheAnyAddress) {
  ASSERT_OK_AND_ASSIGN(const auto loopback, Listener::Bind(On("::1")));
  EXPECT_THAT(loopback->address().ToString(), MatchesRegex("\\[::1\\]:[0-9]+"));
  Connections connections;
  loopback->Start(connections.Handler());
  const UniqueFd client = ConnectTo(loopback->address());
  EXPECT_EQ(Option(connections.Await(1), IPPROTO_TCP, TCP_NODELAY), 1);

  ASSERT_OK_AND_ASSIGN(const auto any, Listener::Bind(On("::")));
  any->Start(connections.Handler());
  ASSERT_OK_AND_ASSIGN(const SocketAddress ipv4, ResolveAddress("127.0.0.1", any->address().port()));
  const UniqueFd ipv4_client = ConnectTo(ipv4);
  connections.Await(2);
}

TEST(ListenerTest, APortInUseIsToldApart) {
  ASSERT_OK_AND_ASSIGN(const auto listener, Listener::Bind(On("127.0.0.1")));
  EXPECT_THAT(
      Listener::Bind(On("127.0.0.1", listener->address().port())),
      StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(listener->address().ToString() + " is in use")));
}

TEST(ListenerTest, APortIsFreeAgainAtOnce) {
  int port = 0;
  {
    ASSERT_OK_AND_ASSIGN(const auto listener, Listener::Bind(On("127.0.0.1")));
    port = listener->address().port();
    Connections connections;
    listener->Start(connections.Handler());
    const UniqueFd client = ConnectTo(listener->address());
    connections.Await(1);
    listener->Stop();
    connections.Close();  // the server's side closes first, and stays in TIME_WAIT
    EXPECT_TRUE(IsClosedByPeer(client.get()));
  }
  EXPECT_THAT(Listener::Bind(On("127.0.0.1", port)), testing::IsOk());
}

TEST(ListenerTest, AnAddressOfAnotherMachineIsInvalid) {
  EXPECT_THAT(Listener::Bind(On("192.0.2.1")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("192.0.2.1")));
}

class UnixListenerTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/socket"; }
  bool Exists() const {
    struct stat status = {};
    return lstat(path().c_str(), &status) == 0;
  }
  testing::TempDir folder_;
};

TEST_F(UnixListenerTest, TheFileLivesAsLongAsTheListener) {
  {
    ASSERT_OK_AND_ASSIGN(const auto listener, Listener::Bind(On("unix:" + path())));
    EXPECT_EQ(listener->address().ToString(), "unix:" + path());
    EXPECT_TRUE(Exists());
    Connections connections;
    listener->Start(connections.Handler());
    const UniqueFd client = ConnectTo(listener->address());
    connections.Await(1);
  }
  EXPECT_FALSE(Exists());
}

TEST_F(UnixListenerTest, AFileLeftBehindIsReplacedAndALiveOneIsNot) {
  ASSERT_OK_AND_ASSIGN(const SocketAddress address, ResolveAddress("unix:" + path(), 0));
  {
    const UniqueFd crashed(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(crashed.get(), address.get(), address.length), 0);
  }
  ASSERT_TRUE(Exists());
  ASSERT_OK_AND_ASSIGN(const auto listener, Listener::Bind(On("unix:" + path())));
  EXPECT_THAT(Listener::Bind(On("unix:" + path())), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(UnixListenerTest, AFileThatIsNoSocketIsLeftAlone) {
  std::ofstream(path()) << "precious";
  EXPECT_THAT(Listener::Bind(On("unix:" + path())), StatusIs(absl::StatusCode::kAlreadyExists));
  std::string content;
  std::ifstream(path()) >> content;
  EXPECT_EQ(content, "precious");
}

TEST(ListenerTest, BeyondTheLimitConnectionsAreClosedAndPlacesComeBack) {
  Listener::Options options = On("127.0.0.1");
  options.limits.max_connections = 2;
  ASSERT_OK_AND_ASSIGN(const auto listener, Listener::Bind(options));
  Connections connections;
  listener->Start(connections.Handler());
  const UniqueFd first = ConnectTo(listener->address()), second = ConnectTo(listener->address());
  connections.Await(2);
  EXPECT_EQ(listener->Connections(), 2);
  const UniqueFd third = ConnectTo(listener->address());
  EXPECT_TRUE(IsClosedByPeer(third.get()));
  EXPECT_EQ(connections.size(), 2u);
  connections.Close();
  EXPECT_EQ(listener->Connections(), 0);
  const UniqueFd fourth = ConnectTo(listener->address());
  connections.Await(1);
}

TEST(ListenerTest, ShutDownConnectionsReachesThoseThatWereHandedOver) {
  ASSERT_OK_AND_ASSIGN(const auto listener, Listener::Bind(On("127.0.0.1")));
  Connections connections;
  listener->Start(connections.Handler());
  const UniqueFd client = ConnectTo(listener->address());
  connections.Await(1);
  listener->ShutDownConnections();
  EXPECT_TRUE(IsClosedByPeer(client.get()));
}

TEST(ListenerTest, StopMayComeAtAnyTimeAndTwice) {
  ASSERT_OK_AND_ASSIGN(const auto never_started, Listener::Bind(On("127.0.0.1")));
  never_started->Stop();
  ASSERT_OK_AND_ASSIGN(const auto listener, Listener::Bind(On("127.0.0.1")));
  Connections connections;
  listener->Start(connections.Handler());
  listener->Stop();
  listener->Stop();
  EXPECT_THAT(Listener::Bind(On("127.0.0.1", listener->address().port())), testing::IsOk());
}

// Takes all descriptors but one.
std::vector<UniqueFd> TakeAllDescriptorsButOne() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = 64;
  setrlimit(RLIMIT_NOFILE, &limit);
  std::vector<UniqueFd> taken;
  do {
    taken.emplace_back(dup(0));
  } while (taken.back().valid());
  taken.pop_back();  // the one that failed
  taken.pop_back();
  return taken;
}

double CpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

// Runs in a process of its own. Exits with 0 if the listener got over running out of descriptors.
[[noreturn]] void RunOutOfDescriptors() {
  auto listener = Listener::Bind(On("127.0.0.1"));
  if (!listener.ok()) _exit(1);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(ConnectTo((*listener)->address()));
  const std::vector<UniqueFd> taken = TakeAllDescriptorsButOne();
  Connections connections;
  (*listener)->Start(connections.Handler());
  connections.Await(1);

  // Out of descriptors now. It must wait and not spin: half a second of it costs next to nothing.
  const double cpu_before = CpuSeconds();
  poll(nullptr, 0, 500);
  if (CpuSeconds() - cpu_before > 0.02) _exit(2);
  if (connections.size() != 1) _exit(3);

  connections.Close();
  connections.Await(1);  // the next one, as soon as there is room
  connections.Close();
  connections.Await(1);
  _exit(0);
}

TEST(ListenerDeathTest, OutOfDescriptorsItWaitsAndGoesOn) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(RunOutOfDescriptors(), ::testing::ExitedWithCode(0), "accepting pauses");
}

}  // namespace
}  // namespace edgenext::serving
