#ifndef SERVER_PIPELINE_SINGLE_FLIGHT_H_
#define SERVER_PIPELINE_SINGLE_FLIGHT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/base/clock.h"
#include "server/pipeline/classify_task.h"
#include "server/pipeline/image_key.h"
#include "server/pipeline/result_cache.h"

namespace edgenext::serving {

// Answers what has been computed before, and has what is asked for many times at once computed once:
//
//            known ──► answered at once
//   task ──► in flight ──► follower: waits outside the queue, without a place ──► answered with the leader
//            else ──► leader: goes to the queue as any task ──► its result is kept, and answers its followers
//
// A task follows only a leader that is served no later than it would be itself: one that a worker has begun
// with, or that goes before it in the queue. Otherwise it leads too, and the first leader that is done
// answers all followers. So an interactive task never waits for a bulk one, and a deadline for none that is
// later.
//
// A leader's result and the fault of its image (INVALID_ARGUMENT) are its followers' too. When it ends in
// another way (cancelled, expired, the executor's fault, cut off), only it does: its followers come again,
// the oldest first, which then leads. A task leads once at most, so that each of them ends.
//
// A follower has its own deadline, cancellation and outputs. One that is cancelled or has expired ends when
// another comes or when its leader ends. Thread-safe; nobody is called with a lock held.
class SingleFlight {
 public:
  // Queues a task, or ends it if it cannot.
  using Schedule = std::function<void(std::unique_ptr<ClassifyTask>)>;

  // `clock` and what `schedule` uses outlive all tasks that were scheduled.
  SingleFlight(size_t cache_bytes, const Clock* clock, Schedule schedule);
  ~SingleFlight();  // all tasks have ended
  SingleFlight(const SingleFlight&) = delete;
  SingleFlight& operator=(const SingleFlight&) = delete;

  // Takes a task whose image has that key. It may have ended when this returns.
  void Classify(const ImageKey& key, std::unique_ptr<ClassifyTask> task);

  struct Counts {
    int64_t hits = 0;    // tasks answered with what was known
    int64_t misses = 0;  // tasks that led
    int64_t shared = 0;  // tasks answered with their leader
    size_t bytes = 0, entries = 0;
  };
  Counts counts() const;

 private:
  using Followers = std::vector<std::unique_ptr<ClassifyTask>>;  // the oldest first
  struct Flight {
    std::vector<const ClassifyTask*> leaders;  // never empty; each is valid until EndLeader
    Followers followers;
  };

  void Lead(const ImageKey& key, std::unique_ptr<ClassifyTask> task);
  // `logits` are null unless `result` is good.
  void OnLeaderEnded(const ImageKey& key, const ClassifyTask* leader, absl::StatusOr<ImageResult> result,
                     const SharedLogits& logits, const ClassifyTask::Done& done);
  // Takes the leader out of its flight, keeps `logits`, and gives the followers.
  Followers EndLeader(const ImageKey& key, const ClassifyTask* leader, const SharedLogits& logits);
  // Whether the task's own deadline or cancellation has come, with which it has ended then.
  bool AbandonIfOver(ClassifyTask& task) const;
  // Ends a task that has not been through the queue, with what it asks of `logits`.
  void Answer(ClassifyTask& task, absl::Span<const float> logits, std::atomic<int64_t>& counter);

  // Constant after construction.
  const Clock* const clock_;
  const Schedule schedule_;

  std::atomic<int64_t> hits_{0}, misses_{0}, shared_{0};
  mutable std::mutex mu_;
  // Guarded by mu_.
  ResultCache cache_;
  std::map<ImageKey, Flight> flights_;
};

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_SINGLE_FLIGHT_H_
