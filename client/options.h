#ifndef CLIENT_OPTIONS_H_
#define CLIENT_OPTIONS_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/variant.h"
#include "client/base/exit_code.h"
#include "client/load/load_options.h"

namespace edgenext {

enum class OutputFormat { kTable, kJson, kCsv };

// What every command needs.
struct ServerOptions {
  // gRPC's target, from --server, else EDGENEXT_SERVER, else 127.0.0.1:8001.
  std::string target;
  absl::Duration timeout = absl::Seconds(30);
};

struct ClassifyOptions {
  ServerOptions server;
  std::vector<std::string> inputs;
  OutputFormat format = OutputFormat::kTable;
  uint32_t top_k = 5;
  // Empty: what the server serves.
  std::string model;
  std::string model_version;
  bool is_bulk = false;
};

struct InfoOptions {
  ServerOptions server;
  // Empty: the model that the server serves.
  std::string model;
  bool json = false;
};

struct HealthOptions {
  ServerOptions server;
  // A name of grpc.health.v1; empty is the server as a whole.
  std::string service;
  bool json = false;
};

using Options = absl::variant<ClassifyOptions, InfoOptions, HealthOptions, LoadOptions>;

// Reads the command line and EDGENEXT_SERVER. An ExitCode means that there is nothing more to do: help or the
// version was printed to `out` (kExitOk), or what is wrong to `err` (kExitUsage).
absl::variant<Options, ExitCode> ParseOptions(int argc, const char* const* argv, std::ostream& out,
                                              std::ostream& err);

}  // namespace edgenext

#endif  // CLIENT_OPTIONS_H_
