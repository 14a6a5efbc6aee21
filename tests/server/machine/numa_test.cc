#include "server/machine/numa.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/machine/fake_root.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;
using testing::FakeRoot;

struct Node {
  int id;
  std::string cpus;      // as in cpulist: "" for none
  std::string distance;  // to each node that is online
};

FakeRoot MachineWith(const std::string& online, const std::string& has_memory, const std::vector<Node>& nodes,
                     const std::string& allowed_memory) {
  FakeRoot root;
  const std::string folder = "/sys/devices/system/node";
  root.Write(folder + "/online", online + "\n");
  root.Write(folder + "/has_memory", has_memory + "\n");
  for (const Node& node : nodes) {
    root.Write(absl::StrCat(folder, "/node", node.id, "/cpulist"), node.cpus + "\n");
    root.Write(absl::StrCat(folder, "/node", node.id, "/distance"), node.distance + "\n");
  }
  root.Write("/proc/self/status",
             absl::StrCat("Name:\tserver\nMems_allowed:\t3\nMems_allowed_list:\t", allowed_memory, "\n"));
  return root;
}

TEST(NumaTest, OneNodeIsOneGroup) {
  const FakeRoot root = MachineWith("0", "0", {{0, "0-3", "10"}}, "0");
  EXPECT_THAT(GroupByNumaNode({0, 1, 3}, root.path()), ElementsAre(ElementsAre(0, 1, 3)));
}

// Two sockets with two threads a core: CPU i and CPU i + 8 are siblings.
TEST(NumaTest, TwoNodesHaveTheirOwnCpus) {
  const FakeRoot root =
      MachineWith("0-1", "0-1", {{0, "0-3,8-11", "10 21"}, {1, "4-7,12-15", "21 10"}}, "0-1");
  EXPECT_THAT(GroupByNumaNode({0, 3, 4, 9, 12, 15}, root.path()),
              ElementsAre(ElementsAre(0, 3, 9), ElementsAre(4, 12, 15)));
  EXPECT_THAT(GroupByNumaNode({5, 6}, root.path()), ElementsAre(ElementsAre(5, 6)))
      << "a node without CPUs of the process is no group";
}

TEST(NumaTest, FourNodesInterleaved) {
  const FakeRoot root = MachineWith("0-3", "0-3",
                                    {{0, "0,4", "10 16 28 28"},
                                     {1, "1,5", "16 10 28 28"},
                                     {2, "2,6", "28 28 10 16"},
                                     {3, "3,7", "28 28 16 10"}},
                                    "0-3");
  EXPECT_THAT(GroupByNumaNode({0, 1, 2, 3, 4, 5, 6, 7}, root.path()),
              ElementsAre(ElementsAre(0, 4), ElementsAre(1, 5), ElementsAre(2, 6), ElementsAre(3, 7)));
}

// Memory behind CXL: nobody's nearest.
TEST(NumaTest, ANodeWithoutCpusIsNoGroup) {
  const FakeRoot root =
      MachineWith("0-2", "0-2", {{0, "0-1", "10 21 14"}, {1, "2-3", "21 10 24"}, {2, "", "14 24 10"}}, "0-2");
  EXPECT_THAT(GroupByNumaNode({0, 1, 2, 3}, root.path()), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
}

// Node 1 has no memory modules: node 2 is nearer to it than node 0. Node 5 is online, 3 and 4 are not.
TEST(NumaTest, CpusOfANodeWithoutMemoryGoToTheNearestThatHasSome) {
  const FakeRoot root = MachineWith(
      "0-2,5", "0,2,5",
      {{0, "0", "10 21 31 31"}, {1, "1", "21 10 16 31"}, {2, "2", "31 16 10 21"}, {5, "3", "31 31 21 10"}},
      "0-5");
  EXPECT_THAT(GroupByNumaNode({0, 1, 2, 3}, root.path()),
              ElementsAre(ElementsAre(0), ElementsAre(1, 2), ElementsAre(3)));
}

TEST(NumaTest, OfEquallyNearNodesTheLowestCounts) {
  const FakeRoot root =
      MachineWith("0-2", "0-1", {{0, "0", "10 20 20"}, {1, "1", "20 10 20"}, {2, "2", "20 20 10"}}, "0-2");
  EXPECT_THAT(GroupByNumaNode({0, 1, 2}, root.path()), ElementsAre(ElementsAre(0, 2), ElementsAre(1)));
}

// cpuset.mems = 1: what any CPU touches first lies on node 1.
TEST(NumaTest, MemoryThatTheProcessMayNotUseIsNone) {
  const FakeRoot root = MachineWith("0-1", "0-1", {{0, "0-1", "10 21"}, {1, "2-3", "21 10"}}, "1");
  EXPECT_THAT(GroupByNumaNode({0, 1, 2, 3}, root.path()), ElementsAre(ElementsAre(0, 1, 2, 3)));
}

TEST(NumaTest, WithoutNodesOrWithNonsenseAllCpusAreOneGroup) {
  const FakeRoot none;
  EXPECT_THAT(GroupByNumaNode({2, 5}, none.path()), ElementsAre(ElementsAre(2, 5)));
  const FakeRoot nonsense = MachineWith("a", "0-1", {{0, "x", "y"}, {1, "2", ""}}, "0-1");
  EXPECT_THAT(GroupByNumaNode({2, 5}, nonsense.path()), ElementsAre(ElementsAre(2, 5)));
  const FakeRoot unlisted = MachineWith("0-1", "0-1", {{0, "0", "10 21"}, {1, "1", "21 10"}}, "0-1");
  EXPECT_THAT(GroupByNumaNode({0, 1, 7}, unlisted.path()), ElementsAre(ElementsAre(0, 7), ElementsAre(1)));
}

}  // namespace
}  // namespace edgenext::serving
