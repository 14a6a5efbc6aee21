#ifndef TESTS_SERVER_MARKDOWN_TABLE_H_
#define TESTS_SERVER_MARKDOWN_TABLE_H_

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace edgenext::testing {

// The rows of the first table below `heading` in a Markdown file, without its head: the cells' text without
// spaces around it and without backquotes. A cell writes a bar as `\|`.
inline std::vector<std::vector<std::string>> MarkdownTable(const std::string& path,
                                                           const std::string& heading) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << "cannot read " << path;
  std::vector<std::vector<std::string>> rows;
  bool below_heading = false;
  for (std::string line; std::getline(file, line);) {
    if (line == heading) below_heading = true;
    const bool is_row = below_heading && absl::StartsWith(line, "|");
    if (!is_row && !rows.empty()) break;
    if (!is_row) continue;
    std::vector<std::string> cells;
    const std::string text = absl::StrReplaceAll(line, {{"\\|", "\x01"}, {"`", ""}});
    for (const absl::string_view cell : absl::StrSplit(text, '|')) {
      cells.push_back(absl::StrReplaceAll(absl::StripAsciiWhitespace(cell), {{"\x01", "|"}}));
    }
    rows.emplace_back(cells.begin() + 1, cells.end() - 1);  // without what is outside of the outer bars
  }
  EXPECT_GT(rows.size(), 2u) << "no table below '" << heading << "' in " << path;
  if (rows.size() < 2) return {};
  rows.erase(rows.begin(), rows.begin() + 2);
  return rows;
}

}  // namespace edgenext::testing

#endif  // TESTS_SERVER_MARKDOWN_TABLE_H_
