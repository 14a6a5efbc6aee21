#include "server/rpc/call_registry.h"

#include "server/rpc/rpc_call.h"

namespace edgenext::serving {

void CallRegistry::Add(const std::shared_ptr<RpcCall>& call) {
  std::lock_guard<std::mutex> lock(mu_);
  calls_.emplace(call.get(), call);
}

void CallRegistry::Remove(RpcCall* call) {
  std::lock_guard<std::mutex> lock(mu_);
  calls_.erase(call);
  draining_.erase(call);
  removed_.notify_all();
}

std::vector<std::shared_ptr<RpcCall>> CallRegistry::Arrived() const {
  std::vector<std::shared_ptr<RpcCall>> calls;
  std::lock_guard<std::mutex> lock(mu_);
  calls.reserve(calls_.size());
  for (const auto& [key, weak] : calls_) {
    std::shared_ptr<RpcCall> call = weak.lock();
    if (call != nullptr && call->handler() != nullptr) calls.push_back(std::move(call));
  }
  return calls;
}

void CallRegistry::BeginDrain() {
  std::lock_guard<std::mutex> lock(mu_);
  // Calls are removed before they die, so those that are here can be looked at.
  for (const auto& [call, weak] : calls_) {
    if (call->handler() != nullptr) draining_.insert(call);
  }
}

bool CallRegistry::WaitUntilDrained(Clock& clock, MonotonicTime deadline) {
  std::unique_lock<std::mutex> lock(mu_);
  while (!draining_.empty() && clock.Now() < deadline) clock.WaitUntil(removed_, lock, deadline);
  return draining_.empty();
}

bool CallRegistry::WaitUntilEmpty(Clock& clock, MonotonicTime deadline) {
  std::unique_lock<std::mutex> lock(mu_);
  while (!calls_.empty() && clock.Now() < deadline) clock.WaitUntil(removed_, lock, deadline);
  return calls_.empty();
}

}  // namespace edgenext::serving
