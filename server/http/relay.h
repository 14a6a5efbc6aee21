#ifndef SERVER_HTTP_RELAY_H_
#define SERVER_HTTP_RELAY_H_

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/net/listener.h"
#include "server/net/unique_fd.h"

namespace edgenext::serving {

// Accepts connections on any address and forwards the bytes of each to a port of 127.0.0.1. Distributions
// build civetweb without IPv6; this is how HttpServer listens there all the same. Thread-safe.
class Relay {
 public:
  struct Options {
    Listener::Options listener;
    int target_port = 0;
    int threads = 4;        // connections forwarded at the same time; others wait
    int timeout_ms = 2000;  // for the client to take bytes
  };

  // Listens and forwards when it returns. Errors as Listener::Bind.
  static absl::StatusOr<std::unique_ptr<Relay>> Start(const Options& options);
  // Ends what is being forwarded.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int port() const { return listener_->address().port(); }

 private:
  Relay(const Options& options, std::unique_ptr<Listener> listener);
  void Run();
  // Forwards until the target has no more to say, somebody hangs up or the relay stops.
  void Forward(UniqueFd client) const;

  const Options options_;
  const std::unique_ptr<Listener> listener_;
  const UniqueFd stop_event_;  // readable once the destructor runs

  std::mutex mu_;
  std::condition_variable changed_;
  bool stopping_ = false;          // guarded by mu_
  std::deque<UniqueFd> accepted_;  // guarded by mu_
  std::vector<std::thread> threads_;
};

}  // namespace edgenext::serving

#endif  // SERVER_HTTP_RELAY_H_
