#include "client/options.h"

#include <algorithm>
#include <map>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/base/server_address.h"
#include "client/load/load_flags.h"

namespace edgenext {
namespace {

constexpr char kFooter[] =
    "Exit codes: 0 all good, 1 an image failed or not serving, 2 usage, 3 server unreachable, 4 deadline.\n"
    "The server's address may also be given in EDGENEXT_SERVER.";

// The command line as text; ParseOptions turns it into Options.
struct Texts {
  std::string server = kDefaultServer;
  std::string timeout = "30s";
  std::string priority = "interactive";
  bool json = false;
  bool csv = false;
};

std::string CheckTimeout(const std::string& text) {
  absl::Duration timeout;
  if (!absl::ParseDuration(text, &timeout) || timeout < absl::Milliseconds(1) || timeout > absl::Hours(24)) {
    return absl::StrCat("'", text, "' is not a duration from 1ms to 24h, as 250ms, 10s or 5m");
  }
  return "";
}

std::string CheckServer(const std::string& text) {
  return std::string(ParseServerAddress(text).status().message());
}

void AddClassify(CLI::App& app, Texts& texts, ClassifyOptions& options) {
  CLI::App* command =
      app.add_subcommand("classify", "Classify images: one result for each, in the order given");
  command
      ->add_option("inputs", options.inputs,
                   "Image files, folders (searched for images), or - for standard input")
      ->required()
      ->type_name("FILE|DIR|-");
  CLI::Option* json = command->add_flag("--json", texts.json, "One JSON object a line");
  command->add_flag("--csv", texts.csv, "Comma-separated values with a heading")->excludes(json);
  command->add_option("--top-k", options.top_k, "Predictions for each image")
      ->check(CLI::Range(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--model", options.model, "The model's name; default is the one that is served")
      ->type_name("NAME");
  command
      ->add_option("--model-version", options.model_version, "Its version; default is the one that is served")
      ->type_name("VERSION");
  command->add_option("--priority", texts.priority, "interactive, or bulk to let interactive images go first")
      ->check(CLI::IsMember({"interactive", "bulk"}))
      ->type_name("CLASS")
      ->capture_default_str();
}

void AddInfo(CLI::App& app, Texts& texts, InfoOptions& options) {
  CLI::App* command = app.add_subcommand("info", "Show what the server and its model say of themselves");
  command->add_option("--model", options.model, "The model's name; default is the one that is served")
      ->type_name("NAME");
  command->add_flag("--json", texts.json, "A JSON object");
}

void AddHealth(CLI::App& app, Texts& texts, HealthOptions& options) {
  CLI::App* command = app.add_subcommand("health", "Ask whether the server, or a part of it, is serving");
  command->add_option(
      "name", options.service,
      "liveness, readiness, model/NAME or a service's name; default is the server as a whole");
  command->add_flag("--json", texts.json, "A JSON object");
}

// As a shell would read it: what may mean something to it is quoted.
std::string CommandLine(int argc, const char* const* argv) {
  std::string line = "edgenext";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool is_plain = !word.empty() && word.find_first_not_of(
                                               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                               "0123456789-_=.,:/@%+") == std::string::npos;
    absl::StrAppend(&line, " ",
                    is_plain ? word : absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'"));
  }
  return line;
}

}  // namespace

absl::variant<Options, ExitCode> ParseOptions(int argc, const char* const* argv, std::ostream& out,
                                              std::ostream& err) {
  Texts texts;
  ClassifyOptions classify;
  InfoOptions info;
  HealthOptions health;
  CLI::App app("Classifies images on an edgenext-server.", "edgenext");
  app.footer(kFooter);
  app.set_version_flag("--version", "edgenext " EDGENEXT_VERSION);
  app.fallthrough();
  app.require_subcommand(1);
  app.add_option("--server", texts.server, "HOST:PORT, [IPV6]:PORT or unix:/path")
      ->envname("EDGENEXT_SERVER")
      ->check(CheckServer)
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--timeout", texts.timeout, "Longest wait for an answer, retries included, as 250ms or 10s")
      ->check(CheckTimeout)
      ->type_name("DURATION")
      ->capture_default_str();
  AddClassify(app, texts, classify);
  AddInfo(app, texts, info);
  AddHealth(app, texts, health);
  const LoadFlags load(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? kExitOk : kExitUsage;
  }
  ServerOptions server;
  server.target = ParseServerAddress(texts.server).value();
  absl::ParseDuration(texts.timeout, &server.timeout);
  if (app.got_subcommand("info")) {
    info.server = server;
    info.json = texts.json;
    return Options(info);
  }
  if (app.got_subcommand("health")) {
    health.server = server;
    health.json = texts.json;
    return Options(health);
  }
  if (app.got_subcommand("load")) {
    const auto options = load.Options(server.target, server.timeout, CommandLine(argc, argv));
    if (options.ok()) return Options(*options);
    err << "edgenext: " << options.status().message() << '\n';
    return kExitUsage;
  }
  if (std::count(classify.inputs.begin(), classify.inputs.end(), "-") > 1) {
    err << "edgenext: standard input (-) can be given only once\n";
    return kExitUsage;
  }
  classify.server = server;
  classify.is_bulk = texts.priority == "bulk";
  classify.format = texts.json ? OutputFormat::kJson : texts.csv ? OutputFormat::kCsv : OutputFormat::kTable;
  return Options(classify);
}

}  // namespace edgenext
