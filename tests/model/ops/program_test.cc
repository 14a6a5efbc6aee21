#include "model/ops/program.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::ops {
namespace {

using edgenext::testing::IsOk;
using edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ProgramTest, RunsItsStepsInOrder) {
  std::vector<int> ran;
  Program program(nullptr);
  for (int i = 0; i < 4; ++i) program.AppendLoop(OpKind::kElementwise, [&ran, i] { ran.push_back(i); });
  EXPECT_EQ(program.size(), 4u);
  EXPECT_THAT(program.RunAll(), IsOk());
  EXPECT_THAT(ran, ElementsAre(0, 1, 2, 3));
  ran.clear();
  EXPECT_THAT(program.RunSteps(1, 3), IsOk());
  EXPECT_THAT(ran, ElementsAre(1, 2));
}

TEST(ProgramTest, StopsAtTheFirstError) {
  std::vector<int> ran;
  Program program(nullptr);
  program.Append(OpKind::kLinear, [] { return absl::InternalError("broken"); });
  program.AppendLoop(OpKind::kElementwise, [&ran] { ran.push_back(1); });
  EXPECT_THAT(program.RunAll(), StatusIs(absl::StatusCode::kInternal, "broken"));
  EXPECT_THAT(ran, IsEmpty());
}

TEST(ProgramTest, KeepsTheFirstErrorInMakingItAndRunsNothing) {
  std::vector<int> ran;
  Program program(nullptr);
  program.AppendLoop(OpKind::kElementwise, [&ran] { ran.push_back(0); });
  EXPECT_THAT(program.status(), IsOk());
  program.Fail(absl::InternalError("first"));
  program.Fail(absl::InternalError("second"));
  program.Fail(absl::OkStatus());
  EXPECT_THAT(program.status(), StatusIs(absl::StatusCode::kInternal, "first"));
  EXPECT_THAT(program.RunAll(), StatusIs(absl::StatusCode::kInternal, "first"));
  EXPECT_THAT(ran, IsEmpty());
}

}  // namespace
}  // namespace edgenext::ops
