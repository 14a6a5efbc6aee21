#ifndef TESTS_SERVER_MACHINE_FAKE_ROOT_H_
#define TESTS_SERVER_MACHINE_FAKE_ROOT_H_

#include <filesystem>
#include <memory>
#include <string>

#include "tests/testing/temp_dir.h"

namespace edgenext::testing {

// A root folder with the files of procfs and sysfs that a test wants. Movable.
class FakeRoot {
 public:
  void Write(const std::string& path, const std::string& contents) {
    std::filesystem::create_directories(std::filesystem::path(root_->path() + path).parent_path());
    root_->Write(path.substr(1), contents);
  }
  const std::string& path() const { return root_->path(); }

 private:
  std::unique_ptr<TempDir> root_ = std::make_unique<TempDir>();
};

}  // namespace edgenext::testing

#endif  // TESTS_SERVER_MACHINE_FAKE_ROOT_H_
