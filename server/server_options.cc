#include "server/server_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/base/version.h"
#include "server/server_flags.h"

namespace edgenext::serving {
namespace {

// What is wrong with one flag's values, or "".
std::string ReadFlag(const ServerFlag& flag, const CLI::Option& given, ServerOptions& options) {
  const std::vector<std::string>& values = given.results();
  if (values.size() > 1) {
    return absl::StrCat(flag.name, ": given ", values.size(), " times (", absl::StrJoin(values, ", "),
                        "), expected once");
  }
  const absl::Status status = flag.read(values.front(), options);
  if (status.ok()) return "";
  return absl::StrCat(flag.name, "=", values.front(), ": expected ", status.message());
}

std::string Describe(const std::vector<std::string>& errors) {
  return absl::StrCat("edgenext-server: ", errors.size(), errors.size() == 1 ? " error" : " errors",
                      " in the command line\n  ", absl::StrJoin(errors, "\n  "),
                      "\n`edgenext-server --help` lists the flags.\n");
}

}  // namespace

size_t LeastInflightBytes(const ServerOptions& options) {
  return options.max_image_bytes + kInflightOverheadBytes;
}

ServerCommand ParseServerCommand(const std::vector<std::string>& arguments) {
  CLI::App app("Classifies images over gRPC with an EdgeNeXt model.", "edgenext-server");
  app.set_help_flag("--help", "show this and end");
  app.set_version_flag("--version", absl::StrCat("edgenext-server ", kVersion, " (", kRevision, ")\n"),
                       "show the version and end");
  app.allow_extras();  // so that all of them can be named
  std::vector<std::pair<const ServerFlag*, const CLI::Option*>> given;
  for (const ServerFlag& flag : ServerFlags()) {
    CLI::Option* option = app.add_option(flag.name, flag.meaning);
    // The default is a part of the type's name, because CLI11 takes a default of its own for a missing value.
    // That one is "" here: an error beside the others and not the parser's first and last.
    option->type_name(absl::StrCat(flag.value, " [", flag.default_value, "]"))->expected(0, 1);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    given.emplace_back(&flag, option);
  }

  ServerCommand command;
  std::vector<std::string> errors;
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return {ServerCommand::Kind::kShowText, {}, app.help()};
  } catch (const CLI::CallForVersion& version) {
    return {ServerCommand::Kind::kShowText, {}, version.what()};
  } catch (const CLI::ParseError& error) {
    errors.push_back(error.what());
  }
  for (const auto& [flag, option] : given) {
    if (option->count() == 0) continue;
    std::string error = ReadFlag(*flag, *option, command.options);
    if (!error.empty()) errors.push_back(std::move(error));
  }
  for (const std::string& extra : app.remaining()) {
    errors.push_back(absl::StartsWith(extra, "-") ? absl::StrCat(extra, ": no such flag")
                                                  : absl::StrCat("'", extra, "': expected flags only"));
  }
  const ServerOptions& options = command.options;
  if (options.grpc_port == options.http_port && options.grpc_port != 0 &&
      !absl::StartsWith(options.host, "unix:")) {
    errors.push_back(
        absl::StrCat("--http-port=", options.http_port, ": expected another port than --grpc-port"));
  }
  if (options.cpus && options.latency_threads > std::max(*options.cpus, 1)) {
    errors.push_back(absl::StrCat("--latency-threads=", options.latency_threads, ": expected at most ",
                                  *options.cpus, ", the workers of --cpus"));
  }
  if (options.max_inflight_bytes && *options.max_inflight_bytes < LeastInflightBytes(options)) {
    errors.push_back(absl::StrCat("--max-inflight-bytes=", *options.max_inflight_bytes,
                                  ": expected at least ", LeastInflightBytes(options),
                                  ", --max-image-bytes and ", kInflightOverheadBytes,
                                  " for the message around it"));
  }
  if (!options.bulk_clients.empty() && options.client_key.empty()) {
    errors.push_back("--bulk-clients: expected --client-key too, which tells who a client is");
  }
  if (!errors.empty()) {
    command.kind = ServerCommand::Kind::kUsageError;
    command.text = Describe(errors);
  }
  return command;
}

}  // namespace edgenext::serving
