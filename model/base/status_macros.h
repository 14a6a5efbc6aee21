#ifndef MODEL_BASE_STATUS_MACROS_H_
#define MODEL_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function when `expression`, an absl::Status, is an error.
#define EDGENEXT_RETURN_IF_ERROR(expression)                                  \
  do {                                                                        \
    if (absl::Status edgenext_status = (expression); !edgenext_status.ok()) { \
      return edgenext_status;                                                 \
    }                                                                         \
  } while (false)

// EDGENEXT_ASSIGN_OR_RETURN(auto x, F()): x becomes F()'s value, or the enclosing function returns F()'s
// error.
#define EDGENEXT_ASSIGN_OR_RETURN(lhs, expression) \
  EDGENEXT_ASSIGN_OR_RETURN_IMPL(EDGENEXT_CONCAT(edgenext_statusor_, __LINE__), lhs, expression)
#define EDGENEXT_ASSIGN_OR_RETURN_IMPL(statusor, lhs, expression) \
  auto statusor = (expression);                                   \
  if (!statusor.ok()) return std::move(statusor).status();        \
  lhs = std::move(statusor).value()
#define EDGENEXT_CONCAT(a, b) EDGENEXT_CONCAT_IMPL(a, b)
#define EDGENEXT_CONCAT_IMPL(a, b) a##b

#endif  // MODEL_BASE_STATUS_MACROS_H_
