#include "server/batching/fair_share.h"

#include <string>

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

MonotonicTime At(int seconds) { return MonotonicTime::FromDuration(absl::Seconds(seconds)); }

TEST(FairShareTest, WhoHoldsPlacesWantsThem) {
  FairShare share;
  EXPECT_EQ(share.CountContenders("a", At(0)), 1) << "whoever asks";
  share.Hold("a", 2);
  share.Hold("b", 1);
  EXPECT_EQ(share.held("a"), 2);
  EXPECT_EQ(share.held("b"), 1);
  EXPECT_EQ(share.held("c"), 0);
  EXPECT_EQ(share.CountContenders("a", At(0)), 2);
  EXPECT_EQ(share.CountContenders("c", At(0)), 3);
  share.Release("a", 1);
  EXPECT_EQ(share.held("a"), 1);
  share.Release("b", 1);
  EXPECT_EQ(share.CountContenders("a", At(0)), 1);
}

TEST(FairShareTest, WhoWasRefusedIsExpectedForAWhile) {
  FairShare share;
  share.Expect("a", At(10));
  share.Expect("a", At(5));  // the longer time holds
  share.Hold("b", 1);
  EXPECT_EQ(share.CountContenders("b", At(9)), 2);
  EXPECT_EQ(share.CountContenders("b", At(10)), 1);
  EXPECT_EQ(share.size(), 1u);
}

TEST(FairShareTest, WhoHoldsAPlaceAndWasRefusedIsOneClient) {
  FairShare share;
  share.Hold("a", 1);
  share.Expect("a", At(10));
  share.Expect("a", At(20));
  EXPECT_EQ(share.CountContenders("b", At(0)), 2);
  share.Release("a", 1);
  EXPECT_EQ(share.CountContenders("b", At(19)), 2) << "still expected";
  EXPECT_EQ(share.CountContenders("b", At(20)), 1);
  share.Hold("a", 1);
  share.Expect("a", At(30));
  EXPECT_EQ(share.CountContenders("b", At(30)), 2) << "still holds";
}

TEST(FairShareTest, RemembersABoundedNumberOfClients) {
  FairShare share;
  share.Hold("holder", 1);
  share.Expect("holder", At(1));
  const auto most = static_cast<int>(FairShare::kMostExpected);
  for (int i = 0; i < 3 * most; ++i) share.Expect("client " + std::to_string(i), At(100 + i));
  EXPECT_EQ(share.size(), FairShare::kMostExpected + 1);
  EXPECT_EQ(share.held("holder"), 1);
  EXPECT_EQ(share.CountContenders("client " + std::to_string(3 * most - 1), At(0)), most + 1);
  EXPECT_EQ(share.CountContenders("client 0", At(0)), most + 2) << "the first ones are forgotten";
  share.Expect("soon", At(2));
  EXPECT_EQ(share.size(), FairShare::kMostExpected + 1) << "not even remembered";
  EXPECT_EQ(share.CountContenders("holder", At(100 + 3 * most)), 1);
  EXPECT_EQ(share.size(), 1u);
}

}  // namespace
}  // namespace edgenext::serving
