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

void Backlog::Add(TaskClass task_class, MonotonicTime deadline, int images) {
  for (int i = 0; i < images; ++i) Of(task_class).insert({deadline, arrivals_++});
}

void Backlog::Remove(TaskClass task_class, MonotonicTime deadline, int images) {
  Ranked& ranked = Of(task_class);
  for (int i = 0; i < images; ++i) {
    const auto first = ranked.lower_bound({deadline, 0});
    assert(first != ranked.end() && first->first == deadline);
    ranked.erase(first);
  }
}

int Backlog::CountAhead(TaskClass task_class, MonotonicTime deadline) const {
  const size_t of_class = Of(task_class).order_of_key({deadline, kAfterAll});
  const size_t before_class = task_class == TaskClass::kBulk ? interactive_.size() : 0;
  return static_cast<int>(before_class + of_class);
}

bool Backlog::WouldExpireAnother(TaskClass task_class, MonotonicTime deadline, int images, MonotonicTime now,
                                 const TimeToAnswer& time_to_answer, absl::Duration per_image) const {
  const Ranked& ranked = Of(task_class);
  const auto before_class = static_cast<int>(task_class == TaskClass::kBulk ? interactive_.size() : 0);
  size_t rank = ranked.order_of_key({deadline, kAfterAll});
  for (int look = 0; look < kMostLooks && rank < ranked.size(); ++look) {
    const absl::Duration time_left = ranked.find_by_order(rank)->first - now;
    if (time_left == absl::InfiniteDuration()) return false;  // and so have all that follow
    const int ahead = before_class + static_cast<int>(rank);
    const absl::Duration to_spare = time_left - time_to_answer(ahead + images);
    if (to_spare < absl::ZeroDuration()) {
      if (time_left >= time_to_answer(ahead)) return true;
      ++rank;  // it is late anyway
    } else {
      // Deadlines only rise, so none of the images that come within this time can be late.
      const double safe = std::floor(absl::FDivDuration(to_spare, per_image));
      rank += static_cast<size_t>(std::min(safe, 1e9)) + 1;
    }
  }
  return false;
}

}  // namespace edgenext::serving
