#ifndef SERVER_LIFECYCLE_LIFECYCLE_H_
#define SERVER_LIFECYCLE_LIFECYCLE_H_

#include <functional>
#include <mutex>
#include <vector>

namespace edgenext::serving {

// The life of the server. Only forward:
//
//   kStarting ──► kReady ──► kDraining ──► kStopped
//       └────────────────────────┘  (a signal during load)
//
// kStarting: ports are bound, the model loads and warms up. kReady: traffic is welcome. kDraining: not ready,
// but what comes is still served until the drain delay is over, then refused, and what was accepted is
// finished. kStopped: nothing is accepted or running.
enum class ServerState { kStarting, kReady, kDraining, kStopped };

// "starting", "ready", "draining", "stopped"
const char* ServerStateName(ServerState state);

// Holds the state and tells others of its changes. Thread-safe.
class Lifecycle {
 public:
  using Observer = std::function<void(ServerState)>;

  ServerState state() const;
  bool ready() const { return state() == ServerState::kReady; }

  // Moves forward to `next`; a move backward or to the present state changes nothing and returns false.
  // Observers are called before it returns, one change at a time.
  bool MoveTo(ServerState next);

  // Called with the present state at once, then at every change, for as long as the Lifecycle lives.
  void Observe(Observer observer);

 private:
  mutable std::mutex mu_;
  std::mutex observers_mu_;                     // held while observers run; taken before mu_
  ServerState state_ = ServerState::kStarting;  // guarded by mu_
  std::vector<Observer> observers_;             // guarded by observers_mu_
};

}  // namespace edgenext::serving

#endif  // SERVER_LIFECYCLE_LIFECYCLE_H_
