#include "server/net/connection_table.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gtest/gtest.h"
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

TEST(ConnectionTableTest, CountsWhatIsOpen) {
  ConnectionTable table;
  EXPECT_EQ(table.Count(), 0);
  SocketPair first, second;
  table.Add(first.ours.get());
  table.Add(second.ours.get());
  EXPECT_EQ(table.Count(), 2);
  first.ours.Close();
  EXPECT_EQ(table.CountAtMost(), 2);
  EXPECT_EQ(table.Count(), 1);
  EXPECT_EQ(table.CountAtMost(), 1);
}

TEST(ConnectionTableTest, ADescriptorThatWasTakenAgainIsAnotherConnection) {
  ConnectionTable table;
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
  ConnectionTable table;
  SocketPair known, other;
  const int number = known.ours.get();
  table.Add(number);
  ASSERT_EQ(dup2(other.ours.get(), number), number);
  table.ShutDownAll();
  EXPECT_EQ(send(other.theirs.get(), "x", 1, MSG_NOSIGNAL), 1);
}

TEST(ConnectionTableTest, HalfCloseAllEndsWhatIsSentAndGoesOnReading) {
  ConnectionTable table;
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

// While it lives no descriptor can be opened.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit none = before_;
    none.rlim_cur = 0;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_ = {};
};

TEST(ConnectionTableTest, WhatHadNoSpareDescriptorIsReachedTheNextTime) {
  ConnectionTable table;
  SocketPair pair;
  table.Add(pair.ours.get());
  {
    const NoDescriptors none;
    table.ShutDownAll();
  }
  char byte = 0;
  EXPECT_EQ(recv(pair.theirs.get(), &byte, 1, MSG_DONTWAIT), -1);
  table.ShutDownAll();
  EXPECT_EQ(recv(pair.theirs.get(), &byte, 1, MSG_DONTWAIT), 0);
}

}  // namespace
}  // namespace edgenext::serving
