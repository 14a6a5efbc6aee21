#ifndef SERVER_PIPELINE_COMPUTE_CPU_H_
#define SERVER_PIPELINE_COMPUTE_CPU_H_

#include "absl/time/time.h"
#include "model/base/cpu_clock.h"
#include "model/base/thread_team.h"
#include "server/metrics/metrics.h"

namespace edgenext::serving {

// Tells the metrics how much CPU time its thread spent during its life.
class ComputeCpuTimer {
 public:
  explicit ComputeCpuTimer(Metrics* metrics) : metrics_(metrics) {}
  ~ComputeCpuTimer() { metrics_->AddComputeCpu(ThreadCpuTime() - began_); }
  ComputeCpuTimer(const ComputeCpuTimer&) = delete;
  ComputeCpuTimer& operator=(const ComputeCpuTimer&) = delete;

 private:
  Metrics* const metrics_;
  const absl::Duration began_ = ThreadCpuTime();
};

// A team whose helpers count their CPU time. The thread that runs it does that itself.
class CountedTeam final : public ThreadTeam {
 public:
  CountedTeam(ThreadTeam* team, Metrics* metrics) : team_(team), metrics_(metrics) {}

  void Run(int most_threads, Work work) override {
    team_->Run(most_threads, [this, work](int thread, int threads) {
      if (thread == 0) return work(thread, threads);
      const ComputeCpuTimer timer(metrics_);
      work(thread, threads);
    });
  }

 private:
  ThreadTeam* const team_;
  Metrics* const metrics_;
};

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_COMPUTE_CPU_H_
