#ifndef MODEL_BUNDLE_LABELS_H_
#define MODEL_BUNDLE_LABELS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace edgenext {

// Labels from a text file's contents: UTF-8, line i (from 0) names class i; lines end with LF or CR LF, the
// last one may lack it; a byte order mark at the beginning is no part of the first label. INVALID_ARGUMENT
// for an empty line and for another number of lines than `classes`.
absl::StatusOr<std::vector<std::string>> ParseLabels(absl::string_view text, int classes);

// The labels of a model that comes without any: ImageNet-1k's where there are 1000 classes, else "class 0",
// "class 1", …
std::vector<std::string> DefaultLabels(int classes);

}  // namespace edgenext

#endif  // MODEL_BUNDLE_LABELS_H_
