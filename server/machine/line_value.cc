#include "server/machine/line_value.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "model/base/pseudo_file.h"

namespace edgenext::serving {

std::string LineValue(const std::string& path, absl::string_view key) {
  const std::string text = ReadPseudoFile(path);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&line, key) && absl::ConsumePrefix(&line, ":")) {
      return std::string(absl::StripAsciiWhitespace(line));
    }
  }
  return "";
}

}  // namespace edgenext::serving
