#include "server/batching/admission_policy.h"

#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using Kind = AdmissionDecision::Kind;

constexpr MonotonicTime kNow = MonotonicTime::FromDuration(absl::Hours(1));

// Two workers that take 10 ms an image: 200 images a second, at most 20 of which may wait, for 60 ms.
AdmissionPolicy::Options TwoWorkers() {
  AdmissionPolicy::Options options;
  options.workers = 2;
  options.queue_capacity = 20;
  options.max_queue_wait = absl::Milliseconds(60);
  return options;
}

AdmissionSnapshot Server(int waiting, int ahead, int executing) {
  AdmissionSnapshot server;
  server.waiting = waiting;
  server.ahead = ahead;
  server.executing = executing;
  server.time_per_image = absl::Milliseconds(10);
  return server;
}

AdmissionAsk Ask(int images = 1, absl::Duration time_left = absl::InfiniteDuration()) {
  AdmissionAsk ask;
  ask.images = images;
  ask.deadline = kNow + time_left;
  return ask;
}

TEST(AdmissionPolicyTest, PredictsTheWaitFromWhatRunsBefore) {
  const AdmissionPolicy policy(TwoWorkers());
  struct Case {
    int ahead, executing;
    double milliseconds;
  };
  const std::vector<Case> cases = {
      {0, 0, 0},     {0, 1, 0},  // a worker is free
      {1, 0, 0},                 // and there is one for the other image too
      {0, 2, 2.5},               // the first of two that are half done, on average
      {1, 1, 2.5},               // the waiting one is about to run
      {1, 2, 7.5},   {2, 2, 12.5},
      {10, 2, 52.5}, {10, 16, 122.5},  // two batches of 8: all of these images come first
  };
  for (const Case& c : cases) {
    EXPECT_EQ(policy.PredictWait(c.ahead, c.executing, absl::Milliseconds(10)),
              absl::Milliseconds(c.milliseconds))
        << c.ahead << " ahead, " << c.executing << " executing";
    EXPECT_EQ(policy.PredictWait(c.ahead, c.executing, absl::ZeroDuration()), absl::ZeroDuration());
  }
}

TEST(AdmissionPolicyTest, Decides) {
  const AdmissionPolicy policy(TwoWorkers());
  struct Case {
    std::string what;
    AdmissionSnapshot server;
    AdmissionAsk ask;
    Kind kind;
  };
  const auto ms = [](int count) { return absl::Milliseconds(count); };
  const std::vector<Case> cases = {
      {"an idle server", Server(0, 0, 0), Ask(), Kind::kAdmit},
      {"the last place", Server(19, 0, 2), Ask(), Kind::kAdmit},
      {"no place", Server(20, 0, 2), Ask(), Kind::kNoPlace},
      {"all or nothing", Server(18, 0, 2), Ask(3), Kind::kNoPlace},
      {"no image takes no place", Server(20, 0, 2), Ask(0), Kind::kAdmit},
      {"52.5 ms of 60", Server(10, 10, 2), Ask(), Kind::kAdmit},
      {"57.5 ms of 60", Server(11, 11, 2), Ask(), Kind::kAdmit},
      {"62.5 ms of 60", Server(12, 12, 2), Ask(), Kind::kWaitTooLong},
      {"its last image counts", Server(10, 10, 2), Ask(3), Kind::kWaitTooLong},
      {"those that run later do not count", Server(19, 11, 2), Ask(), Kind::kAdmit},
      {"its own time fits exactly", Server(0, 0, 0), Ask(1, ms(10)), Kind::kAdmit},
      {"its own time does not fit", Server(0, 0, 0), Ask(1, ms(9)), Kind::kDeadlineUnreachable},
      {"a wait of 22.5 ms, a twentieth more and its own time fit", Server(4, 4, 2), Ask(1, ms(34)),
       Kind::kAdmit},
      {"and do not", Server(4, 4, 2), Ask(1, ms(33)), Kind::kDeadlineUnreachable},
      {"earlier deadlines only are ahead", Server(19, 0, 2), Ask(1, ms(13)), Kind::kAdmit},
      {"a full queue comes first", Server(20, 0, 2), Ask(1, ms(1)), Kind::kNoPlace},
      {"too long a wait is told before a deadline", Server(12, 12, 2), Ask(1, ms(70)), Kind::kWaitTooLong},
  };
  for (const Case& c : cases) EXPECT_EQ(policy.Decide(c.server, c.ask, kNow).kind, c.kind) << c.what;
}

TEST(AdmissionPolicyTest, RefusesWhatWouldExpireAnother) {
  const AdmissionPolicy policy(TwoWorkers());
  AdmissionSnapshot server = Server(2, 0, 2);
  server.expires_another = true;
  EXPECT_EQ(policy.Decide(server, Ask(), kNow).kind, Kind::kOthersDeadline);
}

TEST(AdmissionPolicyTest, DividesThePlacesAmongThoseWhoWantThem) {
  AdmissionPolicy::Options options = TwoWorkers();
  options.max_queue_wait = absl::Seconds(10);
  const AdmissionPolicy policy(options);
  struct Case {
    std::string what;
    int contenders, held;
    AdmissionAsk ask;
    Kind kind;
  };
  const auto ms = [](int count) { return absl::Milliseconds(count); };
  const std::vector<Case> cases = {
      {"alone it may have all", 1, 14, Ask(6), Kind::kAdmit},
      {"half of 20", 2, 9, Ask(), Kind::kAdmit},
      {"more than half", 2, 10, Ask(), Kind::kNotItsShare},
      {"a third is rounded up", 3, 6, Ask(), Kind::kAdmit},
      {"more than a third", 3, 7, Ask(), Kind::kNotItsShare},
      {"whoever has nothing gets a place", 40, 0, Ask(), Kind::kAdmit},
      {"or several, together", 2, 0, Ask(12), Kind::kAdmit},
      {"and no second one", 40, 1, Ask(), Kind::kNotItsShare},
      // With 2 executing, 9 images can wait and be answered within 60 ms: the last waits 47.5 ms.
      {"half of those before the deadline", 2, 4, Ask(1, ms(60)), Kind::kAdmit},
      {"more than that", 2, 5, Ask(1, ms(60)), Kind::kNotItsShare},
  };
  for (const Case& c : cases) {
    AdmissionSnapshot server = Server(c.held, 0, 2);
    server.contenders = c.contenders;
    server.held_by_client = c.held;
    EXPECT_EQ(policy.Decide(server, c.ask, kNow).kind, c.kind) << c.what;
  }
}

TEST(AdmissionPolicyTest, TheLongestWaitBoundsASharedQueueToo) {
  const AdmissionPolicy policy(TwoWorkers());  // 12 images can wait for less than 60 ms: 57.5
  AdmissionSnapshot server = Server(6, 0, 2);
  server.contenders = 2;
  server.held_by_client = 5;
  EXPECT_EQ(policy.Decide(server, Ask(), kNow).kind, Kind::kAdmit);
  server.held_by_client = 6;
  EXPECT_EQ(policy.Decide(server, Ask(), kNow).kind, Kind::kNotItsShare);
}

TEST(AdmissionPolicyTest, TellsWhatItPredicts) {
  const AdmissionPolicy policy(TwoWorkers());
  const AdmissionDecision decision = policy.Decide(Server(14, 6, 2), Ask(3), kNow);
  EXPECT_EQ(decision.wait, absl::Milliseconds(42.5)) << "six and two of its own before its last image";
  EXPECT_EQ(decision.drain, absl::Milliseconds(80)) << "16 images at 5 ms";
  EXPECT_EQ(policy.Decide(Server(0, 0, 0), Ask(), kNow).drain, absl::Milliseconds(2)) << "never at once";
}

TEST(AdmissionPolicyTest, SpreadsRetries) {
  EXPECT_EQ(RetryDelay(absl::Seconds(2), 0), absl::Seconds(1));
  EXPECT_EQ(RetryDelay(absl::Seconds(2), 0.5), absl::Seconds(2));
  EXPECT_EQ(RetryDelay(absl::Seconds(2), 0.75), absl::Seconds(2.5));
}

TEST(AdmissionPolicyTest, WithoutATimePredictsNothing) {
  const AdmissionPolicy policy(TwoWorkers());
  AdmissionSnapshot server = Server(19, 19, 2);
  server.time_per_image = absl::ZeroDuration();
  EXPECT_EQ(policy.Decide(server, Ask(1, absl::Nanoseconds(1)), kNow).kind, Kind::kAdmit);
  server.contenders = 2;
  server.held_by_client = 10;
  EXPECT_EQ(policy.Decide(server, Ask(), kNow).kind, Kind::kNotItsShare) << "of the places";
}

}  // namespace
}  // namespace edgenext::serving
