#ifndef CLIENT_BASE_TEXT_LAYOUT_H_
#define CLIENT_BASE_TEXT_LAYOUT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace edgenext {

// Text for a terminal: widths count code points of UTF-8, one column each.

// `text` with '?' for every byte of a control character, C0 or C1, and for every byte that is not UTF-8, so
// that no label, message or file name can steer the terminal.
std::string Printable(absl::string_view text);

size_t TextWidth(absl::string_view text);

// `text` with spaces after or before it up to `width`; longer text stays as it is.
std::string PadRight(absl::string_view text, size_t width);
std::string PadLeft(absl::string_view text, size_t width);

// `text` if it fits into `width`, else its end after an ellipsis, from a '/' on if there is one in it: of a
// path, the end tells most.
std::string ShortenLeft(absl::string_view text, size_t width);

// `text` if it fits into `width`, else its beginning and an ellipsis.
std::string ShortenRight(absl::string_view text, size_t width);

// A bar of `share` (0 to 1) of `width` columns, in eighths of a column, padded to `width`.
std::string Bar(double share, size_t width);

}  // namespace edgenext

#endif  // CLIENT_BASE_TEXT_LAYOUT_H_
