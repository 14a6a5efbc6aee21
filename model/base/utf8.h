#ifndef MODEL_BASE_UTF8_H_
#define MODEL_BASE_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace edgenext {

// Length in bytes of the well-formed UTF-8 sequence at the start of `text`, which is not empty; 0 if there is
// none (The Unicode Standard, table 3-7).
size_t Utf8SequenceLength(absl::string_view text);

bool IsValidUtf8(absl::string_view text);

}  // namespace edgenext

#endif  // MODEL_BASE_UTF8_H_
