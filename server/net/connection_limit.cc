#include "server/net/connection_limit.h"

#include <algorithm>

#include "model/base/log.h"

namespace edgenext::serving {
namespace {

constexpr absl::Duration kLookInterval = absl::Milliseconds(50);
constexpr absl::Duration kLogInterval = absl::Seconds(10);

}  // namespace

ConnectionLimit::Place ConnectionLimit::Admit() {
  if (has_room()) return Place::kOpen;
  Look();
  if (has_room() || CloseIdle(idle_open_)) return Place::kOpen;
  if (table_.CountAtMost().in_reserve < limits_.reserve || CloseIdle(idle_in_reserve_)) {
    return Place::kReserve;
  }
  const int64_t closed = closed_at_limit_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (const MonotonicTime now = clock_.Now(); now - logged_at_ >= kLogInterval) {
    logged_at_ = now;
    Log(LogLevel::kWarning, "too many connections, the newest are closed",
        {{"max_connections", limits_.max_connections}, {"closed_since_start", closed}});
  }
  return Place::kNone;
}

void ConnectionLimit::ServeReserve() {
  Look();
  for (; !waiting_in_reserve_.empty(); waiting_in_reserve_.pop_back()) {
    const int64_t id = waiting_in_reserve_.back();
    if (!table_.LookAt(id)) continue;  // closed since the look: no other is closed for it
    if (!has_room() && !CloseIdle(idle_open_)) break;
    table_.TakeOutOfReserve(id);
  }
  while (!idle_in_reserve_.empty() && has_room()) {
    table_.TakeOutOfReserve(idle_in_reserve_.back());
    idle_in_reserve_.pop_back();
  }
}

void ConnectionLimit::Look() {
  const MonotonicTime now = clock_.Now();
  if (now - looked_at_ < kLookInterval) return;
  looked_at_ = now;
  std::vector<ConnectionTable::State> idle;
  waiting_in_reserve_.clear();
  for (const ConnectionTable::State& state : table_.Look()) {
    if (IsIdle(state)) {
      idle.push_back(state);
    } else if (state.in_reserve) {
      waiting_in_reserve_.push_back(state.id);
    }
  }
  std::reverse(waiting_in_reserve_.begin(), waiting_in_reserve_.end());
  std::sort(idle.begin(), idle.end(), [](const auto& a, const auto& b) { return a.idle_time < b.idle_time; });
  idle_open_.clear();
  idle_in_reserve_.clear();
  for (const ConnectionTable::State& state : idle) {
    (state.in_reserve ? idle_in_reserve_ : idle_open_).push_back(state.id);
  }
}

bool ConnectionLimit::IsIdle(const ConnectionTable::State& state) const {
  return state.idle_time && *state.idle_time >= limits_.idle_after && (state.in_reserve || !state.has_calls);
}

bool ConnectionLimit::CloseIdle(std::vector<int64_t>& idle) {
  while (!idle.empty()) {
    const int64_t id = idle.back();
    idle.pop_back();
    const auto state = table_.LookAt(id);
    if (!state || !IsIdle(*state)) continue;
    table_.ShutDown(id);
    closed_idle_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  return false;
}

}  // namespace edgenext::serving
