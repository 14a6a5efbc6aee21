#include "server/batching/fair_share.h"

#include <string>

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

MonotonicTime At(int seconds) { return MonotonicTime::FromDuration(absl::Seconds(seconds)); }

TEST(FairShareTest, NobodyDividesWhatIsEnough) {
  FairShare share;
  EXPECT_EQ(share.CountContenders("a", At(0)), 1) << "whoever asks";
  share.Hold("a", 2);
  share.Hold("b", 1);
  EXPECT_EQ(share.held("a"), 2);
  EXPECT_EQ(share.held("b"), 1);
  EXPECT_EQ(share.held("c"), 0);
  EXPECT_EQ(share.CountContenders("a", At(0)), 1);
  EXPECT_EQ(share.CountContenders("c", At(0)), 1);
}

TEST(FairShareTest, WhoWasRefusedWantsPlacesForAWhile) {
  FairShare share;
  share.Hold("a", 2);
  share.Hold("b", 1);
  share.Expect("c", At(10));
  share.Expect("c", At(5));  // the longer time holds
  EXPECT_EQ(share.CountContenders("a", At(9)), 3);
  EXPECT_EQ(share.CountContenders("d", At(9)), 4);
  EXPECT_EQ(share.CountContenders("c", At(9)), 1) << "no other wants any";
  share.Release("b", 1);
  EXPECT_EQ(share.CountContenders("a", At(9)), 2);
  EXPECT_EQ(share.CountContenders("a", At(10)), 1);
  EXPECT_EQ(share.size(), 1u);
}

TEST(FairShareTest, WhoHoldsPlacesAndWantsMoreIsOneClient) {
  FairShare share;
  share.Hold("a", 1);
  share.Expect("a", At(10));
  share.Expect("a", At(20));
  share.BeginWait("a");
  EXPECT_EQ(share.CountContenders("b", At(0)), 2);
  share.Release("a", 1);
  share.EndWait("a");
  EXPECT_EQ(share.CountContenders("b", At(19)), 2) << "still expected";
  EXPECT_EQ(share.CountContenders("b", At(20)), 1);
  EXPECT_EQ(share.size(), 0u);
}

TEST(FairShareTest, WhoWaitsForPlacesWantsThem) {
  FairShare share;
  share.BeginWait("a");
  share.BeginWait("a");
  EXPECT_EQ(share.CountContenders("b", At(0)), 2);
  EXPECT_EQ(share.CountContenders("a", At(0)), 1);
  share.EndWait("a");
  EXPECT_EQ(share.CountContenders("b", At(0)), 2);
  share.BeginWait("b");
  EXPECT_EQ(share.CountContenders("a", At(0)), 2);
  share.EndWait("a");
  share.EndWait("b");
  EXPECT_EQ(share.size(), 0u);
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
