#include "server/lifecycle/lifecycle.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;

TEST(LifecycleTest, StartsInStarting) {
  Lifecycle lifecycle;
  EXPECT_EQ(lifecycle.state(), ServerState::kStarting);
  EXPECT_FALSE(lifecycle.ready());
}

TEST(LifecycleTest, OnlyMovesForward) {
  Lifecycle lifecycle;
  EXPECT_TRUE(lifecycle.MoveTo(ServerState::kReady));
  EXPECT_TRUE(lifecycle.ready());
  EXPECT_FALSE(lifecycle.MoveTo(ServerState::kReady));
  EXPECT_TRUE(lifecycle.MoveTo(ServerState::kDraining));
  EXPECT_FALSE(lifecycle.MoveTo(ServerState::kReady));
  EXPECT_EQ(lifecycle.state(), ServerState::kDraining);
  EXPECT_TRUE(lifecycle.MoveTo(ServerState::kStopped));
}

TEST(LifecycleTest, ASignalDuringLoadSkipsReady) {
  Lifecycle lifecycle;
  EXPECT_TRUE(lifecycle.MoveTo(ServerState::kDraining));
  EXPECT_FALSE(lifecycle.MoveTo(ServerState::kReady));
}

TEST(LifecycleTest, ObserversHearThePresentStateAndEveryChangeOnce) {
  Lifecycle lifecycle;
  std::vector<ServerState> early, late;
  lifecycle.Observe([&early](ServerState state) { early.push_back(state); });
  lifecycle.MoveTo(ServerState::kReady);
  lifecycle.Observe([&late](ServerState state) { late.push_back(state); });
  lifecycle.MoveTo(ServerState::kReady);
  lifecycle.MoveTo(ServerState::kDraining);
  EXPECT_THAT(early, ElementsAre(ServerState::kStarting, ServerState::kReady, ServerState::kDraining));
  EXPECT_THAT(late, ElementsAre(ServerState::kReady, ServerState::kDraining));
}

TEST(LifecycleTest, ObserversMayAskForTheState) {
  Lifecycle lifecycle;
  ServerState seen = ServerState::kStopped;
  lifecycle.Observe([&](ServerState) { seen = lifecycle.state(); });
  lifecycle.MoveTo(ServerState::kReady);
  EXPECT_EQ(seen, ServerState::kReady);
}

// Of many threads that want the same change one makes it, and no observer is told of a step back.
TEST(LifecycleTest, ChangesFromManyThreadsStayInOrder) {
  for (int round = 0; round < 200; ++round) {
    Lifecycle lifecycle;
    std::vector<ServerState> seen;  // observers run one at a time
    lifecycle.Observe([&seen](ServerState state) { seen.push_back(state); });
    std::atomic<int> became_ready{0}, became_draining{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        if (i % 2 == 0) became_ready += lifecycle.MoveTo(ServerState::kReady) ? 1 : 0;
        became_draining += lifecycle.MoveTo(ServerState::kDraining) ? 1 : 0;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(became_ready, 1);
    EXPECT_EQ(became_draining, 1);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
    EXPECT_EQ(seen.back(), ServerState::kDraining);
  }
}

TEST(LifecycleTest, StatesHaveNames) {
  EXPECT_STREQ(ServerStateName(ServerState::kStarting), "starting");
  EXPECT_STREQ(ServerStateName(ServerState::kReady), "ready");
  EXPECT_STREQ(ServerStateName(ServerState::kDraining), "draining");
  EXPECT_STREQ(ServerStateName(ServerState::kStopped), "stopped");
}

}  // namespace
}  // namespace edgenext::serving
