#include "server/machine/cpu_list.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CpuListTest, ReadsNumbersAndRanges) {
  EXPECT_THAT(ParseCpuList("0\n"), ElementsAre(0));
  EXPECT_THAT(ParseCpuList("0-3,8,10-11\n"), ElementsAre(0, 1, 2, 3, 8, 10, 11));
}

TEST(CpuListTest, SortsAndRemovesRepetitions) { EXPECT_THAT(ParseCpuList("4,0-1,1"), ElementsAre(0, 1, 4)); }

TEST(CpuListTest, WhatIsNoListIsEmpty) {
  for (const char* text : {"", "\n", "a", "1,", "1-a", "3-1", "-1", "0-4000000000", "0,9999"}) {
    EXPECT_THAT(ParseCpuList(text), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace edgenext::serving
