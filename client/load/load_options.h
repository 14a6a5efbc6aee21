#ifndef CLIENT_LOAD_LOAD_OPTIONS_H_
#define CLIENT_LOAD_LOAD_OPTIONS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace edgenext {

// What `edgenext load` is asked to do; the flags are in load_flags.cc.
struct LoadOptions {
  enum class Arrivals { kPoisson, kConstant, kTrace, kClosedLoop };
  enum class Method { kClassify, kInfer };
  struct WeightedDeadline {
    absl::Duration deadline;
    double weight;
  };

  // gRPC's target, and how long to try to reach it.
  std::string target;
  absl::Duration connect_timeout = absl::Seconds(30);

  // When requests are sent.
  Arrivals arrivals = Arrivals::kPoisson;
  double rate = 10;                         // a second; kPoisson and kConstant
  std::string trace_file;                   // kTrace
  int concurrency = 1;                      // kClosedLoop
  absl::optional<absl::Duration> duration;  // counted, after the warm-up; of a trace without it: to its end
  absl::Duration warm_up = absl::Seconds(2);
  int connections = 4;
  uint64_t seed = 1;

  // The search for the highest rate, from `rate` on.
  bool find_rate = false;
  absl::Duration limit = absl::Milliseconds(100);
  double percentile = 99;

  // What is sent.
  Method method = Method::kClassify;
  std::vector<std::string> inputs;  // files and folders; empty: the samples that are shipped
  bool tensors = false;
  int tensor_height = 256;
  int tensor_width = 256;
  int images_per_request = 1;
  std::string model;
  std::string model_version;
  std::vector<WeightedDeadline> deadlines = {{absl::Seconds(1), 1}};
  double bulk_share = 0;
  std::vector<std::pair<std::string, std::string>> headers;

  // How the clients behave.
  int attempts = 1;
  absl::optional<absl::Duration> cancel_after;
  double cancel_share = 1;

  // What is reported, and where to.
  std::string metrics_address;  // HOST:PORT; empty: the target's host, port 8002
  bool json = false;
  std::string html_file;
  std::string command;  // as it was typed
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_LOAD_OPTIONS_H_
