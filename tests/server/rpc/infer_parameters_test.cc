#include "server/rpc/infer_parameters.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using inference::InferParameter;
using inference::ModelInferRequest;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

InferParameter Int64(int64_t value) {
  InferParameter parameter;
  parameter.set_int64_param(value);
  return parameter;
}

InferParameter Uint64(uint64_t value) {
  InferParameter parameter;
  parameter.set_uint64_param(value);
  return parameter;
}

InferParameter Text(const std::string& value) {
  InferParameter parameter;
  parameter.set_string_param(value);
  return parameter;
}

absl::StatusOr<InferParameters> ReadOne(const std::string& name, const InferParameter& parameter) {
  ModelInferRequest request;
  (*request.mutable_parameters())[name] = parameter;
  return ReadParameters(request);
}

TEST(InferParametersTest, WithoutParametersARequestIsInteractiveAndWaits) {
  ASSERT_OK_AND_ASSIGN(const InferParameters parameters, ReadParameters(ModelInferRequest()));
  EXPECT_EQ(parameters.task_class, TaskClass::kInteractive);
  EXPECT_EQ(parameters.timeout, absl::InfiniteDuration());
}

TEST(InferParametersTest, PriorityOneAloneIsInteractive) {
  for (const auto& [parameter, expected] : std::initializer_list<std::pair<InferParameter, TaskClass>>{
           {Uint64(0), TaskClass::kBulk},
           {Uint64(1), TaskClass::kInteractive},
           {Uint64(2), TaskClass::kBulk},
           {Int64(1), TaskClass::kInteractive},
           {Int64(7), TaskClass::kBulk},
           {Uint64(std::numeric_limits<uint64_t>::max()), TaskClass::kBulk}}) {
    ASSERT_OK_AND_ASSIGN(const InferParameters parameters, ReadOne("priority", parameter));
    EXPECT_EQ(parameters.task_class, expected) << parameter.ShortDebugString();
  }
}

TEST(InferParametersTest, TimeoutIsInMicroseconds) {
  ASSERT_OK_AND_ASSIGN(InferParameters parameters, ReadOne("timeout", Int64(2500)));
  EXPECT_EQ(parameters.timeout, absl::Microseconds(2500));
  ASSERT_OK_AND_ASSIGN(parameters, ReadOne("timeout", Int64(0)));
  EXPECT_EQ(parameters.timeout, absl::InfiniteDuration());
}

TEST(InferParametersTest, WrongTypesAndRangesAreNamed) {
  EXPECT_THAT(ReadOne("timeout", Int64(-1)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'timeout' is -1, expected 0 or more")));
  EXPECT_THAT(ReadOne("timeout", Text("5")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("holds a string")));
  EXPECT_THAT(ReadOne("priority", Int64(-2)), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-2")));
  EXPECT_THAT(ReadOne("priority", InferParameter()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("holds nothing")));
  EXPECT_THAT(
      ReadOne("triton_final_response", Int64(1)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'triton_final_response' is not supported")));
}

TEST(InferParametersTest, OtherParametersBelongToTheClient) {
  for (const char* name : {"triton_enable_empty_final_response", "sequence_id", "sequence_start", "headers",
                           "binary_data_output", "anything"}) {
    EXPECT_THAT(ReadOne(name, Text("x")), IsOk()) << name;
  }
}

}  // namespace
}  // namespace edgenext::serving
