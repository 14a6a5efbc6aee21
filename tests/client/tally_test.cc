#include "client/tally.h"

#include "gtest/gtest.h"

namespace edgenext {
namespace {

const SteadyTime kStart = absl::UnixEpoch() + absl::Hours(1);

ImageResult Ended(const absl::Status& status) {
  ImageResult result;
  result.status = status;
  return result;
}

TEST(Tally, CountsAndMeasures) {
  Tally tally(kStart);
  tally.Count(Ended(absl::OkStatus()));
  EXPECT_EQ(tally.Summary(kStart + absl::Seconds(2)), "1 image, 0 failed, 0.5 images/s (2.0 s)");
  tally.Count(Ended(absl::InvalidArgumentError("no image")));
  tally.Count(Ended(absl::OkStatus()));
  EXPECT_EQ(tally.Summary(kStart + absl::Seconds(4)), "3 images, 1 failed, 0.5 images/s (4.0 s)");
  EXPECT_EQ(tally.Progress(10, kStart + absl::Seconds(1)), "3/10 images, 1 failed, 2.0 images/s");
  EXPECT_EQ(tally.Summary(kStart), "3 images, 1 failed, 0.0 images/s (0.0 s)");
}

TEST(Tally, TheWorstOutcomeGivesTheExitCode) {
  Tally tally(kStart);
  EXPECT_EQ(tally.exit_code(), kExitOk);
  tally.Count(Ended(absl::OkStatus()));
  EXPECT_EQ(tally.exit_code(), kExitOk);
  tally.Count(Ended(absl::InvalidArgumentError("no image")));
  EXPECT_EQ(tally.exit_code(), kExitFailed);
  tally.Count(Ended(absl::DeadlineExceededError("late")));
  EXPECT_EQ(tally.exit_code(), kExitDeadline);
}

TEST(ExitCode, FollowsTheErrorThatEndedACommand) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("")), 1);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("")), 3);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("")), 4);
}

}  // namespace
}  // namespace edgenext
