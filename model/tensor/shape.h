#ifndef MODEL_TENSOR_SHAPE_H_
#define MODEL_TENSOR_SHAPE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace edgenext {

// Extents of an array, outermost first; {} is a scalar.
using Shape = std::vector<int64_t>;

// Product of the extents. The caller knows that it does not overflow (a reader of files checks before).
inline int64_t ElementCount(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

// "[48, 3, 4, 4]"
inline std::string ShapeText(const Shape& shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

}  // namespace edgenext

#endif  // MODEL_TENSOR_SHAPE_H_
