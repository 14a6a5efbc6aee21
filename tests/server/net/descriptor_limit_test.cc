#include "server/net/descriptor_limit.h"

#include <sys/resource.h>

#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

TEST(DescriptorLimitTest, IsRaisedToTheHardLimit) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_OK_AND_ASSIGN(const uint64_t raised, RaiseDescriptorLimit());
  EXPECT_EQ(raised, limit.rlim_max);
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
}

}  // namespace
}  // namespace edgenext::serving
