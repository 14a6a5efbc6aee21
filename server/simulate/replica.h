#ifndef SERVER_SIMULATE_REPLICA_H_
#define SERVER_SIMULATE_REPLICA_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "model/base/clock.h"
#include "server/batching/admission_ledger.h"
#include "server/batching/task_order.h"
#include "server/simulate/call.h"
#include "server/simulate/event_queue.h"
#include "server/simulate/queued_call.h"
#include "server/simulate/random.h"
#include "server/simulate/service_model.h"
#include "server/simulate/serving_policy.h"

namespace edgenext::serving {

// One simulated server: admission, a queue, and workers with a core each. What polling threads do (reading,
// refusing) takes its time from the same cores: it goes before, and holds up whoever executes there, as the
// niceness of workers has it. Everything happens in the event queue, which must outlive it.
class Replica {
 public:
  struct Options {
    int workers = 1;
    int latency_threads = 1;  // workers that share an interactive image while nothing waits
    // Of the execution by n workers: it takes 1 / (n x this) of the time.
    double sharing_efficiency = 0.98;
    uint64_t seed = 1;                                               // of the spread of push-backs
    MonotonicTime measured_until = MonotonicTime::InfiniteFuture();  // busy time after it is not counted
  };
  // Gets each call back once, at the time of its answer.
  using Answered = std::function<void(std::unique_ptr<Call>, const Answer&)>;

  // `policy` and `service` must outlive it.
  Replica(const Options& options, const ServingPolicy* policy, const ServiceModel* service,
          EventQueue* events, Answered answered);
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // A call's headers arrive.
  void Arrive(std::unique_ptr<Call> call);

  struct Counts {
    absl::Duration offered_work;  // edgenext_offered_work_seconds_total
    absl::Duration busy;          // time of workers that have become idle since
    int64_t batches = 0;
    int64_t images = 0;  // in batches
  };
  const Counts& counts() const { return counts_; }
  // Calls admitted and not answered.
  int inside() const { return ledger_.waiting() + ledger_.executing(); }

 private:
  enum class Phase { kIdle, kDecode, kExecute, kHelp };
  // A worker, and the core that it has for itself but for polling threads.
  struct Worker {
    Phase phase = Phase::kIdle;
    TaskOrder::Tasks batch;       // QueuedCalls
    size_t next = 0;              // of the batch
    int executed = 0;             // of the batch
    MonotonicTime busy_since;     // of a worker that is not idle
    MonotonicTime image_since;    // of the image that is decoded or executed
    absl::Duration held_up;       // by polling threads, and not added to the phase yet
    MonotonicTime network_until;  // when polling threads are done on its core
  };

  MonotonicTime now() const { return events_->now(); }
  // Whether its deadline has passed, or its client has taken it back.
  bool IsLate(const Task& task) const;

  void RemoveExpired();
  // The end of a call that no worker has begun with.
  void Expire(Task& task);
  void AnswerFromNetwork(std::unique_ptr<Call> call, const Answer& answer);
  // Work of polling threads on a core, an idle one's if there is one. Returns when it is done.
  MonotonicTime UseNetwork(absl::Duration cpu);

  QueueSnapshot Snapshot() const;
  // Gives batches to idle workers for as long as the policy has it so.
  void Dispatch();
  void WakeAt(MonotonicTime time);
  int TakeIdle();
  void BecomeIdle(int index);
  void NextImage(int index);
  // As the server's Batch: whether the worker begins with the task; else it is no longer in the batch.
  bool Begins(Worker& worker);
  void BeginPhase(int index, Phase phase, absl::Duration time);
  void EndPhase(int index);
  void BeginExecution(int index);
  void EndImage(int index, Answer::Kind kind);

  const Options options_;
  const ServingPolicy* const policy_;
  const ServiceModel* const service_;
  EventQueue* const events_;
  const Answered answered_;

  TaskOrder queue_;
  std::vector<Worker> workers_;
  std::vector<int> idle_;
  AdmissionLedger ledger_;
  size_t next_core_ = 0;
  MonotonicTime wake_at_ = MonotonicTime::InfiniteFuture();
  Random jitter_;  // of push-backs
  Counts counts_;
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_REPLICA_H_
