// Those who wait for bytes or places.

#include <algorithm>
#include <memory>
#include <string>
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
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AdmissionWaitTest : public AdmissionTest {
 protected:
  // What is given back is given to those who still wait.
  ~AdmissionWaitTest() override {
    while (!admitted_.empty()) std::exchange(admitted_, {}).clear();
  }

  // Notes the outcome in log_ and keeps what there is in admitted_.
  AdmissionController::Admitted Note(const std::string& name) {
    return [this, name](absl::StatusOr<Admission> admission) {
      log_.push_back(name + " " + absl::StatusCodeToString(admission.status().code()));
      if (admission.ok()) admitted_.push_back(*std::move(admission));
    };
  }
  // Has a place and waits for bytes.
  AdmissionController::WaitId WaitForBytes(const std::string& name, size_t bytes,
                                           MonotonicTime deadline = MonotonicTime::InfiniteFuture()) {
    return controller_.AwaitBytes(*controller_.Admit(Request(1, 0, deadline)), bytes, Note(name));
  }
  // Has bytes and waits for a place.
  AdmissionController::WaitId WaitForPlace(const std::string& name, const std::string& client = "",
                                           MonotonicTime deadline = MonotonicTime::InfiniteFuture(),
                                           TaskClass task_class = TaskClass::kInteractive) {
    AdmissionRequest request = Request(1, 5, deadline);
    request.client = client;
    request.task_class = task_class;
    return controller_.AwaitPlaces(MustAdmit(0, 5), request, Note(name));
  }

  std::vector<std::string> log_;
  std::vector<Admission> admitted_;
};

TEST_F(AdmissionWaitTest, BytesComeInTurn) {
  Admission rest = MustAdmit(1, 900);
  WaitForBytes("large", 600);
  WaitForBytes("small", 10);
  ASSERT_THAT(rest.Settle(Request(1, 500)), IsOk());
  EXPECT_THAT(log_, IsEmpty()) << "the small one waits behind the large one";
  EXPECT_EQ(controller_.Admit(Request(1, 10))->bytes(), 0u) << "and so does whoever comes now";
  ASSERT_THAT(rest.Settle(Request(1, 400)), IsOk());
  EXPECT_THAT(log_, ElementsAre("large OK"));
  ASSERT_THAT(rest.Settle(Request(1, 100)), IsOk());
  EXPECT_THAT(log_, ElementsAre("large OK", "small OK"));
  ExpectUsage(3, 710);
  EXPECT_EQ(admitted_[0].bytes(), 600u);
  EXPECT_EQ(admitted_[1].images(), 1);
}

TEST_F(AdmissionWaitTest, WhatIsFreeIsGivenAtOnce) {
  WaitForBytes("bytes", 1000);
  EXPECT_THAT(log_, ElementsAre("bytes OK"));
  admitted_.clear();
  WaitForPlace("place");
  EXPECT_THAT(log_, ElementsAre("bytes OK", "place OK"));
  ExpectUsage(1, 5);
}

TEST_F(AdmissionWaitTest, AWaiterThatExpiredMakesWayForTheNext) {
  Admission full = MustAdmit(1, 1000);
  WaitForBytes("late", 10, clock_.Now() + absl::Seconds(1));
  WaitForBytes("next", 10);
  clock_.Advance(absl::Seconds(1));
  full = Admission();
  EXPECT_THAT(log_, ElementsAre("late DEADLINE_EXCEEDED", "next OK"));
  ExpectUsage(1, 10);
}

TEST_F(AdmissionWaitTest, AWaitCanBeEnded) {
  Admission full = MustAdmit(1, 995);
  const AdmissionController::WaitId first = WaitForBytes("first", 600);
  const AdmissionController::WaitId second = WaitForBytes("second", 5);
  ExpectUsage(3, 995);
  controller_.EndWait(first, absl::CancelledError(""));
  EXPECT_THAT(log_, ElementsAre("first CANCELLED", "second OK")) << "which the first one held up";
  ExpectUsage(2, 1000);
  EXPECT_THAT(refused_, IsEmpty());
  controller_.EndWait(first, absl::CancelledError(""));
  controller_.EndWait(second, absl::CancelledError(""));
  EXPECT_EQ(log_.size(), 2u) << "they have ended";
}

TEST_F(AdmissionWaitTest, WhoHeldNothingMakesWayToo) {
  const Admission full = MustAdmit(0, 990);
  const AdmissionController::WaitId first =
      controller_.AwaitBytes(*controller_.Admit(Request(0, 0)), 600, Note("first"));
  controller_.AwaitBytes(*controller_.Admit(Request(0, 0)), 10, Note("second"));
  EXPECT_THAT(log_, IsEmpty());
  controller_.EndWait(first, absl::CancelledError(""));
  EXPECT_THAT(log_, ElementsAre("first CANCELLED", "second OK"));
}

TEST_F(AdmissionWaitTest, AWaitThatEndsForWantOfRoomIsARefusal) {
  Admission full = MustAdmit(1, 1000);
  controller_.EndWait(WaitForBytes("a", 1), absl::ResourceExhaustedError(""));
  EXPECT_THAT(log_, ElementsAre("a RESOURCE_EXHAUSTED"));
  EXPECT_THAT(refused_, ElementsAre(1));
}

TEST_F(AdmissionWaitTest, PlacesComeInTurn) {
  std::vector<Admission> full;
  for (int i = 0; i < 10; ++i) full.push_back(MustAdmit(1, 0));
  WaitForPlace("first");
  WaitForPlace("second");
  full.resize(9);
  EXPECT_THAT(log_, ElementsAre("first OK"));
  full.back().ReleasePlaces();
  EXPECT_THAT(log_, ElementsAre("first OK", "second OK"));
  ExpectUsage(10, 10, 1);
}

TEST_F(AdmissionWaitTest, AWaitForAPlaceEndsWhenImagesAreFinished) {
  controller_.SetServiceTime(absl::Seconds(1));
  std::vector<Admission> running;
  for (int i = 0; i < 6; ++i) {
    running.push_back(MustAdmit(1, 0));
    running.back().ReleasePlaces();
  }
  WaitForPlace("a");  // for 5.5 s, of 5 s at most
  EXPECT_THAT(log_, IsEmpty());
  running.pop_back();
  EXPECT_THAT(log_, ElementsAre("a OK"));
}

TEST_F(AdmissionWaitTest, WhoeverHasItsShareOfPlacesLetsOthersPass) {
  std::vector<Admission> full;
  AdmissionRequest greedy = Request(1, 0);
  greedy.client = "greedy";
  for (int i = 0; i < 10; ++i) full.push_back(*controller_.Admit(greedy));
  WaitForPlace("greedy", "greedy");
  WaitForPlace("polite", "polite");
  full.pop_back();
  EXPECT_THAT(log_, ElementsAre("polite OK"));
  full.pop_back();
  EXPECT_THAT(log_, ElementsAre("polite OK", "greedy OK")) << "nobody else wants any";
}

TEST_F(AdmissionWaitTest, AnInteractiveImageGoesBeforeBulkOnesThatWait) {
  std::vector<Admission> full;
  for (int i = 0; i < 10; ++i) full.push_back(MustAdmit(1, 0));
  WaitForPlace("bulk", "", MonotonicTime::InfiniteFuture(), TaskClass::kBulk);
  WaitForPlace("interactive");
  full.pop_back();
  EXPECT_THAT(log_, ElementsAre("interactive OK"));
  full.pop_back();
  EXPECT_THAT(log_, ElementsAre("interactive OK", "bulk OK"));
}

TEST_F(AdmissionWaitTest, BulkImagesGetPlacesHoweverManyOthersWait) {
  std::vector<Admission> full;
  for (int i = 0; i < 10; ++i) full.push_back(MustAdmit(1, 0));
  WaitForPlace("bulk", "", MonotonicTime::InfiniteFuture(), TaskClass::kBulk);
  for (int i = 0; i < 20; ++i) WaitForPlace("interactive");
  clock_.Advance(absl::Seconds(1));
  for (int i = 0; i < 8; ++i) full.pop_back();
  std::vector<std::string> expected(7, "interactive OK");
  expected.push_back("bulk OK");
  EXPECT_EQ(log_, expected);
}

TEST_F(AdmissionWaitTest, WhoCannotBeServedYetLetsOthersPass) {
  controller_.SetServiceTime(absl::Seconds(1));
  std::vector<Admission> running, queued;
  running.push_back(MustAdmit(1, 0));
  running.back().ReleasePlaces();
  for (int i = 0; i < 5; ++i) queued.push_back(MustAdmit(1, 0));  // the last for 4.5 s, of 5 s at most
  WaitForPlace("at any time");
  EXPECT_THAT(log_, IsEmpty());
  WaitForPlace("soon", "", clock_.Now() + absl::Seconds(4));
  EXPECT_THAT(log_, ElementsAre("soon OK")) << "it goes before all that have no deadline";
}

TEST_F(AdmissionWaitTest, WhoHasItsPlaceWantsNoneAnyMore) {
  AdmissionRequest greedy = Request(1, 0);
  greedy.client = "greedy";
  std::vector<Admission> full;
  for (int i = 0; i < 10; ++i) full.push_back(*controller_.Admit(greedy));
  WaitForPlace("polite", "polite");
  full.pop_back();
  ASSERT_THAT(log_, ElementsAre("polite OK"));
  admitted_.clear();
  EXPECT_THAT(controller_.Admit(greedy), IsOk()) << "it was not refused, so it is not expected back";
}

TEST_F(AdmissionWaitTest, ADeadlineOutOfReachIsLeftToTheQueue) {
  controller_.SetServiceTime(absl::Seconds(1));
  Admission running = MustAdmit(1, 0);
  running.ReleasePlaces();
  WaitForPlace("a", "", clock_.Now() + absl::Milliseconds(10));
  EXPECT_THAT(log_, ElementsAre("a OK"));
}

// Ten thousand waiters that each give their room back at once would otherwise nest as deep.
TEST_F(AdmissionWaitTest, WaitersMayGiveBackAtOnceAndInOrder) {
  Admission full = MustAdmit(1, 1000);
  std::vector<int> order;
  for (int i = 0; i < 10'000; ++i) {
    controller_.AwaitBytes(*controller_.Admit(Request(0, 0)), 1000,
                           [&order, i](absl::StatusOr<Admission> admission) {
                             EXPECT_THAT(admission, IsOk());
                             order.push_back(i);
                           });
  }
  full = Admission();
  ASSERT_EQ(order.size(), 10'000u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  ExpectUsage(0, 0);
}

TEST_F(AdmissionWaitTest, AsksForBytesBackWhenSomebodyWaits) {
  Admission idle = MustAdmit(0, 400), idler = MustAdmit(0, 600);
  controller_.OfferBytes([&] {
    log_.push_back("first");
    idle = Admission();
  });
  const AdmissionController::OfferId second = controller_.OfferBytes([&] {
    log_.push_back("second");
    idler = Admission();
  });
  EXPECT_THAT(log_, IsEmpty()) << "nobody waits";
  WaitForBytes("a", 300);
  EXPECT_THAT(log_, ElementsAre("first", "a OK"));
  WaitForBytes("b", 300);
  EXPECT_THAT(log_, ElementsAre("first", "a OK", "second", "b OK"));
  EXPECT_FALSE(controller_.Withdraw(second));
}

TEST_F(AdmissionWaitTest, AnOfferCanBeWithdrawn) {
  Admission full = MustAdmit(0, 1000);
  const AdmissionController::OfferId offer = controller_.OfferBytes([&] { log_.push_back("asked"); });
  EXPECT_TRUE(controller_.Withdraw(offer));
  EXPECT_FALSE(controller_.Withdraw(offer));
  WaitForBytes("a", 1);
  EXPECT_THAT(log_, IsEmpty());
  controller_.OfferBytes([&] {
    log_.push_back("asked");
    full = Admission();
  });
  EXPECT_THAT(log_, ElementsAre("asked", "a OK")) << "somebody waited already";
}

TEST_F(AdmissionWaitTest, CloseAnswersWaiters) {
  Admission full = MustAdmit(9, 995);
  Admission last = MustAdmit(1, 0);
  WaitForPlace("place");
  last = Admission();
  EXPECT_THAT(log_, ElementsAre("place OK"));
  full = Admission();
  full = MustAdmit(0, 995);
  WaitForBytes("bytes", 600);
  Admission late = MustAdmit(0, 0);
  controller_.Close();
  EXPECT_THAT(log_, ElementsAre("place OK", "bytes UNAVAILABLE"));
  controller_.AwaitBytes(std::move(late), 5, Note("late"));
  EXPECT_THAT(log_, ElementsAre("place OK", "bytes UNAVAILABLE", "late UNAVAILABLE"));
  ExpectUsage(1, 1000);
}

TEST_F(AdmissionWaitTest, CloseServesOnWhoHoldsBytes) {
  Admission full = MustAdmit(10, 5), late = MustAdmit(0, 5);
  WaitForPlace("before");
  controller_.Close();
  controller_.AwaitPlaces(std::move(late), Request(1, 5), Note("after"));
  EXPECT_THAT(log_, IsEmpty());
  full = Admission();
  EXPECT_THAT(log_, ElementsAre("before OK", "after OK"));
}

TEST_F(AdmissionWaitTest, ADestroyedControllerAnswersItsWaiters) {
  auto controller = std::make_unique<AdmissionController>(Limits(), &clock_);
  controller->AwaitPlaces(*controller->Admit(Request(0, 0)), Request(1, 0), Note("a"));
  EXPECT_THAT(log_, ElementsAre("a OK"));
  admitted_.clear();
  Admission full = *controller->Admit(Request(0, 1000));
  controller->AwaitBytes(*controller->Admit(Request(1, 1)), 1, Note("b"));
  controller->Close();
  EXPECT_THAT(log_, ElementsAre("a OK", "b UNAVAILABLE"));
  full = Admission();
  controller = nullptr;
}

}  // namespace
}  // namespace edgenext::serving
