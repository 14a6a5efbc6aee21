#include <atomic>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/batching/batch_scheduler.h"
#include "tests/server/batching/test_task.h"
#include "tests/testing/gate.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::Gate;
using ::edgenext::testing::IsOk;

// Has its threads wait for each other, as an execution does.
void MeetTwice(ThreadTeam& team) {
  std::atomic<int> arrived = 0;
  team.Run(3, [&](int, int threads) {
    for (int round = 1; round <= 2; ++round) {
      ++arrived;
      while (arrived < round * threads) std::this_thread::yield();
    }
  });
}

// Any mix of deadlines, classes, cancellations, full queues, shared work and a stop in the middle: what was
// accepted ends exactly once. On the real clock, with real races.
TEST(BatchSchedulerRaceTest, EveryAcceptedTaskEndsExactlyOnce) {
  constexpr int kClients = 4;
  constexpr int kTasksOfClient = 500;
  Endings endings;
  BatchScheduler::Options options;
  options.workers = 3;
  options.queue.capacity = 20;
  options.queue.policy.batch_timeout = absl::Microseconds(50);
  options.queue.policy.max_batch_size = 4;
  BatchScheduler scheduler(options);
  ASSERT_THAT(scheduler.Start([&](int) {
    return BatchFunction([&](Batch batch) {
      MeetTwice(scheduler.team());
      RunAll(std::move(batch));
    });
  }),
              IsOk());

  std::set<std::string> accepted;
  while (scheduler.sharing().runs == 0) {
    const std::string name = "alone " + std::to_string(accepted.size());
    std::unique_ptr<Task> task = std::make_unique<TestTask>(name, &endings);
    ASSERT_THAT(scheduler.Schedule(&task), IsOk());
    accepted.insert(name);
    endings.Await(accepted.size());
  }

  std::mutex mu;
  Gate half_way;
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      std::mt19937 random(static_cast<unsigned>(client));
      for (int i = 0; i < kTasksOfClient; ++i) {
        if (i == kTasksOfClient / 2) half_way.Pass();
        TaskAttributes attributes;
        attributes.deadline =
            Clock::Real().Now() + absl::Microseconds(std::uniform_int_distribution<int>(-10, 500)(random));
        attributes.task_class = random() % 2 == 0 ? TaskClass::kInteractive : TaskClass::kBulk;
        const auto cancellation = std::make_shared<Cancellation>();
        const std::string name = std::to_string(client) + "/" + std::to_string(i);
        std::unique_ptr<Task> task = std::make_unique<TestTask>(name, &endings, attributes, cancellation);
        if (scheduler.Schedule(&task).ok()) {
          std::lock_guard<std::mutex> lock(mu);
          accepted.insert(name);
        }
        if (random() % 4 == 0) cancellation->Cancel();
      }
    });
  }
  half_way.AwaitArrivals(kClients);  // stop while the clients are at it
  scheduler.Stop(Clock::Real().Now() + absl::Seconds(30));
  for (std::thread& client : clients) client.join();

  const std::vector<std::string> names = endings.names();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), accepted);
  EXPECT_EQ(names.size(), accepted.size());
  EXPECT_EQ(scheduler.depth().queued, 0);
}

}  // namespace
}  // namespace edgenext::serving
