#ifndef SERVER_BATCHING_BATCH_H_
#define SERVER_BATCHING_BATCH_H_

#include <memory>
#include <vector>

#include "server/batching/batch_policy.h"
#include "server/batching/task.h"

namespace edgenext::serving {

class TaskQueue;

// Tasks taken together by one worker, in the order in which they run. Owns those that it has not handed out
// yet; they are abandoned (INTERNAL) if it is destroyed before, so that no task is ever lost. Movable.
// Confined to its worker's thread; must not outlive its queue.
class Batch {
 public:
  Batch(std::vector<std::unique_ptr<Task>> tasks, TakeReason reason, bool waited, TaskQueue* queue);
  ~Batch();
  Batch(Batch&& other) noexcept = default;
  Batch& operator=(Batch&& other) = delete;

  // The next task that should run, which has been told OnBegin, or null when there is none left. Looks at
  // each task only now, so that one image is all that a cancellation, a deadline or an interactive task can
  // be late:
  //   - tasks whose deadline has passed or is out of reach, that were cancelled, or that came under the
  //     cut-off are abandoned and skipped;
  //   - where bulk tasks must give way to a waiting interactive one (BatchPolicy::GivesWay), the rest of the
  //     batch goes back to its old places in the queue, from which the worker's next Take gets that one.
  std::unique_ptr<Task> Next();

  // How many tasks were taken, whatever became of them.
  int size() const { return size_; }
  TakeReason reason() const { return reason_; }
  // Whether its worker waited for it, or helped another meanwhile.
  bool waited() const { return waited_; }

 private:
  std::vector<std::unique_ptr<Task>> tasks_;  // the last one runs first
  int size_;
  TakeReason reason_;
  bool waited_;
  TaskQueue* queue_;
};

}  // namespace edgenext::serving

#endif  // SERVER_BATCHING_BATCH_H_
