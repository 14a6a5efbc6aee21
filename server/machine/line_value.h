#ifndef SERVER_MACHINE_LINE_VALUE_H_
#define SERVER_MACHINE_LINE_VALUE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace edgenext::serving {

// The value of `key` in a file of lines "key: value", without the spaces around it; "" if there is none.
std::string LineValue(const std::string& path, absl::string_view key);

}  // namespace edgenext::serving

#endif  // SERVER_MACHINE_LINE_VALUE_H_
