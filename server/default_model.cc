#include "server/default_model.h"

#include <filesystem>
#include <system_error>

namespace edgenext::serving {

std::string DefaultModelFolder() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "share" / "edgenext" / "model").string();
}

}  // namespace edgenext::serving
