#include "server/batching/place_line.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using Kind = AdmissionDecision::Kind;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;

class PlaceLineTest : public ::testing::Test {
 protected:
  void Add(PlaceLine::Id id, TaskClass task_class = TaskClass::kInteractive, const std::string& client = "") {
    if (classes_.size() <= id) classes_.resize(id + 1);
    classes_[id] = task_class;
    line_.Add(id, task_class, client, now_);
  }
  void AddBulk(PlaceLine::Id id) { Add(id, TaskClass::kBulk); }
  absl::optional<PlaceLine::Id> Find(const PlaceLine::Decide& decide) {
    asked_.clear();
    return line_.FindNext(now_, [&](PlaceLine::Id id) {
      asked_.push_back(id);
      return decide(id);
    });
  }
  // Whoever is next gets its place.
  PlaceLine::Id Serve() {
    const auto next = Find([](PlaceLine::Id) { return Kind::kAdmit; });
    if (!next) return 0;
    line_.Remove(*next, classes_[*next]);
    line_.CountTurn(classes_[*next]);
    return *next;
  }

  PlaceLine line_;
  MonotonicTime now_ = MonotonicTime::FromDuration(absl::Hours(1));
  std::vector<TaskClass> classes_;    // by id
  std::vector<PlaceLine::Id> asked_;  // by the last Find
};

TEST_F(PlaceLineTest, InteractiveRequestsGoFirst) {
  AddBulk(1);
  Add(2);
  AddBulk(3);
  Add(4);
  for (const PlaceLine::Id id : {2u, 4u, 1u, 3u, 0u}) EXPECT_EQ(Serve(), id);
}

TEST_F(PlaceLineTest, BulkHasItsTurnsHoweverMuchElseWaits) {
  for (PlaceLine::Id id = 1; id <= 100; ++id) Add(id);
  for (PlaceLine::Id id = 101; id <= 103; ++id) AddBulk(id);
  const auto serve = [this](int count) {
    std::vector<PlaceLine::Id> bulk;
    for (int i = 0; i < count; ++i) {
      if (const PlaceLine::Id id = Serve(); id > 100) bulk.push_back(id);
    }
    return bulk;
  };
  now_ = now_ + absl::Milliseconds(999);
  EXPECT_THAT(serve(20), IsEmpty()) << "they have not waited for long";
  now_ = now_ + absl::Milliseconds(1);
  EXPECT_THAT(serve(8), ElementsAre(101u));
  EXPECT_THAT(serve(8), ElementsAre(102)) << "one in eight";
  EXPECT_THAT(serve(7), ElementsAre(103));
}

TEST_F(PlaceLineTest, ABulkTurnThatAdmissionRefusesIsForOthers) {
  AddBulk(1);
  now_ = now_ + absl::Seconds(1);
  for (PlaceLine::Id id = 2; id <= 20; ++id) Add(id);
  for (PlaceLine::Id id = 2; id <= 8; ++id) EXPECT_EQ(Serve(), id);
  EXPECT_THAT(Find([](PlaceLine::Id id) { return id == 1 ? Kind::kWaitTooLong : Kind::kAdmit; }),
              Optional(9));
  EXPECT_EQ(Serve(), 1u) << "it still has its turn";
}

TEST_F(PlaceLineTest, WhoCannotBeServedLetsOthersPass) {
  for (PlaceLine::Id id = 1; id <= 4; ++id) Add(id, TaskClass::kInteractive, absl::StrCat("client ", id));
  const std::vector<Kind> kinds = {Kind::kWaitTooLong, Kind::kOthersDeadline, Kind::kNotItsShare,
                                   Kind::kAdmit};
  EXPECT_THAT(Find([&](PlaceLine::Id id) { return kinds[id - 1]; }), Optional(4));
}

TEST_F(PlaceLineTest, AFullQueueIsFullForAll) {
  for (PlaceLine::Id id = 1; id <= 4; ++id) Add(id);
  EXPECT_THAT(Find([](PlaceLine::Id id) { return id == 2 ? Kind::kNoPlace : Kind::kWaitTooLong; }),
              Eq(absl::nullopt));
  EXPECT_THAT(asked_, ElementsAre(1, 2));
}

TEST_F(PlaceLineTest, AClientThatHasItsShareIsAskedOnce) {
  for (PlaceLine::Id id = 1; id <= 500; ++id) Add(id, TaskClass::kInteractive, "greedy");
  Add(501, TaskClass::kInteractive, "polite");
  Add(502, TaskClass::kBulk, "greedy");
  Add(503, TaskClass::kBulk, "patient");
  EXPECT_THAT(Find([](PlaceLine::Id id) { return id == 503 ? Kind::kAdmit : Kind::kNotItsShare; }),
              Optional(503));
  EXPECT_THAT(asked_, ElementsAre(1, 501, 503));
}

TEST_F(PlaceLineTest, FewAreAskedEachTimeAndAllInTheEnd) {
  constexpr PlaceLine::Id kWaiting = 200;
  for (PlaceLine::Id id = 1; id <= kWaiting; ++id) {
    Add(id, id % 3 == 0 ? TaskClass::kBulk : TaskClass::kInteractive, absl::StrCat("client ", id));
  }
  const PlaceLine::Id last = 198;  // of the bulk ones
  PlaceLine::Id searches = 0;
  absl::optional<PlaceLine::Id> found;
  while (!found && searches < kWaiting) {
    ++searches;
    found = Find([](PlaceLine::Id id) { return id == last ? Kind::kAdmit : Kind::kOthersDeadline; });
    EXPECT_LE(asked_.size(), 2u * PlaceLine::kMostLooks);
    EXPECT_EQ(asked_.front(), 1u) << "the front has its chance each time";
  }
  EXPECT_THAT(found, Optional(last));
  EXPECT_EQ(searches, kWaiting / PlaceLine::kMostLooks);
  line_.Remove(last, TaskClass::kBulk);
  // And the first ones again after the last.
  const PlaceLine::Id ninth = 13;
  const auto only_ninth = [](PlaceLine::Id id) { return id == ninth ? Kind::kAdmit : Kind::kOthersDeadline; };
  EXPECT_EQ(Find(only_ninth), absl::nullopt);
  EXPECT_THAT(Find(only_ninth), Optional(ninth));
}

TEST_F(PlaceLineTest, NobodyIsNextWhereNobodyWaits) {
  EXPECT_EQ(Serve(), 0u);
  Add(1);
  line_.Remove(1, TaskClass::kInteractive);
  EXPECT_EQ(Serve(), 0u);
}

}  // namespace
}  // namespace edgenext::serving
