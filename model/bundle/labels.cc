#include "model/bundle/labels.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "model/base/utf8.h"
#include "model/bundle/imagenet1k_labels.h"

namespace edgenext {
namespace {

constexpr int kImageNetClasses = 1000;
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseLabels(absl::string_view text, int classes) {
  absl::ConsumePrefix(&text, kByteOrderMark);
  absl::ConsumeSuffix(&text, "\n");
  std::vector<std::string> labels;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::ConsumeSuffix(&line, "\r");
    if (line.empty())
      return absl::InvalidArgumentError(absl::StrCat("line ", labels.size() + 1, " is empty"));
    if (!IsValidUtf8(line)) {
      return absl::InvalidArgumentError(absl::StrCat("line ", labels.size() + 1, " is not UTF-8"));
    }
    labels.emplace_back(line);
  }
  if (labels.size() != static_cast<size_t>(classes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("it has ", labels.size(), " lines, the model ", classes, " classes"));
  }
  return labels;
}

std::vector<std::string> DefaultLabels(int classes) {
  if (classes == kImageNetClasses) return ParseLabels(kImageNet1kLabels, classes).value();
  std::vector<std::string> labels;
  labels.reserve(static_cast<size_t>(classes));
  for (int i = 0; i < classes; ++i) labels.push_back(absl::StrCat("class ", i));
  return labels;
}

}  // namespace edgenext
