#include "server/rpc/infer_parameters.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "server/rpc/status_mapping.h"

namespace edgenext::serving {
namespace {

using inference::InferParameter;

const char* TypeName(const InferParameter& parameter) {
  switch (parameter.parameter_choice_case()) {
    case InferParameter::kBoolParam:
      return "a bool";
    case InferParameter::kInt64Param:
      return "an int64";
    case InferParameter::kStringParam:
      return "a string";
    case InferParameter::kDoubleParam:
      return "a double";
    case InferParameter::kUint64Param:
      return "a uint64";
    case InferParameter::PARAMETER_CHOICE_NOT_SET:
      break;
  }
  return "nothing";
}

absl::Status BadParameter(absl::string_view name, absl::string_view problem) {
  return WithField(absl::InvalidArgumentError(absl::StrCat("parameter '", name, "' ", problem)),
                   absl::StrCat("parameters.", name));
}

absl::StatusOr<int64_t> ReadNonNegative(absl::string_view name, const InferParameter& parameter) {
  EDGENEXT_ASSIGN_OR_RETURN(const int64_t value, ReadInteger(name, parameter));
  if (value < 0) return BadParameter(name, absl::StrCat("is ", value, ", expected 0 or more"));
  return value;
}

}  // namespace

absl::StatusOr<int64_t> ReadInteger(absl::string_view name, const InferParameter& parameter) {
  if (parameter.has_int64_param()) return parameter.int64_param();
  if (parameter.has_uint64_param()) {
    return static_cast<int64_t>(
        std::min(parameter.uint64_param(), uint64_t{std::numeric_limits<int64_t>::max()}));
  }
  return BadParameter(name, absl::StrCat("holds ", TypeName(parameter), ", expected an int64 or a uint64"));
}

absl::StatusOr<InferParameters> ReadParameters(const inference::ModelInferRequest& request) {
  InferParameters parameters;
  for (const auto& [name, parameter] : request.parameters()) {
    if (name == "priority") {
      EDGENEXT_ASSIGN_OR_RETURN(const int64_t priority, ReadNonNegative(name, parameter));
      parameters.task_class = priority == 1 ? TaskClass::kInteractive : TaskClass::kBulk;
    } else if (name == "timeout") {
      EDGENEXT_ASSIGN_OR_RETURN(const int64_t microseconds, ReadNonNegative(name, parameter));
      if (microseconds > 0) parameters.timeout = absl::Microseconds(microseconds);
    } else if (absl::StartsWith(name, "triton_") && name != "triton_enable_empty_final_response") {
      return BadParameter(name.substr(0, 64), "is not supported");
    }
  }
  return parameters;
}

}  // namespace edgenext::serving
