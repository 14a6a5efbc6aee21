#include "model/base/error_reason.h"

#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::StatusIs;

TEST(ErrorReasonTest, TravelsWithTheStatus) {
  const absl::Status status = WithReason(absl::InvalidArgumentError("not an image"), kReasonImageCorrupt);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "not an image"));
  EXPECT_EQ(GetReason(status), "IMAGE_CORRUPT");
}

TEST(ErrorReasonTest, LaterReasonsReplaceEarlierOnes) {
  const absl::Status status =
      WithReason(WithReason(absl::InternalError(""), kReasonDraining), kReasonDeadline);
  EXPECT_EQ(GetReason(status), "DEADLINE");
}

TEST(ErrorReasonTest, OrThereIsNone) {
  EXPECT_EQ(GetReason(absl::InternalError("")), "");
  EXPECT_EQ(GetReason(absl::OkStatus()), "");
}

TEST(RetryDelayTest, TravelsWithTheStatus) {
  for (const absl::Duration delay :
       {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Microseconds(1500), absl::Milliseconds(250),
        absl::Seconds(7) + absl::Nanoseconds(3), absl::Hours(5)}) {
    const absl::Status status =
        WithReason(WithRetryDelay(absl::ResourceExhaustedError("full"), delay), kReasonOverloaded);
    EXPECT_EQ(GetRetryDelay(status), delay);
    EXPECT_EQ(GetReason(status), "OVERLOADED");
  }
}

TEST(RetryDelayTest, OrThereIsNone) { EXPECT_EQ(GetRetryDelay(absl::InternalError("")), absl::nullopt); }

}  // namespace
}  // namespace edgenext
