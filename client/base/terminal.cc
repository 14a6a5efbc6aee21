#include "client/base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace edgenext {

Terminal DescribeTerminal(int descriptor) {
  Terminal terminal;
  terminal.is_terminal = isatty(descriptor) == 1;
  if (!terminal.is_terminal) return terminal;
  struct winsize size = {};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.width = size.ws_col;
  const char* no_colour = std::getenv("NO_COLOR");
  terminal.has_colours = no_colour == nullptr || *no_colour == '\0';
  return terminal;
}

}  // namespace edgenext
