#include "server/health/health_state.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;

TEST(HealthStateTest, NamesFollowTheServersState) {
  HealthState state(10);
  state.AddModel("m");
  struct Row {
    ServerState server;
    Health ready, live;
  };
  for (const Row& row : {Row{ServerState::kStarting, Health::kNotServing, Health::kServing},
                         Row{ServerState::kReady, Health::kServing, Health::kServing},
                         Row{ServerState::kDraining, Health::kNotServing, Health::kServing},
                         Row{ServerState::kStopped, Health::kNotServing, Health::kNotServing}}) {
    state.SetServerState(row.server);
    for (const char* name :
         {"", "edgenext.v1.Classifier", "inference.GRPCInferenceService", "readiness", "model/m"}) {
      EXPECT_EQ(state.Of(name), row.ready) << name << " while " << ServerStateName(row.server);
    }
    EXPECT_EQ(state.Of("liveness"), row.live) << ServerStateName(row.server);
    EXPECT_EQ(state.Of("nonsense"), Health::kUnknownName);
    EXPECT_EQ(state.Of("model/other"), Health::kUnknownName);
  }
}

TEST(HealthStateTest, WatchersHearThePresentAndEveryChangeOnce) {
  HealthState state(10);
  std::vector<Health> heard;
  const auto id = state.AddWatcher("readiness", [&](Health health) { heard.push_back(health); });
  ASSERT_TRUE(id.ok());
  state.AddModel("m");  // changes nothing for this name
  state.SetServerState(ServerState::kReady);
  state.SetServerState(ServerState::kReady);
  state.SetServerState(ServerState::kDraining);
  state.SetServerState(ServerState::kStopped);
  EXPECT_THAT(heard, ElementsAre(Health::kNotServing, Health::kServing, Health::kNotServing));
  state.RemoveWatcher(*id);
  state.Close();
  EXPECT_EQ(heard.size(), 3u);
}

TEST(HealthStateTest, WatchersOfAnUnknownNameHearWhenItIsKnown) {
  HealthState state(10);
  state.SetServerState(ServerState::kReady);
  std::vector<Health> heard;
  ASSERT_TRUE(state.AddWatcher("model/m", [&](Health health) { heard.push_back(health); }).ok());
  state.AddModel("m");
  EXPECT_THAT(heard, ElementsAre(Health::kUnknownName, Health::kServing));
}

TEST(HealthStateTest, CloseIsTheLastThatWatchersHear) {
  HealthState state(10);
  std::vector<Health> heard;
  ASSERT_TRUE(state.AddWatcher("", [&](Health health) { heard.push_back(health); }).ok());
  state.Close();
  state.SetServerState(ServerState::kReady);
  EXPECT_THAT(heard, ElementsAre(Health::kNotServing, Health::kClosed));
  EXPECT_TRUE(absl::IsUnavailable(state.AddWatcher("", [](Health) { FAIL(); }).status()));
  EXPECT_EQ(state.Of(""), Health::kServing);
}

TEST(HealthStateTest, WatchersAreLimited) {
  HealthState state(2);
  const auto ignore = [](Health) {};
  const auto first = state.AddWatcher("", ignore);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(state.AddWatcher("", ignore).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(state.AddWatcher("", ignore).status()));
  state.RemoveWatcher(*first);
  EXPECT_TRUE(state.AddWatcher("", ignore).ok());
  state.Close();
  EXPECT_TRUE(absl::IsUnavailable(state.AddWatcher("", ignore).status())) << "full or not";
}

TEST(HealthStateTest, ThreadsMayComeAndGo) {
  HealthState state(1000);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        int calls = 0;  // guarded by the state's own lock: the watcher must not run after it is removed
        const auto id = state.AddWatcher("", [&calls](Health) { ++calls; });
        state.Of("liveness");
        if (id.ok()) state.RemoveWatcher(*id);
      }
    });
  }
  for (int i = 0; i < 1000; ++i) {
    state.SetServerState(i % 2 == 0 ? ServerState::kReady : ServerState::kDraining);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace edgenext::serving
