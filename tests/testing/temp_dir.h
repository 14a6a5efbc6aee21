#ifndef TESTS_TESTING_TEMP_DIR_H_
#define TESTS_TESTING_TEMP_DIR_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "gtest/gtest.h"

namespace edgenext::testing {

// A new, empty folder that goes, with all that is in it, at the end of its scope.
class TempDir {
 public:
  TempDir() : path_(::testing::TempDir() + "edgenext-XXXXXX") {
    if (mkdtemp(&path_[0]) == nullptr) ADD_FAILURE() << "cannot make a folder like " << path_;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }

  // The path of `name` in the folder.
  std::string File(const std::string& name) const { return path_ + "/" + name; }

  // Writes a file and returns its path.
  std::string Write(const std::string& name, const std::string& contents) const {
    std::ofstream file(File(name), std::ios::binary);
    file.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    file.close();
    if (!file) ADD_FAILURE() << "cannot write " << File(name);
    return File(name);
  }

 private:
  std::string path_;
};

}  // namespace edgenext::testing

#endif  // TESTS_TESTING_TEMP_DIR_H_
