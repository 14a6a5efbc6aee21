#include "server/lifecycle/lifecycle.h"

#include <utility>

namespace edgenext::serving {

const char* ServerStateName(ServerState state) {
  switch (state) {
    case ServerState::kStarting:
      return "starting";
    case ServerState::kReady:
      return "ready";
    case ServerState::kDraining:
      return "draining";
    case ServerState::kStopped:
      return "stopped";
  }
  return "?";
}

ServerState Lifecycle::state() const {
  std::lock_guard<std::mutex> lock(mu_);
  return state_;
}

bool Lifecycle::MoveTo(ServerState next) {
  std::lock_guard<std::mutex> observers_lock(observers_mu_);
  {
    std::lock_guard<std::mutex> lock(mu_);
    if (next <= state_) return false;
    state_ = next;
  }
  for (const Observer& observer : observers_) observer(next);
  return true;
}

void Lifecycle::Observe(Observer observer) {
  std::lock_guard<std::mutex> observers_lock(observers_mu_);
  observer(state());
  observers_.push_back(std::move(observer));
}

}  // namespace edgenext::serving
