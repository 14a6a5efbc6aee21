#include "server/net/connection_table.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/net/socket_address.h"
#include "server/net/unique_fd.h"

namespace edgenext::serving {
namespace {

struct SocketPair {
  SocketPair() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ours = UniqueFd(fds[0]);
    theirs = UniqueFd(fds[1]);
  }
  UniqueFd ours, theirs;
};

absl::optional<absl::Duration> NoIdleTime(int /*fd*/) { return absl::nullopt; }

TEST(ConnectionTableTest, CountsWhatIsOpen) {
  ConnectionTable table(NoIdleTime);
  EXPECT_EQ(table.Count(), 0);
  SocketPair first, second;
  table.Add(first.ours.get());
  table.Add(second.ours.get());
  EXPECT_EQ(table.Count(), 2);
  first.ours.Close();
  EXPECT_EQ(table.CountAtMost().open, 2);
  EXPECT_EQ(table.Count(), 1);
  EXPECT_EQ(table.CountAtMost().open, 1);
}

TEST(ConnectionTableTest, ADescriptorThatWasTakenAgainIsAnotherConnection) {
  ConnectionTable table(NoIdleTime);
  SocketPair first;
  const int number = first.ours.get();
  table.Add(number);
  SocketPair second;
  ASSERT_EQ(dup2(second.ours.get(), number), number);  // closes the first and takes its number
  EXPECT_EQ(table.Count(), 0);

  table.Add(second.theirs.get());
  table.ShutDownAll();
  char byte = 0;
  EXPECT_EQ(recv(second.ours.get(), &byte, 1, MSG_DONTWAIT), 0);  // the end of the stream
}

TEST(ConnectionTableTest, ShutDownAllLeavesOthersAlone) {
  ConnectionTable table(NoIdleTime);
  SocketPair known, other;
  const int number = known.ours.get();
  table.Add(number);
  ASSERT_EQ(dup2(other.ours.get(), number), number);
  table.ShutDownAll();
  EXPECT_EQ(send(other.theirs.get(), "x", 1, MSG_NOSIGNAL), 1);
}

TEST(ConnectionTableTest, HalfCloseAllEndsWhatIsSentAndGoesOnReading) {
  ConnectionTable table(NoIdleTime);
  SocketPair pair;
  table.Add(pair.ours.get());
  ASSERT_EQ(send(pair.ours.get(), "answer", 6, MSG_NOSIGNAL), 6);
  table.HalfCloseAll();
  EXPECT_EQ(table.Count(), 1);
  char bytes[8] = {};
  EXPECT_EQ(recv(pair.theirs.get(), bytes, sizeof(bytes), MSG_DONTWAIT), 6);
  EXPECT_EQ(recv(pair.theirs.get(), bytes, sizeof(bytes), MSG_DONTWAIT), 0);
  ASSERT_EQ(send(pair.theirs.get(), "late", 4, MSG_NOSIGNAL), 4);
  EXPECT_EQ(recv(pair.ours.get(), bytes, sizeof(bytes), MSG_DONTWAIT), 4);
}

// Takes every descriptor that the process may have.
std::vector<UniqueFd> TakeAllDescriptors() {
  rlimit limit = {};
  EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, 256);
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  std::vector<UniqueFd> taken;
  do {
    taken.emplace_back(dup(0));
  } while (taken.back().valid());
  return taken;
}

TEST(ConnectionTableTest, NeedsNoSpareDescriptor) {
  ConnectionTable table(NoIdleTime);
  SocketPair first, second;
  table.Add(first.ours.get());
  table.Add(second.ours.get());
  const std::vector<UniqueFd> taken = TakeAllDescriptors();
  EXPECT_EQ(table.Count(), 2);
  EXPECT_EQ(table.Look().size(), 2u);
  table.ShutDownAll();
  for (const SocketPair* pair : {&first, &second}) {
    char byte = 0;
    EXPECT_EQ(recv(pair->theirs.get(), &byte, 1, MSG_DONTWAIT), 0);
  }
}

TEST(ConnectionTableTest, LookingKeepsNoSocketOpen) {
  ConnectionTable table(NoIdleTime);
  SocketPair pair;
  table.Add(pair.ours.get());
  table.HalfCloseAll();
  table.Look();
  table.LookAt(0);
  pair.ours.Close();
  EXPECT_EQ(send(pair.theirs.get(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT), -1);
}

// A TCP connection over `host` as a listener accepts it.
struct TcpPair {
  explicit TcpPair(const std::string& host, const std::string& connect_to) {
    const auto address = ResolveAddress(host, 0);
    const UniqueFd listening(socket(address->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(listening.get(), address->get(), address->length), 0);
    EXPECT_EQ(listen(listening.get(), 1), 0);
    SocketAddress bound = *address;
    EXPECT_EQ(getsockname(listening.get(), bound.get(), &bound.length), 0);
    const auto target = ResolveAddress(connect_to, bound.port());
    theirs = UniqueFd(socket(target->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(theirs.get(), target->get(), target->length), 0);
    ours = UniqueFd(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    SocketAddress own;
    own.length = sizeof(own.storage);
    EXPECT_EQ(getsockname(theirs.get(), own.get(), &own.length), 0);
    port = own.port();
  }
  UniqueFd ours, theirs;
  int port = 0;  // of the peer
};

TEST(ConnectionTableTest, FindsTheConnectionOfACallAsGrpcNamesIt) {
  struct Row {
    const char *host, *connect_to, *peer;
  };
  for (const Row& row : {Row{"127.0.0.1", "127.0.0.1", "ipv4:127.0.0.1:"},
                         Row{"::1", "::1", "ipv6:%5B::1%5D:"}, Row{"::", "127.0.0.1", "ipv4:127.0.0.1:"}}) {
    ConnectionTable table(NoIdleTime);
    TcpPair pair(row.host, row.connect_to);
    table.Add(pair.ours.get());
    EXPECT_FALSE(table.Look().at(0).has_calls);
    {
      const auto call = table.Find(absl::StrCat(row.peer, pair.port));
      ASSERT_NE(call, nullptr) << row.host;
      EXPECT_FALSE(call->in_reserve);
      EXPECT_TRUE(table.Look().at(0).has_calls);
    }
    EXPECT_FALSE(table.Look().at(0).has_calls);
    EXPECT_EQ(table.Find(absl::StrCat(row.peer, pair.port + 1)), nullptr);
    EXPECT_EQ(table.Find("unix:"), nullptr);
    pair.ours.Close();
    EXPECT_EQ(table.Count(), 0);
    EXPECT_EQ(table.Find(absl::StrCat(row.peer, pair.port)), nullptr);
  }
}

TEST(ConnectionTableTest, ThePeersOfAUnixSocketHaveNoNames) {
  ConnectionTable table(NoIdleTime);
  SocketPair pair;
  table.Add(pair.ours.get());
  for (const char* peer : {"unix:", "", "ipv4:"}) EXPECT_EQ(table.Find(peer), nullptr) << peer;
  EXPECT_FALSE(SocketIdleTime(pair.ours.get()));
}

TEST(ConnectionTableTest, IdleTimeStartsAgainWithEveryByteOfEitherDirection) {
  TcpPair pair("127.0.0.1", "127.0.0.1");
  const auto idle = [&] { return *SocketIdleTime(pair.ours.get()); };
  for (const bool received : {true, false}) {
    absl::Duration before;
    while ((before = idle()) < absl::Milliseconds(60)) std::this_thread::yield();
    ASSERT_EQ(send((received ? pair.theirs : pair.ours).get(), "x", 1, 0), 1);
    while (idle() >= before) std::this_thread::yield();
  }
}

TEST(ConnectionTableTest, CountsTheReserveApart) {
  ConnectionTable table(NoIdleTime);
  SocketPair open, reserve;
  table.Add(open.ours.get());
  table.Add(reserve.ours.get(), true);
  EXPECT_EQ(table.CountAtMost().open, 1);
  EXPECT_EQ(table.CountAtMost().in_reserve, 1);
  EXPECT_EQ(table.Count(), 2);
  table.TakeOutOfReserve(table.Look().at(1).id);
  EXPECT_EQ(table.CountAtMost().open, 2);
  EXPECT_EQ(table.CountAtMost().in_reserve, 0);
}

}  // namespace
}  // namespace edgenext::serving
