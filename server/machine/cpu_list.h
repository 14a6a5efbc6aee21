#ifndef SERVER_MACHINE_CPU_LIST_H_
#define SERVER_MACHINE_CPU_LIST_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace edgenext::serving {

// The kernel's list format of CPUs, as "0-3,8,10-11\n": the numbers, rising. Empty if the text is not such a
// list.
std::vector<int> ParseCpuList(absl::string_view text);

}  // namespace edgenext::serving

#endif  // SERVER_MACHINE_CPU_LIST_H_
