#ifndef CLIENT_BASE_INPUT_FILES_H_
#define CLIENT_BASE_INPUT_FILES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace edgenext {

// One image to classify.
struct InputFile {
  // The path as it is reported; "-" is standard input.
  std::string name;
  // Why there is nothing to read: an argument that does not exist, or a folder without images.
  absl::Status error;
};

// No server takes an image as large as this; a file over it is refused before it is read.
inline constexpr size_t kMaxFileBytes = size_t{256} << 20;

// Expands the arguments of `classify`, in their order: a file stands for itself, a folder for its .jpg,
// .jpeg, .png, .webp and .bmp files (any case) at any depth, sorted by path. Links to folders are not
// followed. Arguments that cannot be used stay in the list with their error, so that each is reported in its
// place.
std::vector<InputFile> ExpandInputs(const std::vector<std::string>& arguments);

// Whether reading the file may have to wait for another program, as for a pipe or a terminal.
bool MayWait(const InputFile& input);

// The file's bytes. NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT for a folder or more than `max_bytes`,
// UNKNOWN for a failing read; messages do not repeat the name.
absl::StatusOr<std::string> ReadInput(const InputFile& input, size_t max_bytes = kMaxFileBytes);

}  // namespace edgenext

#endif  // CLIENT_BASE_INPUT_FILES_H_
