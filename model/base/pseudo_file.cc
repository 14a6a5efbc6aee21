#include "model/base/pseudo_file.h"

#include <fstream>
#include <sstream>

namespace edgenext {

std::string ReadPseudoFile(const std::string& path) {
  std::ostringstream contents;
  contents << std::ifstream(path).rdbuf();
  return contents.str();
}

}  // namespace edgenext
