#ifndef MODEL_BASE_PSEUDO_FILE_H_
#define MODEL_BASE_PSEUDO_FILE_H_

#include <string>

namespace edgenext {

// The text of a file of procfs, sysfs or a cgroup, which tell no size; "" if it cannot be read.
std::string ReadPseudoFile(const std::string& path);

}  // namespace edgenext

#endif  // MODEL_BASE_PSEUDO_FILE_H_
