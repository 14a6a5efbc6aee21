#ifndef CLIENT_BASE_TERMINAL_H_
#define CLIENT_BASE_TERMINAL_H_

#include <cstddef>

namespace edgenext {

struct Terminal {
  bool is_terminal = false;
  // Columns; 80 where it is not known.
  size_t width = 80;
  // A terminal, and NO_COLOR (https://no-color.org) is not set.
  bool has_colours = false;
};

// What `descriptor` writes to.
Terminal DescribeTerminal(int descriptor);

}  // namespace edgenext

#endif  // CLIENT_BASE_TERMINAL_H_
