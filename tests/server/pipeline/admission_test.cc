#include "server/pipeline/admission.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
#include "tests/testing/simulated_clock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::SimulatedClock;
using ::edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

AdmissionRequest Request(int images, size_t bytes, MonotonicTime deadline = MonotonicTime::InfiniteFuture()) {
  AdmissionRequest request;
  request.images = images;
  request.bytes = bytes;
  request.deadline = deadline;
  return request;
}

class AdmissionTest : public ::testing::Test {
 protected:
  static AdmissionLimits Limits() {
    AdmissionLimits limits;
    limits.queue_capacity = 10;
    limits.max_inflight_bytes = 1000;
    return limits;
  }

  Admission MustAdmit(int images, size_t bytes) {
    absl::StatusOr<Admission> admission = controller_.Admit(Request(images, bytes));
    EXPECT_THAT(admission, IsOk());
    return admission.ok() ? *std::move(admission) : Admission();
  }
  void ExpectUsage(int images, int64_t bytes) {
    EXPECT_EQ(controller_.usage().images, images);
    EXPECT_EQ(controller_.usage().bytes, bytes);
  }
  // Waits for room as `name`, keeps what it gets in admitted_ and notes the outcome in log_.
  void WaitAs(const std::string& name, const AdmissionRequest& request) {
    controller_.AdmitWhenFree(request, [this, name](absl::StatusOr<Admission> admission) {
      log_.push_back(name + " " + absl::StatusCodeToString(admission.status().code()));
      if (admission.ok()) admitted_.push_back(*std::move(admission));
    });
  }

  SimulatedClock clock_;
  std::vector<int> refused_;  // images of each refusal
  AdmissionController controller_{Limits(), &clock_, [this](int images) { refused_.push_back(images); }};
  std::vector<std::string> log_;
  std::vector<Admission> admitted_;
};

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
  c = Admission();
  ExpectUsage(0, 0);
}

TEST_F(AdmissionTest, RefusesBeyondPlacesOrBytes) {
  const Admission most = MustAdmit(9, 900);
  for (const auto& [images, bytes] : {std::pair{2, size_t{0}}, std::pair{0, size_t{101}}}) {
    const absl::Status status = controller_.Admit(Request(images, bytes)).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("9 of 10 images")));
    EXPECT_EQ(GetReason(status), kReasonOverloaded);
  }
  ExpectUsage(9, 900);
  const Admission rest = MustAdmit(1, 100);
  ExpectUsage(10, 1000);
  EXPECT_THAT(refused_, ElementsAre(2, 0));
}

TEST_F(AdmissionTest, RetryDelayIsTheTimeInWhichTheQueueDrains) {
  controller_.SetTimePerImage(absl::Milliseconds(20));
  const Admission full = MustAdmit(10, 0);
  EXPECT_EQ(GetRetryDelay(controller_.Admit(Request(1, 0)).status()), absl::Milliseconds(220));
}

TEST_F(AdmissionTest, RetryDelayIsNeverMissing) {
  const Admission full = MustAdmit(10, 0);
  const absl::optional<absl::Duration> delay = GetRetryDelay(controller_.Admit(Request(1, 0)).status());
  ASSERT_TRUE(delay.has_value());
  EXPECT_GT(*delay, absl::ZeroDuration());
}

TEST_F(AdmissionTest, MoreThanEverFitsIsTheClientsFault) {
  EXPECT_THAT(controller_.Admit(Request(11, 0)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 10")));
  EXPECT_THAT(controller_.Admit(Request(1, 1001)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("at most 1000")));
  WaitAs("huge", Request(1, 1001));
  EXPECT_THAT(log_, ElementsAre("huge INVALID_ARGUMENT"));
  Admission admission = MustAdmit(1, 10);
  EXPECT_THAT(admission.Resize(11, 10), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(admission.images(), 1);
}

TEST_F(AdmissionTest, APassedDeadlineIsRefused) {
  const absl::Status status = controller_.Admit(Request(1, 1, clock_.Now())).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(GetReason(status), kReasonDeadline);
  EXPECT_THAT(controller_.Admit(Request(1, 1, clock_.Now() + absl::Nanoseconds(1))), IsOk());
}

TEST_F(AdmissionTest, ResizeIsAllOrNothing) {
  Admission admission = MustAdmit(1, 900);
  const Admission other = MustAdmit(4, 50);
  EXPECT_THAT(admission.Resize(5, 100), IsOk());
  ExpectUsage(9, 150);
  EXPECT_THAT(admission.Resize(7, 10), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(admission.images(), 5);
  EXPECT_EQ(admission.bytes(), 100u);
  ExpectUsage(9, 150);
  EXPECT_THAT(admission.Resize(6, 950), IsOk());
  ExpectUsage(10, 1000);
  EXPECT_THAT(admission.Resize(0, 0), IsOk());
  ExpectUsage(4, 50);
  EXPECT_THAT(refused_, ElementsAre(7));
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
  ExpectUsage(0, 100);
  admission.ReleasePlaces();
  ExpectUsage(0, 100);
}

TEST_F(AdmissionTest, WhatWasAdmittedRegainsItsPlacesPastTheLimit) {
  Admission admission = MustAdmit(10, 100);
  admission.ReleasePlaces();
  const Admission others = MustAdmit(10, 100);
  admission.RegainPlaces(2);
  EXPECT_EQ(admission.images(), 2);
  ExpectUsage(12, 200);
  EXPECT_THAT(controller_.Admit(Request(1, 0)), StatusIs(absl::StatusCode::kResourceExhausted));
  admission = Admission();
  ExpectUsage(10, 100);
  admission.RegainPlaces(1);
  ExpectUsage(10, 100);
}

TEST_F(AdmissionTest, WaitersComeInTurn) {
  WaitAs("at once", Request(1, 100));
  EXPECT_THAT(log_, ElementsAre("at once OK"));
  Admission rest = MustAdmit(1, 900);
  WaitAs("large", Request(1, 600));
  WaitAs("small", Request(1, 10));
  ASSERT_THAT(rest.Resize(1, 500), IsOk());
  EXPECT_THAT(log_, ElementsAre("at once OK"))
      << "400 bytes are free: the small one waits behind the large one";
  EXPECT_THAT(controller_.Admit(Request(1, 10)), IsOk()) << "those who do not wait take what is free";
  ASSERT_THAT(rest.Resize(1, 100), IsOk());
  EXPECT_THAT(log_, ElementsAre("at once OK", "large OK", "small OK"));
  ExpectUsage(4, 810);
}

TEST_F(AdmissionTest, AWaiterThatExpiredMakesWayForTheNext) {
  Admission full = MustAdmit(10, 0);
  WaitAs("late", Request(1, 0, clock_.Now() + absl::Seconds(1)));
  WaitAs("next", Request(1, 0));
  clock_.Advance(absl::Seconds(1));
  full = Admission();
  EXPECT_THAT(log_, ElementsAre("late DEADLINE_EXCEEDED", "next OK"));
}

// Ten thousand waiters that each give their room back at once would otherwise nest as deep.
TEST_F(AdmissionTest, WaitersMayGiveBackAtOnceAndInOrder) {
  Admission full = MustAdmit(10, 0);
  std::vector<int> order;
  for (int i = 0; i < 10'000; ++i) {
    controller_.AdmitWhenFree(Request(10, 0), [&order, i](absl::StatusOr<Admission> admission) {
      EXPECT_THAT(admission, IsOk());
      order.push_back(i);
    });
  }
  full = Admission();
  ASSERT_EQ(order.size(), 10'000u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  ExpectUsage(0, 0);
}

TEST_F(AdmissionTest, CloseRefusesAllButWhatWasAdmitted) {
  Admission admission = MustAdmit(10, 500);
  WaitAs("waiting", Request(1, 10));
  controller_.Close();
  EXPECT_THAT(log_, ElementsAre("waiting UNAVAILABLE"));
  const absl::Status status = controller_.Admit(Request(1, 1)).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(GetReason(status), kReasonDraining);
  WaitAs("late", Request(1, 10));
  EXPECT_THAT(log_, ElementsAre("waiting UNAVAILABLE", "late UNAVAILABLE"));
  EXPECT_THAT(admission.Resize(5, 600), IsOk()) << "its message has just been read";
}

TEST_F(AdmissionTest, ADestroyedControllerAnswersItsWaiters) {
  auto controller = std::make_unique<AdmissionController>(Limits(), &clock_);
  absl::Status status;
  Admission full = *controller->Admit(Request(10, 0));
  controller->AdmitWhenFree(Request(1, 0),
                            [&](absl::StatusOr<Admission> admission) { status = admission.status(); });
  full.ReleasePlaces();
  EXPECT_THAT(status, IsOk());
  full = *controller->Admit(Request(10, 0));
  controller->AdmitWhenFree(Request(1, 0),
                            [&](absl::StatusOr<Admission> admission) { status = admission.status(); });
  controller->Close();
  full = Admission();
  controller = nullptr;
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(AdmissionTest, AwaitIdleWaitsForPlacesAndBytes) {
  EXPECT_TRUE(controller_.AwaitIdle(clock_.Now()));
  Admission admission = MustAdmit(1, 10);
  EXPECT_FALSE(controller_.AwaitIdle(clock_.Now()));
  const MonotonicTime deadline = clock_.Now() + absl::Seconds(5);
  std::thread waiter([&] { EXPECT_TRUE(controller_.AwaitIdle(deadline)); });
  clock_.AwaitWaiters(1, deadline);
  admission.ReleasePlaces();
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

// Whatever threads do, the budget is never exceeded and all of it comes back.
TEST(AdmissionRaceTest, TheBudgetHolds) {
  AdmissionLimits limits;
  limits.queue_capacity = 7;
  limits.max_inflight_bytes = 700;
  AdmissionController controller(limits, &Clock::Real());
  std::atomic<int> answered{0};
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937 random(static_cast<unsigned>(thread));
      for (int round = 0; round < kRounds; ++round) {
        const int images = std::uniform_int_distribution<int>(0, 7)(random);
        const AdmissionRequest request = Request(images, static_cast<size_t>(images) * 100);
        if (round % 2 == 0) {
          controller.AdmitWhenFree(request, [&](absl::StatusOr<Admission>) { ++answered; });
        } else if (absl::StatusOr<Admission> admission = controller.Admit(request); admission.ok()) {
          const AdmissionController::Usage usage = controller.usage();
          EXPECT_LE(usage.images, limits.queue_capacity);
          EXPECT_LE(usage.bytes, static_cast<int64_t>(limits.max_inflight_bytes));
          admission->ReleasePlaces();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, kThreads * kRounds / 2);
  EXPECT_TRUE(controller.AwaitIdle(Clock::Real().Now()));
}

}  // namespace
}  // namespace edgenext::serving
