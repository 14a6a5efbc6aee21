#include "client/base/input_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace edgenext {
namespace {

namespace fs = std::filesystem;

bool IsImageName(const fs::path& path) {
  const std::string extension = absl::AsciiStrToLower(path.extension().string());
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".webp" ||
         extension == ".bmp";
}

// Appends the folder's images, or one entry with the reason why there are none.
void ExpandFolder(const std::string& folder, std::vector<InputFile>& inputs) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error);
  while (!error && entry != fs::recursive_directory_iterator()) {
    std::error_code ignored;
    if (IsImageName(entry->path()) && entry->is_regular_file(ignored))
      names.push_back(entry->path().string());
    entry.increment(error);
  }
  if (error) {
    inputs.push_back({folder, absl::ErrnoToStatus(error.value(), "cannot list the folder")});
    return;
  }
  if (names.empty()) {
    inputs.push_back({folder, absl::NotFoundError("no .jpg, .jpeg, .png, .webp or .bmp file in the folder")});
    return;
  }
  std::sort(names.begin(), names.end());
  for (std::string& name : names) inputs.push_back({std::move(name), absl::OkStatus()});
}

absl::StatusOr<std::string> ReadDescriptor(int descriptor, size_t max_bytes) {
  std::string bytes;
  struct stat about;
  if (fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode)) {
    bytes.reserve(std::min(static_cast<size_t>(about.st_size), max_bytes));
  }
  std::array<char, size_t{1} << 16> piece;
  while (true) {
    const ssize_t got = read(descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, "cannot read");
    if (got == 0) return bytes;
    bytes.append(piece.data(), static_cast<size_t>(got));
    if (bytes.size() > max_bytes) {
      return absl::InvalidArgumentError(absl::StrCat("the file is larger than ", max_bytes, " bytes"));
    }
  }
}

}  // namespace

std::vector<InputFile> ExpandInputs(const std::vector<std::string>& arguments) {
  std::vector<InputFile> inputs;
  for (const std::string& argument : arguments) {
    std::error_code error;
    if (argument != "-" && fs::is_directory(argument, error)) {
      ExpandFolder(argument, inputs);
    } else {
      inputs.push_back({argument, absl::OkStatus()});
    }
  }
  return inputs;
}

bool MayWait(const InputFile& input) {
  struct stat about;
  const int result = input.name == "-" ? fstat(STDIN_FILENO, &about) : stat(input.name.c_str(), &about);
  return result == 0 && !S_ISREG(about.st_mode);
}

absl::StatusOr<std::string> ReadInput(const InputFile& input, size_t max_bytes) {
  if (!input.error.ok()) return input.error;
  if (input.name == "-") return ReadDescriptor(STDIN_FILENO, max_bytes);
  const int descriptor = open(input.name.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, "cannot open");
  const absl::Cleanup close_it = [descriptor] { close(descriptor); };
  return ReadDescriptor(descriptor, max_bytes);
}

}  // namespace edgenext
