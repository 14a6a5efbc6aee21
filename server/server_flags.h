#ifndef SERVER_SERVER_FLAGS_H_
#define SERVER_SERVER_FLAGS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/server_options.h"

namespace edgenext::serving {

struct ServerFlag {
  const char* name;           // "--grpc-port"
  const char* value;          // what --help calls its value: "PORT"
  const char* default_value;  // as --help shows it
  const char* meaning;
  // Sets the option from the flag's text. INVALID_ARGUMENT's message says what was expected.
  absl::Status (*read)(absl::string_view text, ServerOptions& options);
};

// Every flag that takes a value, in the order of --help.
const std::vector<ServerFlag>& ServerFlags();

}  // namespace edgenext::serving

#endif  // SERVER_SERVER_FLAGS_H_
