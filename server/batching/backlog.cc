#include "server/batching/backlog.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace edgenext::serving {
namespace {

constexpr uint64_t kAfterAll = std::numeric_limits<uint64_t>::max();
constexpr int kMostLooks = 64;

}  // namespace

void Backlog::Add(TaskClass task_class, MonotonicTime deadline, MonotonicTime came, int images) {
  for (int i = 0; i < images; ++i) {
    Of(task_class).insert({OrderedBy(deadline, came), deadline, arrivals_++});
  }
}

void Backlog::Remove(TaskClass task_class, MonotonicTime deadline, MonotonicTime came, int images) {
  Ranked& ranked = Of(task_class);
  const MonotonicTime ordered_by = OrderedBy(deadline, came);
  for (int i = 0; i < images; ++i) {
    const auto first = ranked.lower_bound({ordered_by, deadline, 0});
    assert(first != ranked.end() && std::get<0>(*first) == ordered_by && std::get<1>(*first) == deadline);
    ranked.erase(first);
  }
}

size_t Backlog::Rank(TaskClass task_class, MonotonicTime ordered_by) const {
  return Of(task_class).order_of_key({ordered_by, MonotonicTime::InfiniteFuture(), kAfterAll});
}

int Backlog::Ahead(TaskClass task_class, size_t rank) const {
  const auto turns = static_cast<size_t>(order_.bulk_share - 1);  // interactive ones for each bulk one
  const size_t others = task_class == TaskClass::kBulk ? std::min(interactive_.size(), (rank + 1) * turns)
                                                       : std::min(bulk_.size(), rank / turns);
  return static_cast<int>(rank + others);
}

int Backlog::CountAhead(TaskClass task_class, MonotonicTime deadline, MonotonicTime now) const {
  return Ahead(task_class, Rank(task_class, OrderedBy(deadline, now)));
}

bool Backlog::WouldExpireAnother(TaskClass task_class, MonotonicTime deadline, int images, MonotonicTime now,
                                 const TimeToAnswer& time_to_answer, absl::Duration per_image) const {
  const Ranked& ranked = Of(task_class);
  // What one more of its class adds to Ahead, at most.
  const int step = task_class == TaskClass::kBulk ? order_.bulk_share : 2;
  size_t rank = Rank(task_class, OrderedBy(deadline, now));
  for (int look = 0; look < kMostLooks && rank < ranked.size(); ++look) {
    const auto& [ordered_by, its_deadline, arrival] = *ranked.find_by_order(rank);
    if (ordered_by == MonotonicTime::InfiniteFuture()) return false;  // and so are all that follow
    const absl::Duration with = time_to_answer(Ahead(task_class, rank + static_cast<size_t>(images)));
    const absl::Duration to_spare = ordered_by - now - with;
    if (to_spare < absl::ZeroDuration()) {
      const absl::Duration time_left = its_deadline - now;
      if (time_left < with && time_left >= time_to_answer(Ahead(task_class, rank))) return true;
      ++rank;  // it is late anyway, or has more time than the order tells
    } else {
      // Deadlines are no earlier than what they are ordered by, which only rises: none of the images that
      // come within this time can be late.
      const double safe = std::floor(absl::FDivDuration(to_spare, per_image * step));
      rank += static_cast<size_t>(std::min(safe, 1e9)) + 1;
    }
  }
  return false;
}

}  // namespace edgenext::serving
