#ifndef SERVER_HEALTH_HEALTH_STATE_H_
#define SERVER_HEALTH_HEALTH_STATE_H_

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/lifecycle/lifecycle.h"

namespace edgenext::serving {

// kClosed is told to watchers only, and is the last they hear.
enum class Health { kServing, kNotServing, kUnknownName, kClosed };

// What each health name says, and who wants to hear of its changes. Free of gRPC. Thread-safe.
//   ""                              the server as a whole: SERVING while it is ready
//   edgenext.v1.Classifier, inference.GRPCInferenceService, readiness, model/NAME    the same
//   liveness                        SERVING until the server has stopped
class HealthState {
 public:
  // Called with the present health when it is added, then at each change, one call at a time and with a lock
  // held: it must not call back.
  using Watcher = std::function<void(Health)>;

  // At most `max_watchers` watchers at once.
  explicit HealthState(int max_watchers = 256);

  Health Of(absl::string_view name) const;

  void SetServerState(ServerState state);
  // Makes `model/NAME` known. Watchers of the name learn of it.
  void AddModel(absl::string_view name);

  // The watcher's id for RemoveWatcher. UNAVAILABLE if the state is closed, RESOURCE_EXHAUSTED if there are
  // too many; the watcher is then not called.
  absl::StatusOr<int> AddWatcher(absl::string_view name, Watcher watcher);
  // Does nothing if it is gone. When it returns the watcher is not called any more.
  void RemoveWatcher(int id);
  // Tells every watcher kClosed and lets them go.
  void Close();

 private:
  struct Watch {
    std::string name;
    Health told;
    Watcher watcher;
  };
  // These need mu_ held.
  Health Find(const std::string& name) const;
  void TellChanges();

  const int max_watchers_;
  mutable std::mutex mu_;
  // guarded by mu_
  ServerState state_ = ServerState::kStarting;
  bool closed_ = false;
  std::map<std::string, bool> names_;  // name → whether it means liveness and not readiness
  std::map<int, Watch> watches_;
  int next_id_ = 1;
};

}  // namespace edgenext::serving

#endif  // SERVER_HEALTH_HEALTH_STATE_H_
