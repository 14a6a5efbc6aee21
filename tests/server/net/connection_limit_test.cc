#include "server/net/connection_limit.h"

#include <sys/socket.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/net/socket_address.h"
#include "server/net/unique_fd.h"
#include "tests/testing/simulated_clock.h"

namespace edgenext::serving {
namespace {

using Place = ConnectionLimit::Place;
using ::testing::ElementsAre;

// A loopback TCP connection, by the name that a test gives it.
struct TestConnection {
  explicit TestConnection(const SocketAddress& server, int listening) {
    theirs = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(theirs.get(), server.get(), server.length), 0);
    ours = UniqueFd(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
  }
  UniqueFd ours, theirs;
};

class ConnectionLimitTest : public ::testing::Test {
 protected:
  ConnectionLimitTest() : address_(*ResolveAddress("127.0.0.1", 0)) {
    listening_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(bind(listening_.get(), address_.get(), address_.length), 0);
    EXPECT_EQ(listen(listening_.get(), 16), 0);
    EXPECT_EQ(getsockname(listening_.get(), address_.get(), &address_.length), 0);
  }

  static ConnectionLimits Limits() {
    ConnectionLimits limits;
    limits.max_connections = 2;
    limits.reserve = 2;
    limits.idle_after = absl::Seconds(1);
    return limits;
  }

  // A new connection comes; the time of the last look is over.
  Place Come(const std::string& name, int idle_ms = 0) {
    clock_.Advance(absl::Milliseconds(50));
    const Place place = limit_.Admit();
    if (place == Place::kNone) return place;
    connections_[name] = std::make_unique<TestConnection>(address_, listening_.get());
    SetIdle(name, idle_ms);
    table_.Add(Fd(name), place == Place::kReserve);
    return place;
  }
  void SetIdle(const std::string& name, int idle_ms) { idle_[Fd(name)] = absl::Milliseconds(idle_ms); }
  void Close(const std::string& name) { connections_.at(name)->ours.Close(); }
  void ServeReserve() {
    clock_.Advance(absl::Milliseconds(50));
    limit_.ServeReserve();
  }
  std::shared_ptr<const Connection> Call(const std::string& name) {
    return table_.Find("ipv4:" + PeerOf(Fd(name)));
  }
  int Fd(const std::string& name) const { return connections_.at(name)->ours.get(); }
  // Those that were not shut down, by name; "*" marks the reserve.
  std::vector<std::string> Left() {
    std::vector<std::string> names;
    for (const auto& [name, connection] : connections_) {
      if (connection->ours.get() < 0) continue;
      const auto found = Call(name);
      if (found != nullptr) names.push_back(absl::StrCat(name, found->in_reserve ? "*" : ""));
      // What is not in the table any more was closed for its peer.
      char byte = 0;
      EXPECT_EQ(recv(connection->theirs.get(), &byte, 1, MSG_DONTWAIT) == 0, found == nullptr) << name;
    }
    return names;
  }

  SocketAddress address_;
  UniqueFd listening_;
  testing::SimulatedClock clock_;
  std::map<int, absl::Duration> idle_;  // by descriptor; what is not there has none
  std::map<std::string, std::unique_ptr<TestConnection>> connections_;
  ConnectionTable table_{[this](int copy) -> absl::optional<absl::Duration> {
    // The copy has another number.
    for (const auto& [fd, idle] : idle_) {
      if (SocketInode(fd) == SocketInode(copy)) return idle;
    }
    return absl::nullopt;
  }};
  ConnectionLimit limit_{Limits(), &table_, &clock_};
};

TEST_F(ConnectionLimitTest, AtTheLimitTheLongestIdleIsClosed) {
  EXPECT_EQ(Come("a", 1500), Place::kOpen);
  EXPECT_EQ(Come("b", 3000), Place::kOpen);
  EXPECT_EQ(Come("c"), Place::kOpen);
  EXPECT_THAT(Left(), ElementsAre("a", "c"));
  EXPECT_EQ(Come("d"), Place::kOpen);
  EXPECT_THAT(Left(), ElementsAre("c", "d"));
  EXPECT_EQ(limit_.closed_idle(), 2);
  EXPECT_EQ(limit_.closed_at_limit(), 0);
}

TEST_F(ConnectionLimitTest, AConnectionWithACallIsNotIdle) {
  Come("a", 3000);
  Come("b", 1500);
  auto call = Call("a");
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(Come("c"), Place::kOpen);
  EXPECT_THAT(Left(), ElementsAre("a", "c"));
  EXPECT_EQ(Come("d"), Place::kReserve);
  call.reset();
  EXPECT_EQ(Come("e"), Place::kOpen);
  EXPECT_THAT(Left(), ElementsAre("c", "d*", "e"));
}

TEST_F(ConnectionLimitTest, WhatHasJustSpokenIsNotIdle) {
  Come("a", 999);
  Come("b", 1000);
  EXPECT_EQ(Come("c"), Place::kOpen);
  EXPECT_THAT(Left(), ElementsAre("a", "c"));
  EXPECT_EQ(Come("d"), Place::kReserve);
}

TEST_F(ConnectionLimitTest, BeyondTheReserveTheNewestIsClosed) {
  for (const char* name : {"a", "b"}) EXPECT_EQ(Come(name), Place::kOpen);
  for (const char* name : {"c", "d"}) EXPECT_EQ(Come(name), Place::kReserve);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Come("e"), Place::kNone);
  EXPECT_THAT(Left(), ElementsAre("a", "b", "c*", "d*"));
  EXPECT_EQ(limit_.closed_at_limit(), 5);
  std::string log = ::testing::internal::GetCapturedStderr();
  const std::string event = "too many connections";
  ASSERT_NE(log.find(event), std::string::npos) << log;
  EXPECT_EQ(log.find(event, log.find(event) + 1), std::string::npos) << "once only: " << log;
  clock_.Advance(absl::Seconds(10));
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Come("e"), Place::kNone);
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("closed_since_start=6"), std::string::npos);
}

TEST_F(ConnectionLimitTest, CallsDoNotKeepAnIdleConnectionInTheReserve) {
  for (const char* name : {"a", "b", "c", "d"}) Come(name);
  const auto watch = Call("c");
  SetIdle("c", 1200);
  EXPECT_EQ(Come("e"), Place::kReserve);
  EXPECT_THAT(Left(), ElementsAre("a", "b", "d*", "e*"));
}

TEST_F(ConnectionLimitTest, TheOldestInTheReserveMovesOnWhenThereIsRoom) {
  for (const char* name : {"a", "b", "c", "d"}) Come(name);
  ServeReserve();
  EXPECT_THAT(Left(), ElementsAre("a", "b", "c*", "d*"));
  Close("a");
  ServeReserve();
  EXPECT_THAT(Left(), ElementsAre("b", "c", "d*"));
  EXPECT_TRUE(limit_.reserve_in_use());
  SetIdle("d", 5000);  // room is room, idle or not
  Close("b");
  ServeReserve();
  EXPECT_THAT(Left(), ElementsAre("c", "d"));
  EXPECT_FALSE(limit_.reserve_in_use());
}

TEST_F(ConnectionLimitTest, AnIdleConnectionMakesRoomForOneInTheReserveThatIsNot) {
  for (const char* name : {"a", "b", "c", "d"}) Come(name);
  SetIdle("a", 1500);
  SetIdle("c", 1500);
  ServeReserve();
  EXPECT_THAT(Left(), ElementsAre("b", "c*", "d"));
  EXPECT_EQ(limit_.closed_idle(), 1);
}

TEST_F(ConnectionLimitTest, ForOneThatHasLeftTheReserveNothingIsClosed) {
  for (const char* name : {"a", "b", "c"}) Come(name);
  SetIdle("a", 3000);
  SetIdle("b", 2000);
  EXPECT_EQ(Come("d"), Place::kOpen);  // looks, and closes a
  Close("c");
  limit_.ServeReserve();
  EXPECT_THAT(Left(), ElementsAre("b", "d")) << "a moment after the look that saw c in the reserve";
  EXPECT_EQ(limit_.closed_idle(), 1);
}

TEST_F(ConnectionLimitTest, AFloodIsNotLookedAtOneByOne) {
  for (const char* name : {"a", "b", "c", "d"}) Come(name);
  EXPECT_EQ(Come("e"), Place::kNone);
  SetIdle("a", 5000);
  EXPECT_EQ(limit_.Admit(), Place::kNone) << "a moment after the last look";
  clock_.Advance(absl::Milliseconds(50));
  EXPECT_EQ(limit_.Admit(), Place::kOpen);
}

TEST_F(ConnectionLimitTest, WhoHasSpokenSinceTheLookStays) {
  Come("a", 3000);
  Come("b", 2000);
  EXPECT_EQ(Come("c"), Place::kOpen);  // looks, and closes a
  SetIdle("b", 10);
  EXPECT_EQ(limit_.Admit(), Place::kReserve) << "a moment after the look that saw b idle";
  EXPECT_THAT(Left(), ElementsAre("b", "c"));
}

TEST_F(ConnectionLimitTest, WithoutAnIdleTimeNothingIsClosedForAnother) {
  ConnectionLimits limits;
  limits.max_connections = 1;
  ConnectionLimit plain(limits, &table_, &clock_);
  Come("a", 1'000'000);
  EXPECT_EQ(plain.Admit(), Place::kNone);
  EXPECT_THAT(Left(), ElementsAre("a"));
  Close("a");
  clock_.Advance(absl::Milliseconds(50));
  EXPECT_EQ(plain.Admit(), Place::kOpen);
}

}  // namespace
}  // namespace edgenext::serving
