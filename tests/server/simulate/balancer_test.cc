#include "server/simulate/balancer.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

MonotonicTime At(double seconds) { return MonotonicTime::FromDuration(absl::Seconds(seconds)); }

std::vector<int> Picks(Balancer& balancer, double at, int count) {
  std::vector<int> picks;
  for (int i = 0; i < count; ++i) picks.push_back(balancer.Pick(At(at)));
  return picks;
}

TEST(BalancerTest, CallsTakeTurnsOnReplicas) {
  Balancer balancer({});
  balancer.SetReplicas({3, 5, 8});
  EXPECT_THAT(Picks(balancer, 0, 5), ElementsAre(3, 5, 8, 3, 5));
}

TEST(BalancerTest, AConnectionStaysWithItsReplicaUntilItsAge) {
  Balancer::Options options;
  options.connections = 2;
  options.connection_age = absl::Seconds(100);
  Balancer balancer(options);
  balancer.SetReplicas({1});
  EXPECT_THAT(Picks(balancer, 0, 2), ElementsAre(1, 1));
  // A new replica gets nothing before connections are made anew: after 90 to 110 s.
  balancer.SetReplicas({1, 2});
  EXPECT_THAT(Picks(balancer, 89.9, 4), ElementsAre(1, 1, 1, 1));
  std::map<int, int> picked;
  for (const int replica : Picks(balancer, 110.1, 10)) ++picked[replica];
  EXPECT_THAT(picked, ElementsAre(Pair(1, 5), Pair(2, 5)));
}

// Ages are uniform over 90 to 110 s: half of the connections have been made anew at 100 s, give or take 4
// standard deviations, and half of these went to the new replica.
TEST(BalancerTest, AgesAreSpreadOut) {
  constexpr int kConnections = 10000;
  Balancer::Options options;
  options.connections = kConnections;
  options.connection_age = absl::Seconds(100);
  Balancer balancer(options);
  balancer.SetReplicas({1});
  Picks(balancer, 0, kConnections);
  balancer.SetReplicas({1, 2});
  const std::vector<int> picks = Picks(balancer, 100, kConnections);
  EXPECT_NEAR(static_cast<double>(std::count(picks.begin(), picks.end(), 2)), kConnections / 4,
              4 * 0.5 * std::sqrt(kConnections) / 2);
}

TEST(BalancerTest, ConnectionsToARemovedReplicaAreMadeAnew) {
  Balancer::Options options;
  options.connections = 4;
  Balancer balancer(options);
  balancer.SetReplicas({0, 1});
  EXPECT_THAT(Picks(balancer, 0, 4), ElementsAre(0, 1, 0, 1));
  balancer.SetReplicas({0});
  EXPECT_THAT(Picks(balancer, 1, 4), ElementsAre(0, 0, 0, 0));
}

}  // namespace
}  // namespace edgenext::serving
