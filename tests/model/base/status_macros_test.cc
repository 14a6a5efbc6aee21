#include "model/base/status_macros.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::IsOkAndHolds;
using ::edgenext::testing::StatusIs;

absl::Status FirstError(const absl::Status& a, const absl::Status& b, int* calls) {
  EDGENEXT_RETURN_IF_ERROR((++*calls, a));
  EDGENEXT_RETURN_IF_ERROR((++*calls, b));
  return absl::OkStatus();
}

TEST(StatusMacrosTest, ReturnIfErrorReturnsTheFirst) {
  int calls = 0;
  EXPECT_THAT(FirstError(absl::OkStatus(), absl::OkStatus(), &calls), IsOk());
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(FirstError(absl::OkStatus(), absl::AbortedError("b"), &calls),
              StatusIs(absl::StatusCode::kAborted, "b"));
  calls = 0;
  EXPECT_THAT(FirstError(absl::AbortedError("a"), absl::AbortedError("b"), &calls),
              StatusIs(absl::StatusCode::kAborted, "a"));
  EXPECT_EQ(calls, 1);
}

absl::StatusOr<int> Sum(absl::StatusOr<std::unique_ptr<int>> a, const absl::StatusOr<int>& b) {
  EDGENEXT_ASSIGN_OR_RETURN(const std::unique_ptr<int> first, std::move(a));
  int second = 0;
  EDGENEXT_ASSIGN_OR_RETURN(second, b);
  return *first + second;
}

TEST(StatusMacrosTest, AssignOrReturnMovesValuesAndReturnsErrors) {
  EXPECT_THAT(Sum(std::make_unique<int>(3), 4), IsOkAndHolds(7));
  EXPECT_THAT(Sum(absl::NotFoundError("a"), 4), StatusIs(absl::StatusCode::kNotFound, "a"));
  EXPECT_THAT(Sum(std::make_unique<int>(3), absl::DataLossError("b")),
              StatusIs(absl::StatusCode::kDataLoss, "b"));
}

}  // namespace
}  // namespace edgenext
