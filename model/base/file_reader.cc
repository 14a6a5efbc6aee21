#include "model/base/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"

namespace edgenext {

absl::StatusOr<FileReader> FileReader::Open(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open '", path, "'"));
  struct stat status = {};
  if (fstat(descriptor, &status) != 0) {
    const int error = errno;
    close(descriptor);
    return absl::ErrnoToStatus(error, absl::StrCat("cannot stat '", path, "'"));
  }
  if (!S_ISREG(status.st_mode)) {
    close(descriptor);
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is not a regular file"));
  }
  return FileReader(descriptor, static_cast<uint64_t>(status.st_size), path);
}

FileReader::FileReader(int descriptor, uint64_t size_bytes, std::string path)
    : descriptor_(descriptor), size_bytes_(size_bytes), path_(std::move(path)) {}

FileReader::~FileReader() {
  if (descriptor_ >= 0) close(descriptor_);
}

FileReader::FileReader(FileReader&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_bytes_(other.size_bytes_),
      path_(std::move(other.path_)) {}

FileReader& FileReader::operator=(FileReader&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(path_, other.path_);
  return *this;
}

absl::Status FileReader::ReadAt(uint64_t offset, size_t size, void* out) const {
  constexpr size_t kMaxChunk = size_t{1} << 30;
  auto* next = static_cast<char*>(out);
  while (size > 0) {
    const ssize_t got = pread(descriptor_, next, std::min(size, kMaxChunk), static_cast<off_t>(offset));
    if (got < 0) {
      if (errno == EINTR) continue;
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot read '", path_, "'"));
    }
    if (got == 0) {
      return absl::DataLossError(
          absl::StrCat("'", path_, "' ends at byte ", offset, ", ", size, " bytes too early"));
    }
    next += got;
    offset += static_cast<uint64_t>(got);
    size -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadFile(const std::string& path, uint64_t max_bytes) {
  EDGENEXT_ASSIGN_OR_RETURN(const FileReader file, FileReader::Open(path));
  if (file.size_bytes() > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("'", path, "' has ", file.size_bytes(), " bytes, at most ", max_bytes, " are read"));
  }
  std::string contents(file.size_bytes(), '\0');
  EDGENEXT_RETURN_IF_ERROR(file.ReadAt(0, contents.size(), &contents[0]));
  return contents;
}

}  // namespace edgenext
