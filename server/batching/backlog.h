#ifndef SERVER_BATCHING_BACKLOG_H_
#define SERVER_BATCHING_BACKLOG_H_

#include <algorithm>
#include <cstdint>
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <functional>
#include <tuple>

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/batching/batch_policy.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// The images that wait, in the order in which they will run, which is BatchPolicy's: interactive before bulk,
// but for bulk's share; within a class the earliest deadline first, then in the order of arrival. That order
// is taken as it would be if no more images came. It counts and holds no image. Every member takes
// logarithmic time, so a million images may wait. Thread-compatible.
class Backlog {
 public:
  // How long an image takes from now to its answer that has `ahead` images to run before it.
  using TimeToAnswer = std::function<absl::Duration(int ahead)>;

  explicit Backlog(const BatchPolicy::Options& order = BatchPolicy::Options()) : order_(order) {}

  // `came`: when they did, which tells how long they may be overtaken.
  void Add(TaskClass task_class, MonotonicTime deadline, MonotonicTime came, int images);
  // As many must have been added with the same class and times.
  void Remove(TaskClass task_class, MonotonicTime deadline, MonotonicTime came, int images);

  int size() const { return static_cast<int>(interactive_.size() + bulk_.size()); }

  // How many run before another image of this class and deadline, which comes now.
  int CountAhead(TaskClass task_class, MonotonicTime deadline, MonotonicTime now) const;

  // Whether `images` more would have an image of the same class be answered after its deadline that would be
  // answered in time without them. `per_image` is what each image ahead adds to `time_to_answer`, at most.
  // Looks at a few images that run later, those whose deadlines are the hardest to meet: in a backlog where
  // very many are close to missing theirs it may answer no too often.
  bool WouldExpireAnother(TaskClass task_class, MonotonicTime deadline, int images, MonotonicTime now,
                          const TimeToAnswer& time_to_answer, absl::Duration per_image) const;

 private:
  // The time that orders them, their own deadline, arrival.
  using Key = std::tuple<MonotonicTime, MonotonicTime, uint64_t>;
  // A red-black tree that also knows the rank of each element: an extension of the GNU C++ library.
  using Ranked = __gnu_pbds::tree<Key, __gnu_pbds::null_type, std::less<Key>, __gnu_pbds::rb_tree_tag,
                                  __gnu_pbds::tree_order_statistics_node_update>;

  Ranked& Of(TaskClass task_class) { return task_class == TaskClass::kBulk ? bulk_ : interactive_; }
  const Ranked& Of(TaskClass task_class) const {
    return task_class == TaskClass::kBulk ? bulk_ : interactive_;
  }

  MonotonicTime OrderedBy(MonotonicTime deadline, MonotonicTime came) const {
    return std::min(deadline, came + order_.longest_overtaking);
  }
  // How many of that class run before another that is ordered by this time, and comes last.
  size_t Rank(TaskClass task_class, MonotonicTime ordered_by) const;
  // How many of both classes run before the one that has `rank` others of its class before it.
  int Ahead(TaskClass task_class, size_t rank) const;

  const BatchPolicy::Options order_;
  Ranked interactive_;
  Ranked bulk_;
  uint64_t arrivals_ = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_BACKLOG_H_
