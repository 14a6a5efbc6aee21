#ifndef SERVER_BATCHING_PLACE_LINE_H_
#define SERVER_BATCHING_PLACE_LINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/types/optional.h"
#include "model/base/clock.h"
#include "server/batching/admission_policy.h"
#include "server/batching/batch_policy.h"
#include "server/batching/task.h"

namespace edgenext::serving {

// The requests that wait for places of the queue, and who of them is offered one next: interactive ones
// before bulk ones, but for bulk's turns, which are BatchPolicy's as in the queue; within a class in the
// order of arrival. Whoever is refused for its own class, deadline or client lets those behind it pass.
//
// So, however many there are of the other class, bulk requests get one place in `bulk_share` of those that
// are given to the line, once one of them has waited for `bulk_ageing`, as long as admission would have them.
//
// It has no lock and no clock. Thread-compatible.
class PlaceLine {
 public:
  using Id = uint64_t;
  // What admission says to the request; kAdmit ends the search.
  using Decide = std::function<AdmissionDecision::Kind(Id)>;

  explicit PlaceLine(const BatchPolicy::Options& order = BatchPolicy::Options()) : policy_(order) {}

  // `id` is larger than all before.
  void Add(Id id, TaskClass task_class, std::string client, MonotonicTime now);
  // It must be there.
  void Remove(Id id, TaskClass task_class);

  // The first that `decide` admits, or nothing. A client that has its share is asked for no other of its
  // requests. Since a decision costs, and this is asked at each event, no more than 2 * kMostLooks are made:
  // half of them from the front, half from where the last search ended. So those at the front are looked at
  // always, and each of n requests within n / kMostLooks searches, whatever is said to the others.
  absl::optional<Id> FindNext(MonotonicTime now, const Decide& decide);
  // A request of this class got its place.
  void CountTurn(TaskClass task_class);

  static constexpr int kMostLooks = 8;

 private:
  using Key = std::pair<TaskClass, Id>;
  struct Waiting {
    std::string client;
    MonotonicTime since;
  };
  class Search;

  TaskClass NextClass(MonotonicTime now) const;

  const BatchPolicy policy_;
  std::map<Key, Waiting> line_;
  int bulk_ = 0;  // of these
  int64_t interactive_since_bulk_ = 0;
  Key resume_at_ = {TaskClass::kInteractive, 0};
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_PLACE_LINE_H_
