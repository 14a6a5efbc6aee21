#include "server/simulate/event_queue.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

MonotonicTime At(int ms) { return MonotonicTime::FromDuration(absl::Milliseconds(ms)); }

TEST(EventQueueTest, RunsInOrderOfTimeAndThenOfAsking) {
  EventQueue events;
  std::string ran;
  events.At(At(2), [&] { ran += 'c'; });
  events.At(At(1), [&] { ran += 'a'; });
  events.At(At(1), [&] { ran += 'b'; });
  while (events.RunNext()) {
  }
  EXPECT_EQ(ran, "abc");
  EXPECT_EQ(events.now(), At(2));
}

TEST(EventQueueTest, AnEventCanAskForOthersAndWhatIsPastHappensNow) {
  EventQueue events;
  std::vector<MonotonicTime> times;
  events.At(At(5), [&] {
    events.At(At(1), [&] { times.push_back(events.now()); });
    events.At(At(7), [&] { times.push_back(events.now()); });
  });
  while (events.RunNext()) {
  }
  EXPECT_THAT(times, ::testing::ElementsAre(At(5), At(7)));
}

TEST(EventQueueTest, ActionsThatTakeOverSlotsOfOthersRunOnce) {
  EventQueue events;
  int left = 1000, ran = 0;
  std::function<void()> again = [&] {
    ++ran;
    if (--left > 0) events.At(events.now() + absl::Milliseconds(left % 7), again);
  };
  events.At(At(0), again);
  while (events.RunNext()) {
  }
  EXPECT_EQ(ran, 1000);
}

}  // namespace
}  // namespace edgenext::serving
