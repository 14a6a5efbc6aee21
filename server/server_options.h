#ifndef SERVER_SERVER_OPTIONS_H_
#define SERVER_SERVER_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "model/base/log.h"
#include "model/kernels/isa.h"
#include "server/machine/machine.h"

namespace edgenext::serving {

// What the command line says, with the defaults where it says nothing (the table "Flags" in
// server/README.md). What is absent is decided at start: from the model, the machine or the terminal. A value
// type.
struct ServerOptions {
  // --- the model ---
  std::string model;  // "": the one that was installed with the program
  absl::optional<std::string> model_name;
  absl::optional<int> input_height, input_width;  // both or neither
  absl::optional<double> crop_pct;
  absl::optional<std::string> labels;

  // --- where it listens ---
  std::string host = "127.0.0.1";  // an address, or unix:/path for gRPC
  int grpc_port = 8001;            // 0 takes a free one
  int http_port = 8002;
  int max_connections = 1024;
  absl::Duration max_connection_age = absl::Minutes(5);
  absl::Duration connection_idle = absl::Minutes(10);
  bool reflection = true;

  // --- how it computes ---
  absl::optional<int> cpus;
  PinMode pin = PinMode::kAuto;
  int latency_threads = 1;  // at most the workers
  kernels::Isa max_isa = kernels::BestIsa();
  std::string precision = "auto";  // or "f32", "bf16"
  int max_batch_size = 8;
  absl::Duration batch_timeout = absl::ZeroDuration();

  // --- what it admits ---
  int queue_capacity = 256;
  absl::optional<int> stream_window;
  size_t max_image_bytes = size_t{10} << 20;
  absl::optional<int64_t> max_image_pixels;
  int max_image_side = 16384;
  absl::optional<size_t> max_inflight_bytes;
  absl::Duration max_queue_wait = absl::Seconds(10);
  absl::optional<int> max_open_calls;
  std::string client_key;  // of metadata; "": none
  std::vector<std::string> bulk_clients;
  size_t cache_bytes = 0;

  // --- how it is run ---
  absl::Duration latency_objective = absl::Milliseconds(100);
  absl::Duration drain_delay = absl::ZeroDuration();
  absl::Duration drain_timeout = absl::Seconds(20);
  absl::optional<LogFormat> log_format;
  LogLevel log_level = LogLevel::kInfo;
};

// What the command line asks for.
struct ServerCommand {
  enum class Kind { kServe, kShowText, kUsageError };
  Kind kind = Kind::kServe;
  ServerOptions options;  // of kServe
  std::string text;       // of the others: for standard output or standard error
};

// What the least budget holds beside an image: the message around it.
inline constexpr size_t kInflightOverheadBytes = size_t{64} << 10;

// The most of --latency-threads, however many workers there are.
inline constexpr int kMaxLatencyThreads = 64;

// The least of --max-inflight-bytes: with less, no image could ever be admitted.
size_t LeastInflightBytes(const ServerOptions& options);

// Reads all of the command line before it says anything: a usage error's text names every flag that is
// unknown, repeated, without a value or wrong, each with its value and what was expected. `arguments` without
// the program's name.
ServerCommand ParseServerCommand(const std::vector<std::string>& arguments);

}  // namespace edgenext::serving

#endif  // SERVER_SERVER_OPTIONS_H_
