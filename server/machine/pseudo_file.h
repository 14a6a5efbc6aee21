#ifndef SERVER_MACHINE_PSEUDO_FILE_H_
#define SERVER_MACHINE_PSEUDO_FILE_H_

#include <string>

namespace edgenext::serving {

// The text of a file of procfs, sysfs or a cgroup, which tell no size; "" if it cannot be read.
std::string ReadPseudoFile(const std::string& path);

}  // namespace edgenext::serving

#endif  // SERVER_MACHINE_PSEUDO_FILE_H_
