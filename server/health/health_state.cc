#include "server/health/health_state.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace edgenext::serving {

HealthState::HealthState(int max_watchers)
    : max_watchers_(max_watchers),
      names_({{"", false},
              {"edgenext.v1.Classifier", false},
              {"inference.GRPCInferenceService", false},
              {"readiness", false},
              {"liveness", true}}) {}

Health HealthState::Find(const std::string& name) const {
  const auto found = names_.find(name);
  if (found == names_.end()) return Health::kUnknownName;
  const bool means_liveness = found->second;
  const bool serving = means_liveness ? state_ != ServerState::kStopped : state_ == ServerState::kReady;
  return serving ? Health::kServing : Health::kNotServing;
}

Health HealthState::Of(absl::string_view name) const {
  std::lock_guard<std::mutex> lock(mu_);
  return Find(std::string(name));
}

void HealthState::SetServerState(ServerState state) {
  std::lock_guard<std::mutex> lock(mu_);
  state_ = state;
  TellChanges();
}

void HealthState::AddModel(absl::string_view name) {
  std::lock_guard<std::mutex> lock(mu_);
  names_.emplace(absl::StrCat("model/", name), false);
  TellChanges();
}

void HealthState::TellChanges() {
  for (auto& [id, watch] : watches_) {
    const Health now = Find(watch.name);
    if (std::exchange(watch.told, now) != now) watch.watcher(now);
  }
}

absl::StatusOr<int> HealthState::AddWatcher(absl::string_view name, Watcher watcher) {
  std::lock_guard<std::mutex> lock(mu_);
  if (closed_) return absl::UnavailableError("the server is stopping");
  if (static_cast<int>(watches_.size()) >= max_watchers_) {
    return absl::ResourceExhaustedError(absl::StrCat("there are ", max_watchers_, " Watch streams already"));
  }
  Watch watch = {std::string(name), Find(std::string(name)), std::move(watcher)};
  watch.watcher(watch.told);
  watches_.emplace(next_id_, std::move(watch));
  return next_id_++;
}

void HealthState::RemoveWatcher(int id) {
  std::lock_guard<std::mutex> lock(mu_);
  watches_.erase(id);
}

void HealthState::Close() {
  std::lock_guard<std::mutex> lock(mu_);
  closed_ = true;
  for (auto& [id, watch] : watches_) watch.watcher(Health::kClosed);
  watches_.clear();
}

}  // namespace edgenext::serving
