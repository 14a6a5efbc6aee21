#ifndef SERVER_NETWORK_COPIES_H_
#define SERVER_NETWORK_COPIES_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/bundle/bundle.h"
#include "model/edgenext/network.h"

namespace edgenext::serving {

// Runs `work` on a new thread that is pinned to `cpu`, and waits for its end. FAILED_PRECONDITION if it
// cannot be pinned, RESOURCE_EXHAUSTED if it cannot be started; `work` has not run then.
absl::Status RunOnCpu(int cpu, const std::function<void()>& work);

// The packed weights: one copy or, where workers are pinned to CPUs of several NUMA nodes, one in the memory
// of each of these, so that no worker reads all weights over the link between nodes with every image. Memory
// lies on the node whose thread touches it first, so a thread pinned to the node packs its copy. Thread-safe
// after Pack.
class NetworkCopies {
 public:
  struct Options {
    // The workers' CPUs by node. Of one node or none: one copy, by the thread that packs.
    std::vector<std::vector<int>> nodes;
    // For the copies beyond the first together: if they take more there is one copy.
    size_t max_extra_bytes = 0;

    // Of tests.
    std::function<absl::Status(int cpu, const std::function<void()>& work)> run_on_cpu = RunOnCpu;
    std::function<int()> this_cpu;  // where the calling thread runs; null: sched_getcpu
  };

  explicit NetworkCopies(Options options);

  // Once, before the rest. Returns the first copy; an error of `pack` or of run_on_cpu.
  absl::StatusOr<std::shared_ptr<const Network>> Pack(const PackFunction& pack);

  // The copy of the node on which the calling thread, a pinned worker's, runs.
  const Network& ForThisThread() const;
  size_t size() const { return copies_.size(); }

 private:
  absl::StatusOr<std::shared_ptr<const Network>> PackOn(int cpu, const PackFunction& pack) const;

  const Options options_;
  std::vector<std::shared_ptr<const Network>> copies_;  // one, or one for each of options_.nodes
};

}  // namespace edgenext::serving

#endif  // SERVER_NETWORK_COPIES_H_
