#ifndef MODEL_BASE_FILE_READER_H_
#define MODEL_BASE_FILE_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace edgenext {

// A regular file, open for reading by position. It is read with pread and never mapped: a file that is
// truncated while it is read is an error here, where a mapping would be a SIGBUS. Movable. Thread-safe after
// construction.
class FileReader {
 public:
  // NOT_FOUND, PERMISSION_DENIED; INVALID_ARGUMENT for what is not a regular file.
  static absl::StatusOr<FileReader> Open(const std::string& path);

  ~FileReader();
  FileReader(FileReader&& other) noexcept;
  FileReader& operator=(FileReader&& other) noexcept;

  // When the file was opened.
  uint64_t size_bytes() const { return size_bytes_; }
  const std::string& path() const { return path_; }

  // Fills `size` bytes at `out` from `offset`; DATA_LOSS where the file ends first.
  absl::Status ReadAt(uint64_t offset, size_t size, void* out) const;

 private:
  FileReader(int descriptor, uint64_t size_bytes, std::string path);

  int descriptor_;
  uint64_t size_bytes_;
  std::string path_;
};

// The whole of a file of at most `max_bytes`; RESOURCE_EXHAUSTED for a larger one.
absl::StatusOr<std::string> ReadFile(const std::string& path, uint64_t max_bytes);

}  // namespace edgenext

#endif  // MODEL_BASE_FILE_READER_H_
