#ifndef CLIENT_LOAD_LOAD_RUN_H_
#define CLIENT_LOAD_LOAD_RUN_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "client/base/steady_time.h"
#include "client/load/arrivals.h"
#include "client/load/load_call.h"
#include "client/load/load_limits.h"
#include "client/load/payloads.h"
#include "client/load/random.h"
#include "client/load/recorder.h"
#include "client/load/request_mix.h"
#include "client/load/sender_thread.h"
#include "grpcpp/generic/generic_stub.h"

namespace edgenext {

// Sends requests and records what becomes of each, whatever the server does.
//
// Open loop: the sender thread sleeps until each intended time and starts the call then, however many are
// under way; a receiver thread takes the answers. Closed loop: the receiver starts the next request when one
// is over, and its intended time is that moment.
//
// The threads may share one core: the receiver runs at a lower priority and the sender asks the kernel for
// short slices and exact timers, so that answers do not delay what is sent. A request is an async unary call
// of a message that was serialised before.
class LoadRun {
 public:
  struct Options {
    Arrivals arrivals;      // open loop; empty for a closed one
    int concurrency = 0;    // closed loop: requests under way, as long as `length` has not passed
    absl::Duration length;  // closed loop
    int attempts = 1;       // retry_rule.h
    absl::optional<absl::Duration> cancel_after;  // of the requests that the mix chose
    std::vector<std::pair<std::string, std::string>> headers;
    uint64_t seed = 1;
    int most_in_flight = kMostInFlight;  // one more is not sent
  };

  // `payloads`, `sender` and `recorder` outlive the run. At least one channel; requests take them in turn.
  LoadRun(Options options, const std::vector<std::shared_ptr<grpc::Channel>>& channels,
          const Payloads& payloads, RequestMix mix, SenderThread& sender, Recorder& recorder);
  // Stops, and waits until every request is over: their deadlines bound that.
  ~LoadRun();
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;

  // Once. Offsets count from `start`, which is now or later.
  void Start(SteadyTime start);

  // No new requests and no retries. Thread-safe.
  void Stop() { stopped_ = true; }
  bool is_over() const { return is_over_; }
  int in_flight() const { return in_flight_; }
  int most_in_flight() const { return most_in_flight_; }

  // Measures how long an answer would lie before the receiver looks at it, by an event of our own; to be
  // called every few milliseconds by one thread.
  void Probe();
  // Of the probes after `since`, in microseconds; once the run is over.
  std::vector<uint32_t> ReceiveLags(SteadyTime since) const;

 private:
  void Send();
  void Receive();
  void BeginRequest(SteadyTime intended, const Arrival& arrival);
  void BeginAttempt(LoadCall& call);
  void OnTag(const LoadTag& tag, SteadyTime now);
  // All tags of the attempt are in: tries again or records.
  void Settle(LoadCall* call);
  bool TryAgain(LoadCall& call);
  void Record(const LoadCall& call);
  // A token is held by a request under way, the sender and a probe: the queue lives while there are any.
  bool TakeToken();
  void DropToken();

  const Options options_;
  const Payloads& payloads_;
  SenderThread& sender_;
  Recorder& recorder_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  grpc::CompletionQueue queue_;
  SteadyTime start_;

  RequestMix mix_;              // the sender's, or in a closed loop the receiver's
  size_t next_connection_ = 0;  // as mix_
  Random random_;               // the receiver's: the spread of retries

  std::atomic<bool> stopped_{false};
  std::atomic<bool> is_over_{false};
  std::atomic<int> tokens_{0};
  std::atomic<int> in_flight_{0};
  std::atomic<int> most_in_flight_{0};

  std::atomic<bool> probe_is_out_{false};
  LoadTag probe_tag_;
  absl::optional<grpc::Alarm> probe_;                        // the prober's while none is out
  SteadyTime probed_at_;                                     // as probe_
  std::vector<std::pair<SteadyTime, uint32_t>> probe_lags_;  // the receiver's

  std::thread receiver_;
};

}  // namespace edgenext

#endif  // CLIENT_LOAD_LOAD_RUN_H_
