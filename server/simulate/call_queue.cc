#include "server/simulate/call_queue.h"

#include <cassert>

namespace edgenext::serving {

void CallQueue::Add(const OrderKey& key, MonotonicTime now, MonotonicTime expires,
                    std::unique_ptr<Call> call) {
  const bool added = calls_.emplace(key, Waiting{now, expires, std::move(call)}).second;
  assert(added);
  static_cast<void>(added);
  by_age_.emplace(now, key);
  if (expires != MonotonicTime::InfiniteFuture()) by_expiry_.emplace(expires, key);
}

CallQueue::Calls CallQueue::RemoveExpired(MonotonicTime now) {
  Calls expired;
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
    expired.push_back(Remove(calls_.find(by_expiry_.begin()->second)));
  }
  return expired;
}

CallQueue::Calls CallQueue::RemoveFirst(int count) {
  Calls first;
  first.reserve(static_cast<size_t>(count));
  while (count-- > 0) first.push_back(Remove(calls_.begin()));
  return first;
}

MonotonicTime CallQueue::oldest() const {
  return by_age_.empty() ? MonotonicTime::InfiniteFuture() : by_age_.begin()->first;
}

MonotonicTime CallQueue::earliest_expiry() const {
  return by_expiry_.empty() ? MonotonicTime::InfiniteFuture() : by_expiry_.begin()->first;
}

std::unique_ptr<Call> CallQueue::Remove(Map::iterator it) {
  by_age_.erase({it->second.since, it->first});
  by_expiry_.erase({it->second.expires, it->first});
  std::unique_ptr<Call> call = std::move(it->second.call);
  calls_.erase(it);
  return call;
}

}  // namespace edgenext::serving
