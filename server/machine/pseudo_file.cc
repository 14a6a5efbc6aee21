#include "server/machine/pseudo_file.h"

#include <fstream>
#include <sstream>

namespace edgenext::serving {

std::string ReadPseudoFile(const std::string& path) {
  std::ostringstream contents;
  contents << std::ifstream(path).rdbuf();
  return contents.str();
}

}  // namespace edgenext::serving
