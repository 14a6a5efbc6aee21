#include "client/load/load_flags.h"

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "client/base/server_address.h"
#include "client/load/flag_text.h"
#include "client/load/load_limits.h"

namespace edgenext {
namespace {

constexpr char kWhen[] = "When requests are sent";
constexpr char kWhat[] = "What is sent";
constexpr char kClients[] = "How the clients behave";
constexpr char kSearch[] = "Searching the highest rate";
constexpr char kReport[] = "What is reported";

constexpr char kFooter[] =
    "Without --trace and --concurrency the loop is open: requests are sent at their intended times, "
    "whatever\n"
    "the server does, and latency counts from the intended time. Exit codes: 0 a run that says something, 1 "
    "void\n"
    "(the generator itself was late), no request answered OK or no rate within the limit, 2 usage, 3 server\n"
    "unreachable.";

absl::Status Named(absl::string_view flag, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", status.message()));
}

}  // namespace

// The command line as text.
struct LoadFlags::Texts {
  CLI::App* command = nullptr;
  LoadOptions options;
  std::string arrivals = "poisson";
  std::string duration;
  std::string warm_up;
  std::string limit;
  std::string method = "classify";
  std::string input_size = "256";
  std::string deadline = "1s";
  std::string priority = "interactive";
  std::vector<std::string> headers;
  std::string cancel_after;
  bool allow_remote = false;

  bool Has(const char* flag) const { return command->count(flag) > 0; }
  CLI::Option* Add(const char* group, const char* flag, std::string& text, const char* type,
                   const char* help) {
    return command->add_option(flag, text, help)->group(group)->type_name(type);
  }

  void AddWhen();
  void AddWhat();
  void AddRest();
  absl::Status ReadTimes(LoadOptions& read) const;
  absl::Status ReadRequests(LoadOptions& read) const;
  absl::Status CheckTargets(const LoadOptions& read) const;
};

void LoadFlags::Texts::AddWhen() {
  CLI::Option* rate =
      command->add_option("--rate", options.rate, "Requests a second; the first rate of a search")
          ->group(kWhen)
          ->check(CLI::Range(0.001, 1e6))
          ->type_name("N")
          ->capture_default_str();
  CLI::Option* spread =
      Add(kWhen, "--arrivals", arrivals, "KIND", "poisson: at random; constant: evenly spaced")
          ->check(CLI::IsMember({"poisson", "constant"}))
          ->capture_default_str();
  CLI::Option* trace =
      Add(kWhen, "--trace", options.trace_file, "FILE",
          "Intended times from a file: in each line seconds, and if need be a deadline (200ms) and "
          "interactive or bulk")
          ->excludes(rate)
          ->excludes(spread);
  command
      ->add_option("--concurrency", options.concurrency, "A closed loop: so many requests always under way")
      ->group(kWhen)
      ->check(CLI::Range(1, 10000))
      ->type_name("N")
      ->excludes(rate)
      ->excludes(spread)
      ->excludes(trace);
  Add(kWhen, "--duration", duration, "DURATION",
      "What is counted [10s; 5s in a search; a trace: to its end]");
  Add(kWhen, "--warm-up", warm_up, "DURATION",
      "Sent before that, not counted [2s; 1s in a search; a trace: 0]");
  command->add_option("--connections", options.connections, "Connections, which take the requests in turn")
      ->group(kWhen)
      ->check(CLI::Range(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--seed", options.seed, "Of all that is random")
      ->group(kWhen)
      ->type_name("N")
      ->capture_default_str();
}

void LoadFlags::Texts::AddWhat() {
  CLI::Option* inputs = command
                            ->add_option("inputs", options.inputs,
                                         "Images and folders of images [the samples that are shipped]")
                            ->group(kWhat)
                            ->type_name("FILE|DIR");
  Add(kWhat, "--method", method, "METHOD", "classify, or infer of the Open Inference Protocol")
      ->check(CLI::IsMember({"classify", "infer"}))
      ->capture_default_str();
  command
      ->add_flag("--tensor", options.tensors,
                 "Random UINT8 tensors instead of images; implies --method=infer")
      ->group(kWhat)
      ->excludes(inputs);
  Add(kWhat, "--input-size", input_size, "S|HxW", "Of a tensor, in pixels")->capture_default_str();
  command->add_option("--images-per-request", options.images_per_request, "With infer")
      ->group(kWhat)
      ->check(CLI::Range(1, 1024))
      ->type_name("N")
      ->capture_default_str();
  Add(kWhat, "--model", options.model, "NAME", "The model's name [the one that is served]");
  Add(kWhat, "--model-version", options.model_version, "VERSION", "Its version [the one that is served]");
  Add(kWhat, "--deadline", deadline, "DURATION", "Of a request; a mix with weights as 50ms:1,200ms:3")
      ->capture_default_str();
  CLI::Option* all = Add(kWhat, "--priority", priority, "CLASS", "Of all requests: interactive or bulk")
                         ->check(CLI::IsMember({"interactive", "bulk"}))
                         ->capture_default_str();
  command->add_option("--bulk-share", options.bulk_share, "Share of requests that are bulk, 0 to 1")
      ->group(kWhat)
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE")
      ->excludes(all);
  command
      ->add_option("--header", headers, "Metadata of every request, as a key for fair share; may be repeated")
      ->group(kWhat)
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void LoadFlags::Texts::AddRest() {
  command
      ->add_option(
          "--attempts", options.attempts,
          "Most attempts at a request that is refused: after the server's push-back, else a random wait")
      ->group(kClients)
      ->check(CLI::Range(1, 100))
      ->type_name("N")
      ->capture_default_str();
  CLI::Option* cancel = Add(kClients, "--cancel-after", cancel_after, "DURATION",
                            "Cancel requests that are not answered by then");
  command
      ->add_option("--cancel-share", options.cancel_share, "Share of requests that are cancelled so, 0 to 1")
      ->group(kClients)
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE")
      ->needs(cancel)
      ->capture_default_str();
  CLI::Option* find =
      command
          ->add_flag("--find-rate", options.find_rate,
                     "Search the highest rate that keeps the limit with 99 % of requests good")
          ->group(kSearch);
  Add(kSearch, "--limit", limit, "DURATION", "Of the latency [100ms]")->needs(find);
  command->add_option("--percentile", options.percentile, "Of the latencies, that the limit is for")
      ->group(kSearch)
      ->check(CLI::Range(1.0, 100.0))
      ->type_name("P")
      ->needs(find)
      ->capture_default_str();
  Add(kReport, "--metrics", options.metrics_address, "HOST:PORT",
      "The server's /metrics, for its CPU time [the server's host, port 8002]");
  command->add_flag("--json", options.json, "A JSON object instead of the table")->group(kReport);
  Add(kReport, "--html", options.html_file, "FILE", "Write a page with plots too");
  command->add_flag("--allow-remote", allow_remote, "Put load on a server that is not on this machine");
}

absl::Status LoadFlags::Texts::ReadTimes(LoadOptions& read) const {
  using Arrivals = LoadOptions::Arrivals;
  read.arrivals = Has("--trace")          ? Arrivals::kTrace
                  : Has("--concurrency")  ? Arrivals::kClosedLoop
                  : arrivals == "poisson" ? Arrivals::kPoisson
                                          : Arrivals::kConstant;
  const bool is_trace = read.arrivals == Arrivals::kTrace;
  if (read.find_rate && (is_trace || read.arrivals == Arrivals::kClosedLoop)) {
    return absl::InvalidArgumentError("--find-rate: is for rates, not for --trace or --concurrency");
  }
  if (read.find_rate) read.warm_up = absl::Seconds(1);
  if (is_trace) read.warm_up = absl::ZeroDuration();
  if (!warm_up.empty()) {
    const auto parsed = ParseLoadDuration(warm_up, absl::ZeroDuration());
    if (!parsed.ok()) return Named("--warm-up", parsed.status());
    read.warm_up = *parsed;
  }
  if (!duration.empty()) {
    const auto parsed = ParseLoadDuration(duration, absl::Milliseconds(100));
    if (!parsed.ok()) return Named("--duration", parsed.status());
    read.duration = *parsed;
  } else if (!is_trace) {
    read.duration = absl::Seconds(read.find_rate ? 5 : 10);
  }
  if (!limit.empty()) {
    const auto parsed = ParseLoadDuration(limit, absl::Milliseconds(1));
    if (!parsed.ok()) return Named("--limit", parsed.status());
    read.limit = *parsed;
  }
  const absl::Duration length = read.warm_up + read.duration.value_or(absl::ZeroDuration());
  if (length > kLongestRun) {
    return absl::InvalidArgumentError(
        absl::StrCat("--duration: with the warm-up it is longer than ", absl::FormatDuration(kLongestRun)));
  }
  const bool has_rate = read.arrivals == Arrivals::kPoisson || read.arrivals == Arrivals::kConstant;
  if (has_rate && read.rate * absl::ToDoubleSeconds(length) > static_cast<double>(kMostSamples)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--rate: with --duration these are more than ", kMostSamples, " requests"));
  }
  return absl::OkStatus();
}

absl::Status LoadFlags::Texts::ReadRequests(LoadOptions& read) const {
  const bool is_infer = method == "infer" || read.tensors;
  read.method = is_infer ? LoadOptions::Method::kInfer : LoadOptions::Method::kClassify;
  if (read.tensors && Has("--method") && method == "classify") {
    return absl::InvalidArgumentError("--tensor: classify takes images");
  }
  if (!is_infer && read.images_per_request > 1) {
    return absl::InvalidArgumentError("--images-per-request: classify takes one, use --method=infer");
  }
  if (Has("--input-size") && !read.tensors) {
    return absl::InvalidArgumentError("--input-size: is for --tensor");
  }
  const auto size = ParseInputSize(input_size);
  if (!size.ok()) return Named("--input-size", size.status());
  std::tie(read.tensor_height, read.tensor_width) = *size;
  const auto deadlines = ParseDeadlines(deadline);
  if (!deadlines.ok()) return Named("--deadline", deadlines.status());
  read.deadlines = *deadlines;
  if (priority == "bulk") read.bulk_share = 1;
  for (const std::string& header : headers) {
    const auto parsed = ParseHeader(header);
    if (!parsed.ok()) return Named("--header", parsed.status());
    read.headers.push_back(*parsed);
  }
  if (!cancel_after.empty()) {
    const auto parsed = ParseLoadDuration(cancel_after, absl::ZeroDuration());
    if (!parsed.ok()) return Named("--cancel-after", parsed.status());
    read.cancel_after = *parsed;
  }
  return absl::OkStatus();
}

absl::Status LoadFlags::Texts::CheckTargets(const LoadOptions& read) const {
  if (allow_remote) return absl::OkStatus();
  if (!IsLoopback(read.target)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--server: '", read.target,
                     "' may not be this machine; say --allow-remote if you may put load on it"));
  }
  if (!IsLoopback(read.metrics_address)) {
    return absl::InvalidArgumentError(absl::StrCat("--metrics: '", read.metrics_address,
                                                   "' may not be this machine; it needs --allow-remote"));
  }
  return absl::OkStatus();
}

LoadFlags::LoadFlags(CLI::App& app) : texts_(std::make_unique<Texts>()) {
  texts_->command = app.add_subcommand("load", "Put load on a server and measure what it does");
  texts_->command->footer(kFooter);
  texts_->AddWhen();
  texts_->AddWhat();
  texts_->AddRest();
}

LoadFlags::~LoadFlags() = default;

absl::StatusOr<LoadOptions> LoadFlags::Options(const std::string& target, absl::Duration connect_timeout,
                                               const std::string& command) const {
  LoadOptions options = texts_->options;
  options.target = target;
  options.connect_timeout = connect_timeout;
  options.command = command;
  if (options.metrics_address.empty()) options.metrics_address = DefaultMetricsAddress(target);
  if (absl::Status status = texts_->ReadTimes(options); !status.ok()) return status;
  if (absl::Status status = texts_->ReadRequests(options); !status.ok()) return status;
  if (absl::Status status = texts_->CheckTargets(options); !status.ok()) return status;
  return options;
}

}  // namespace edgenext
