#ifndef SERVER_NET_CONNECTION_LIMIT_H_
#define SERVER_NET_CONNECTION_LIMIT_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/net/connection_table.h"

namespace edgenext::serving {

struct ConnectionLimits {
  int max_connections = 1024;
  // Connections beyond these, so that a new one can still ask for health: their owner answers nothing else.
  int reserve = 0;
  // At the limit a connection without calls that has been silent for this long makes room for a new one, the
  // longest silent first. Long enough that a client between two calls keeps its own.
  absl::Duration idle_after = absl::InfiniteDuration();
};

// Decides which connections may stay. At the limit the longest idle is closed for a new one; if none is idle
// that gets a place in the reserve, from where it moves on when there is room. The reserve is to be free
// again soon: calls do not keep an idle connection there. Beyond the reserve the newest is closed at once.
// Confined to one thread, except where it says more.
class ConnectionLimit {
 public:
  // `table` outlives it.
  ConnectionLimit(const ConnectionLimits& limits, ConnectionTable* table, Clock* clock)
      : limits_(limits), table_(*table), clock_(*clock) {}

  enum class Place { kOpen, kReserve, kNone };
  // Where a new connection goes.
  Place Admit();
  // Moves connections from the reserve to where there is room, or an idle connection that they are worth.
  void ServeReserve();
  bool reserve_in_use() const { return table_.CountAtMost().in_reserve > 0; }

  // Since the start. Thread-safe.
  int64_t closed_idle() const { return closed_idle_.load(std::memory_order_relaxed); }
  int64_t closed_at_limit() const { return closed_at_limit_.load(std::memory_order_relaxed); }

 private:
  // Fills the lists of idle connections, unless it was done a moment ago: a flood of new connections must not
  // cost a look at all of them each.
  void Look();
  bool IsIdle(const ConnectionTable::State& state) const;
  // Closes the last of `idle` that still is.
  bool CloseIdle(std::vector<int64_t>& idle);
  bool has_room() const { return table_.CountAtMost().open < limits_.max_connections; }

  const ConnectionLimits limits_;
  ConnectionTable& table_;
  Clock& clock_;
  MonotonicTime looked_at_, logged_at_;
  std::vector<int64_t> idle_open_, idle_in_reserve_;  // the longest idle last
  std::vector<int64_t> waiting_in_reserve_;           // not idle; the oldest last
  std::atomic<int64_t> closed_idle_{0}, closed_at_limit_{0};
};

}  // namespace edgenext::serving

#endif  // SERVER_NET_CONNECTION_LIMIT_H_
