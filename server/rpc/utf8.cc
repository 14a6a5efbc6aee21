#include "server/rpc/utf8.h"

#include "model/base/utf8.h"

namespace edgenext::serving {

std::string ToValidUtf8(absl::string_view text, size_t max_bytes) {
  std::string valid;
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    const absl::string_view character = length == 0 ? absl::string_view("?") : text.substr(0, length);
    if (valid.size() + character.size() > max_bytes) break;
    valid.append(character.data(), character.size());
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return valid;
}

}  // namespace edgenext::serving
