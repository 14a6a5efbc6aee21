#include "client/load/request_mix.h"

#include <cmath>
#include <map>

#include "gmock/gmock.h"

namespace edgenext {
namespace {

constexpr int kDraws = 20000;

// Within five standard deviations of a share of kDraws draws.
::testing::Matcher<double> IsShare(double share) {
  return ::testing::DoubleNear(share, 5 * std::sqrt(share * (1 - share) / kDraws));
}

TEST(RequestMix, DrawsTheSharesThatWereAskedFor) {
  LoadOptions options;
  options.deadlines = {{absl::Milliseconds(50), 1}, {absl::Milliseconds(200), 3}};
  options.bulk_share = 0.2;
  options.cancel_after = absl::Milliseconds(1);
  options.cancel_share = 0.5;
  RequestMix mix(options, 3);
  std::map<absl::Duration, int> deadlines;
  double bulk = 0;
  double cancelled = 0;
  for (int i = 0; i < kDraws; ++i) {
    const RequestSpec spec = mix.Draw({});
    EXPECT_EQ(spec.payload, static_cast<size_t>(i % 3));
    ++deadlines[spec.deadline];
    bulk += spec.is_bulk ? 1 : 0;
    cancelled += spec.is_cancelled ? 1 : 0;
  }
  ASSERT_EQ(deadlines.size(), 2U);
  EXPECT_THAT(deadlines[absl::Milliseconds(50)] / double{kDraws}, IsShare(0.25));
  EXPECT_THAT(bulk / kDraws, IsShare(0.2));
  EXPECT_THAT(cancelled / kDraws, IsShare(0.5));
}

TEST(RequestMix, NothingIsCancelledUnlessAskedFor) {
  LoadOptions options;  // cancel_share is 1, but there is no cancel_after
  options.bulk_share = 1;
  RequestMix mix(options, 1);
  const RequestSpec spec = mix.Draw({});
  EXPECT_FALSE(spec.is_cancelled);
  EXPECT_TRUE(spec.is_bulk);
  EXPECT_EQ(spec.deadline, absl::Seconds(1));
}

TEST(RequestMix, TheTraceHasTheLastWord) {
  LoadOptions options;
  options.bulk_share = 1;
  RequestMix mix(options, 1);
  const RequestSpec spec = mix.Draw({absl::ZeroDuration(), absl::Milliseconds(7), false});
  EXPECT_EQ(spec.deadline, absl::Milliseconds(7));
  EXPECT_FALSE(spec.is_bulk);
}

}  // namespace
}  // namespace edgenext
