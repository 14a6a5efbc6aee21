#include "server/server_flags.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "model/base/status_macros.h"
#include "model/kernels/isa.h"
#include "server/flag_values.h"

namespace edgenext::serving {
namespace {

using Text = absl::string_view;
using Options = ServerOptions;

constexpr int kMaxInt = std::numeric_limits<int>::max();
constexpr int kMaxWorkers = 4096;
constexpr int64_t kMaxImageBytes = int64_t{1} << 30;
constexpr int64_t kMaxCacheBytes = int64_t{1} << 50;
constexpr int64_t kMaxInflightBytes = int64_t{1} << 50;

template <typename Target, typename Value>
absl::Status Assign(const absl::StatusOr<Value>& value, Target& target) {
  if (value.ok()) target = static_cast<Target>(*value);
  return value.status();
}

absl::Status ReadPath(Text text, std::string& path) {
  path = std::string(text);
  return text.empty() ? absl::InvalidArgumentError("a path") : absl::OkStatus();
}

absl::Status ReadModelName(Text text, Options& options) {
  bool valid = !text.empty() && text.size() <= 64;
  for (const char c : text)
    valid = valid && (absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_.-", c));
  options.model_name = std::string(text);
  return valid ? absl::OkStatus() : absl::InvalidArgumentError("1 to 64 of A-Z a-z 0-9 _ . -");
}

absl::Status ReadInputSize(Text text, Options& options) {
  const std::vector<Text> sides = absl::StrSplit(text, 'x');
  int height = 0, width = 0;
  const bool numbers =
      sides.size() <= 2 && absl::SimpleAtoi(sides.front(), &height) && absl::SimpleAtoi(sides.back(), &width);
  const auto valid = [](int side) { return side >= 64 && side <= 512 && side % 32 == 0; };
  if (!numbers || !valid(height) || !valid(width)) {
    return absl::InvalidArgumentError("S or HxW, multiples of 32 from 64 to 512");
  }
  options.input_height = height;
  options.input_width = width;
  return absl::OkStatus();
}

absl::Status ReadCropPct(Text text, Options& options) {
  double crop_pct = 0;
  if (!absl::SimpleAtod(text, &crop_pct) || !(crop_pct > 0 && crop_pct <= 1)) {
    return absl::InvalidArgumentError("a number above 0 and at most 1");
  }
  options.crop_pct = crop_pct;
  return absl::OkStatus();
}

absl::Status ReadHost(Text text, Options& options) {
  if (absl::StartsWith(text, "[") && absl::EndsWith(text, "]")) text = text.substr(1, text.size() - 2);
  bool valid = text.size() > (absl::StartsWith(text, "unix:") ? 5 : 0);
  if (!absl::StartsWith(text, "unix:")) {
    for (const char c : text)
      valid = valid && (absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains(".:%_-", c));
  }
  options.host = std::string(text);
  return valid ? absl::OkStatus()
               : absl::InvalidArgumentError("an IPv4 or IPv6 address, a host name, or unix:/path");
}

absl::Status ReadMaxIsa(Text text, Options& options) {
  if (kernels::ParseIsa(std::string(text).c_str(), &options.max_isa)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("one of ", kernels::kIsaWords));
}

absl::Status ReadPrecision(Text text, Options& options) {
  EDGENEXT_RETURN_IF_ERROR(ParseChoice<bool>(text, {{"f32", true}, {"bf16", true}, {"auto", true}}).status());
  options.precision = std::string(text);
  return absl::OkStatus();
}

absl::Status ReadClientKey(Text text, Options& options) {
  bool valid = !text.empty() && text.size() <= 64 && !absl::EndsWith(text, "-bin");
  for (const char c : text)
    valid = valid && (absl::ascii_islower(static_cast<unsigned char>(c)) ||
                      absl::ascii_isdigit(static_cast<unsigned char>(c)) || absl::StrContains("_.-", c));
  options.client_key = std::string(text);
  return valid ? absl::OkStatus()
               : absl::InvalidArgumentError("1 to 64 of a-z 0-9 _ . -, not ending in -bin");
}

absl::Status ReadBulkClients(Text text, Options& options) {
  std::vector<std::string> clients = absl::StrSplit(text, ',');
  for (const std::string& client : clients) {
    if (client.empty()) return absl::InvalidArgumentError("names with commas between, none of them empty");
  }
  options.bulk_clients = std::move(clients);
  return absl::OkStatus();
}

}  // namespace

const std::vector<ServerFlag>& ServerFlags() {
  static const auto* const flags = new std::vector<ServerFlag>{
      {"--model", "PATH", "the shipped model",
       "model folder, weights file, or a folder that holds exactly one weights file",
       [](Text text, Options& options) { return ReadPath(text, options.model); }},
      {"--model-name", "NAME", "from the model", "the name that requests use", ReadModelName},
      {"--input-size", "S|HxW", "from the model", "the network's input in pixels", ReadInputSize},
      {"--crop-pct", "SHARE", "from the model", "the part of the resized image's shorter side that is kept",
       ReadCropPct},
      {"--labels", "FILE", "from the model", "text file whose line i names class i",
       [](Text text, Options& options) { return ReadPath(text, options.labels.emplace()); }},
      {"--host", "ADDRESS", "127.0.0.1",
       "IPv4 or IPv6 address or host name; unix:/path for gRPC, with HTTP on 127.0.0.1", ReadHost},
      {"--grpc-port", "PORT", "8001", "0 takes a free port",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 0, 65535), options.grpc_port);
       }},
      {"--http-port", "PORT", "8002", "metrics, probes and version; 0 takes a free port",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 0, 65535), options.http_port);
       }},
      {"--cpus", "COUNT", "physical cores within affinity and quota", "number of workers",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 1, kMaxWorkers), options.cpus.emplace());
       }},
      {"--pin", "auto|on|off", "auto",
       "whether each worker stays on one CPU; auto: if there are exactly as many CPUs as workers and no "
       "quota is smaller",
       [](Text text, Options& options) {
         return Assign(ParseChoice<PinMode>(
                           text, {{"auto", PinMode::kAuto}, {"on", PinMode::kOn}, {"off", PinMode::kOff}}),
                       options.pin);
       }},
      {"--latency-threads", "COUNT", "1",
       "most workers that share one interactive image while no image waits and the others are idle",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 1, kMaxLatencyThreads), options.latency_threads);
       }},
      {"--max-isa", "best|scalar|avx2|avx512", "best",
       "the most of the processor's instructions that is used", ReadMaxIsa},
      {"--precision", "f32|bf16|auto", "auto",
       "arithmetic of the network; auto: bf16 where the processor has it and the model allows it",
       ReadPrecision},
      {"--max-batch-size", "COUNT", "8", "most images that a worker takes together",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 1, 64), options.max_batch_size);
       }},
      {"--batch-timeout", "DURATION", "0", "longest wait for a full batch; 0 never waits",
       [](Text text, Options& options) {
         return Assign(ParseDurationFlag(text, absl::ZeroDuration()), options.batch_timeout);
       }},
      {"--queue-capacity", "COUNT", "256", "images that may wait",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 1, 1 << 20), options.queue_capacity);
       }},
      {"--stream-window", "COUNT", "twice the workers", "unanswered images that are read from one stream",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 1, 1 << 20), options.stream_window.emplace());
       }},
      {"--max-image-bytes", "SIZE", "10MiB", "a larger file is refused",
       [](Text text, Options& options) {
         return Assign(ParseBytes(text, 1, kMaxImageBytes), options.max_image_bytes);
       }},
      {"--max-image-pixels", "COUNT", "64000000, fewer where memory is short",
       "an image with more is refused before it is decoded",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 1, int64_t{1} << 40), options.max_image_pixels.emplace());
       }},
      {"--max-image-side", "PIXELS", "16384", "a wider or higher image is refused before it is decoded",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 1, 1 << 20), options.max_image_side);
       }},
      {"--max-inflight-bytes", "SIZE", "at most a quarter of the memory limit",
       "encoded bytes from admission to answer, of all calls together",
       [](Text text, Options& options) {
         const absl::StatusOr<int64_t> bytes = ParseBytes(text, 1, kMaxInflightBytes);
         if (bytes.ok()) options.max_inflight_bytes = static_cast<size_t>(*bytes);
         return bytes.status();
       }},
      {"--cache-bytes", "SIZE", "0",
       "memory for the results of images, so that the same file is computed once; 0 keeps none",
       [](Text text, Options& options) {
         return Assign(ParseBytes(text, 0, kMaxCacheBytes), options.cache_bytes);
       }},
      {"--max-queue-wait", "DURATION", "10s", "a request that would wait longer, as predicted, is refused",
       [](Text text, Options& options) {
         return Assign(ParseDurationFlag(text, absl::Milliseconds(1)), options.max_queue_wait);
       }},
      {"--max-open-calls", "COUNT", "4 for each place of the queue, fewer where memory is short",
       "calls of the inference methods beyond are refused at once, streams included",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 1, 1 << 22), options.max_open_calls.emplace());
       }},
      {"--client-key", "KEY", "none",
       "metadata key whose value says who the client is, for fair shares; without it: its connection",
       ReadClientKey},
      {"--bulk-clients", "NAMES", "none",
       "names, with commas between, of clients whose images are bulk whatever they say; needs --client-key",
       ReadBulkClients},
      {"--max-connections", "COUNT", "1024",
       "open gRPC connections; at the limit a silent one makes room, and 8 more can ask for health",
       [](Text text, Options& options) {
         return Assign(ParseWholeNumber(text, 1, kMaxInt), options.max_connections);
       }},
      {"--max-connection-age", "DURATION", "5m",
       "age, give or take a tenth, at which a TCP connection is asked to end; its calls get 60 s more at "
       "least",
       [](Text text, Options& options) {
         return Assign(ParseDurationFlag(text, absl::Seconds(1)), options.max_connection_age);
       }},
      {"--connection-idle", "DURATION", "10m", "a connection without calls for this long is asked to end",
       [](Text text, Options& options) {
         return Assign(ParseDurationFlag(text, absl::Seconds(1)), options.connection_idle);
       }},
      {"--latency-objective", "DURATION", "100ms",
       "an edge of the latency histograms, and the least time to a deadline that counts as long",
       [](Text text, Options& options) {
         return Assign(ParseDurationFlag(text, absl::Milliseconds(1)), options.latency_objective);
       }},
      {"--drain-delay", "DURATION", "0",
       "time after SIGTERM in which the server is not ready but still serves all",
       [](Text text, Options& options) {
         return Assign(ParseDurationFlag(text, absl::ZeroDuration()), options.drain_delay);
       }},
      {"--drain-timeout", "DURATION", "20s", "time after that to finish what was accepted",
       [](Text text, Options& options) {
         return Assign(ParseDurationFlag(text, absl::ZeroDuration()), options.drain_timeout);
       }},
      {"--reflection", "true|false", "true", "whether clients may ask for the services' descriptions",
       [](Text text, Options& options) { return Assign(ParseBool(text), options.reflection); }},
      {"--log-format", "text|json", "text on a terminal, json elsewhere",
       "form of the lines on standard error",
       [](Text text, Options& options) {
         return Assign(ParseChoice<LogFormat>(text, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}}),
                       options.log_format.emplace());
       }},
      {"--log-level", "LEVEL", "info", "debug, info, warning or error",
       [](Text text, Options& options) {
         return Assign(ParseChoice<LogLevel>(text, {{"debug", LogLevel::kDebug},
                                                    {"info", LogLevel::kInfo},
                                                    {"warning", LogLevel::kWarning},
                                                    {"error", LogLevel::kError}}),
                       options.log_level);
       }},
  };
  return *flags;
}

}  // namespace edgenext::serving
