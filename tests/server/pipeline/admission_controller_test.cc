#include "server/pipeline/admission_controller.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
#include "tests/server/pipeline/admission_fixture.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(AdmissionTest, HoldsAndGivesBack) {
  ExpectUsage(0, 0);
  {
    const Admission admission = MustAdmit(3, 200);
    EXPECT_EQ(admission.images(), 3);
    EXPECT_EQ(admission.bytes(), 200u);
    ExpectUsage(3, 200);
  }
  ExpectUsage(0, 0);
}

TEST_F(AdmissionTest, MovesWithoutGivingBackTwice) {
  Admission a = MustAdmit(1, 10);
  Admission b = std::move(a);
  ExpectUsage(1, 10);
  Admission c = MustAdmit(2, 20);
  c = std::move(b);  // gives back what it held
  ExpectUsage(1, 10);
  Admission& self = c;
  c = std::move(self);
  ExpectUsage(1, 10);
  c.ReleasePlaces();
  const Admission d = std::move(c);
  ExpectUsage(0, 10, 1);
}

TEST_F(AdmissionTest, RefusesBeyondPlaces) {
  const Admission most = MustAdmit(9, 900);
  const absl::Status status = controller_.Admit(Request(2, 0)).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("no room for 2 images")));
  EXPECT_EQ(GetReason(status), kReasonOverloaded);
  const Admission last = MustAdmit(1, 100);
  ExpectUsage(10, 1000);
  EXPECT_THAT(refused_, ElementsAre(2));
}

TEST_F(AdmissionTest, WithoutBytesTheyAreToBeWaitedFor) {
  const Admission most = MustAdmit(1, 950);
  const absl::StatusOr<Admission> admission = controller_.Admit(Request(1, 51));
  ASSERT_THAT(admission, IsOk());
  EXPECT_EQ(admission->images(), 1);
  EXPECT_EQ(admission->bytes(), 0u);
  ExpectUsage(2, 950);
}

TEST_F(AdmissionTest, RefusesTooLongAWait) {
  controller_.SetServiceTime(absl::Seconds(1));
  Admission first = MustAdmit(1, 0);
  first.ReleasePlaces();  // it executes
  Admission waiting = MustAdmit(5, 0);
  // 5.5 s for one without a deadline, of 5 s at most; none for one that goes first.
  const absl::Status status = controller_.Admit(Request(1, 0)).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("wait is 5.5s, at most 5s")));
  EXPECT_EQ(GetReason(status), kReasonOverloaded);
  EXPECT_THAT(controller_.Admit(Request(1, 0, clock_.Now() + absl::Seconds(9))), IsOk());
}

TEST_F(AdmissionTest, TellsTheDrainTimeSpread) {
  controller_.SetServiceTime(absl::Milliseconds(20));
  const Admission full = MustAdmit(10, 0);
  for (const auto& [random, delay] : {std::pair{0.0, 100}, {0.5, 200}, {0.75, 250}}) {
    random_ = random;
    EXPECT_EQ(GetRetryDelay(controller_.Admit(Request(1, 0)).status()), absl::Milliseconds(delay));
    EXPECT_EQ(controller_.RetryDelay(), absl::Milliseconds(delay));
  }
}

TEST_F(AdmissionTest, RetryDelayIsNeverMissing) {
  AdmissionController controller(Limits(), &clock_);  // with a generator of its own
  const absl::StatusOr<Admission> full = controller.Admit(Request(10, 0));
  const absl::optional<absl::Duration> delay = GetRetryDelay(controller.Admit(Request(1, 0)).status());
  ASSERT_TRUE(delay.has_value());
  EXPECT_GE(*delay, absl::Milliseconds(1));
  EXPECT_LT(*delay, absl::Milliseconds(3));
}

TEST_F(AdmissionTest, ADeadlineOutOfReachIsRefusedWithoutADelay) {
  controller_.SetServiceTime(absl::Milliseconds(20));
  Admission running = MustAdmit(1, 0);
  running.ReleasePlaces();
  const auto request = [this](int milliseconds) {
    return Request(1, 0, clock_.Now() + absl::Milliseconds(milliseconds));
  };
  const absl::Status status = controller_.Admit(request(30)).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("in 30ms, cannot be met")));
  EXPECT_EQ(GetReason(status), kReasonDeadlineUnreachable);
  EXPECT_FALSE(GetRetryDelay(status));
  EXPECT_THAT(controller_.Admit(request(31)), IsOk()) << "half an image, a twentieth of it, and its own";
  EXPECT_THAT(refused_, ElementsAre(1));
}

TEST_F(AdmissionTest, LearnsHowLongImagesTake) {
  controller_.SetServiceTime(absl::Milliseconds(20));
  const Admission waiting = MustAdmit(3, 0);
  EXPECT_EQ(controller_.usage().predicted_wait, absl::Milliseconds(50));
  controller_.ObserveServiceTime(absl::Milliseconds(30));
  EXPECT_EQ(controller_.usage().predicted_wait, absl::Milliseconds(50.5));
}

TEST_F(AdmissionTest, MoreThanEverFitsIsTheClientsFault) {
  EXPECT_THAT(controller_.Admit(Request(11, 0)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 10")));
  EXPECT_THAT(controller_.Admit(Request(1, 1001)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 1000")));
  Admission admission = MustAdmit(1, 10);
  EXPECT_THAT(admission.Settle(Request(11, 10)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(admission.images(), 1);
}

TEST_F(AdmissionTest, APassedDeadlineIsRefused) {
  const absl::Status status = controller_.Admit(Request(1, 1, clock_.Now())).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(GetReason(status), kReasonDeadline);
  EXPECT_THAT(controller_.Admit(Request(1, 1, clock_.Now() + absl::Nanoseconds(1))), IsOk());
}

TEST_F(AdmissionTest, SettlesAllOrNothing) {
  Admission admission = MustAdmit(1, 900);
  const Admission other = MustAdmit(4, 50);
  EXPECT_THAT(admission.Settle(Request(5, 100)), IsOk());
  ExpectUsage(9, 150);
  EXPECT_THAT(admission.Settle(Request(7, 10)), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(admission.Settle(Request(5, 951)), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(admission.images(), 5);
  EXPECT_EQ(admission.bytes(), 100u);
  ExpectUsage(9, 150);
  EXPECT_THAT(admission.Settle(Request(6, 950)), IsOk());
  ExpectUsage(10, 1000);
  EXPECT_THAT(admission.Settle(Request(0, 0)), IsOk());
  ExpectUsage(4, 50);
  EXPECT_THAT(refused_, ElementsAre(7, 5));
}

TEST_F(AdmissionTest, ABulkImageIsDecidedUponAgain) {
  controller_.SetServiceTime(absl::Seconds(1));
  const Admission interactive = MustAdmit(6, 0);
  Admission admission = *controller_.Admit(Request(1, 0, clock_.Now() + absl::Seconds(9)));
  AdmissionRequest bulk = Request(1, 0, clock_.Now() + absl::Seconds(9));
  bulk.task_class = TaskClass::kBulk;
  EXPECT_THAT(admission.Settle(bulk), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("5.5s")));
  ExpectUsage(7, 0);
  EXPECT_THAT(admission.Settle(Request(1, 0, clock_.Now() + absl::Milliseconds(999))),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("cannot be met")))
      << "nor in time for an earlier deadline";
}

TEST_F(AdmissionTest, SplitMovesAPart) {
  Admission whole = MustAdmit(3, 300);
  {
    const Admission part = whole.Split(1, 100);
    EXPECT_EQ(part.images(), 1);
    EXPECT_EQ(whole.bytes(), 200u);
    ExpectUsage(3, 300);
  }
  ExpectUsage(2, 200);
  const Admission rest = whole.Split(2, 200);
  whole = Admission();
  ExpectUsage(2, 200);
}

TEST_F(AdmissionTest, PlacesAreGivenBackBeforeBytes) {
  Admission admission = MustAdmit(2, 100);
  admission.ReleasePlaces();
  ExpectUsage(0, 100, 2);
  admission.ReleasePlaces();
  ExpectUsage(0, 100, 2);
  admission = Admission();
  ExpectUsage(0, 0);
}

TEST_F(AdmissionTest, WhatWasAdmittedRegainsItsPlacesPastTheLimit) {
  Admission admission = MustAdmit(10, 100);
  admission.ReleasePlaces();
  const Admission others = MustAdmit(10, 100);
  admission.RegainPlaces(2);
  EXPECT_EQ(admission.images(), 2);
  ExpectUsage(12, 200, 10);
  EXPECT_THAT(controller_.Admit(Request(1, 0)), StatusIs(absl::StatusCode::kResourceExhausted));
  admission = Admission();
  ExpectUsage(10, 100);
  admission.RegainPlaces(1);
  ExpectUsage(10, 100);
}

TEST_F(AdmissionTest, CountsOpenCalls) {
  EXPECT_THAT(controller_.OpenCall(), IsOk());
  EXPECT_THAT(controller_.OpenCall(), IsOk());
  EXPECT_EQ(controller_.usage().open_calls, 2);
  const absl::Status status = controller_.OpenCall();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("2 calls are open")));
  EXPECT_EQ(GetReason(status), kReasonOverloaded);
  EXPECT_TRUE(GetRetryDelay(status));
  EXPECT_THAT(refused_, ElementsAre(1));
  controller_.CloseCall();
  EXPECT_THAT(controller_.OpenCall(), IsOk());
}

TEST_F(AdmissionTest, AGreedyClientLeavesPlacesToOthers) {
  AdmissionRequest greedy = Request(1, 0), polite = Request(1, 0);
  greedy.client = "greedy";
  polite.client = "polite";
  std::vector<Admission> held;
  for (int i = 0; i < 10; ++i) held.push_back(*controller_.Admit(greedy));
  EXPECT_THAT(controller_.Admit(polite), StatusIs(absl::StatusCode::kResourceExhausted));
  held.resize(9);
  EXPECT_THAT(controller_.Admit(greedy),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("has its part")));
  EXPECT_THAT(controller_.Admit(polite), IsOk());
}

TEST_F(AdmissionTest, CloseRefusesAllButWhatWasAdmitted) {
  Admission admission = MustAdmit(10, 500);
  controller_.Close();
  const absl::Status status = controller_.Admit(Request(1, 1)).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(GetReason(status), kReasonDraining);
  EXPECT_THAT(admission.Settle(Request(5, 600)), IsOk()) << "its message has just been read";
}

TEST_F(AdmissionTest, AwaitIdleWaitsForPlacesExecutionAndBytes) {
  EXPECT_TRUE(controller_.AwaitIdle(clock_.Now()));
  Admission admission = MustAdmit(1, 10);
  EXPECT_FALSE(controller_.AwaitIdle(clock_.Now()));
  const MonotonicTime deadline = clock_.Now() + absl::Seconds(5);
  std::thread waiter([&] { EXPECT_TRUE(controller_.AwaitIdle(deadline)); });
  clock_.AwaitWaiters(1, deadline);
  admission.ReleasePlaces();
  ASSERT_THAT(admission.Settle(Request(0, 0)), IsOk());
  EXPECT_FALSE(controller_.AwaitIdle(clock_.Now())) << "it executes still";
  admission = Admission();
  waiter.join();
}

TEST_F(AdmissionTest, AwaitIdleGivesUpAtItsDeadline) {
  const Admission admission = MustAdmit(0, 1);
  const MonotonicTime deadline = clock_.Now() + absl::Seconds(5);
  std::thread waiter([&] { EXPECT_FALSE(controller_.AwaitIdle(deadline)); });
  clock_.AwaitWaiters(1, deadline);
  clock_.SetTime(deadline);
  waiter.join();
}

}  // namespace
}  // namespace edgenext::serving
