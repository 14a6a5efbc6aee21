#include "server/rpc/call_registry.h"

namespace edgenext::serving {

void CallRegistry::Add(const std::shared_ptr<RpcCall>& call) {
  std::lock_guard<std::mutex> lock(mu_);
  calls_.emplace(call.get(), call);
}

void CallRegistry::Remove(RpcCall* call) {
  std::lock_guard<std::mutex> lock(mu_);
  calls_.erase(call);
  if (calls_.empty()) emptied_.notify_all();
}

std::vector<std::shared_ptr<RpcCall>> CallRegistry::Calls() const {
  std::vector<std::shared_ptr<RpcCall>> calls;
  std::lock_guard<std::mutex> lock(mu_);
  calls.reserve(calls_.size());
  for (const auto& [key, weak] : calls_) {
    if (std::shared_ptr<RpcCall> call = weak.lock()) calls.push_back(std::move(call));
  }
  return calls;
}

bool CallRegistry::WaitUntilEmpty(Clock& clock, MonotonicTime deadline) {
  std::unique_lock<std::mutex> lock(mu_);
  while (!calls_.empty() && clock.Now() < deadline) clock.WaitUntil(emptied_, lock, deadline);
  return calls_.empty();
}

}  // namespace edgenext::serving
