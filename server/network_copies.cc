#include "server/network_copies.h"

#include <sched.h>

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/log.h"
#include "model/base/status_macros.h"
#include "server/batching/worker_thread.h"

namespace edgenext::serving {

absl::Status RunOnCpu(int cpu, const std::function<void()>& work) {
  absl::Status status;
  try {
    std::thread([&] {
      status = PinThisThread(cpu);
      if (status.ok()) work();
    }).join();
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot start a thread on CPU ", cpu, ": ", error.code().message()));
  }
  return status;
}

NetworkCopies::NetworkCopies(Options options) : options_(std::move(options)) {}

absl::StatusOr<std::shared_ptr<const Network>> NetworkCopies::Pack(const PackFunction& pack) {
  const std::vector<std::vector<int>>& nodes = options_.nodes;
  if (nodes.size() < 2) {
    EDGENEXT_ASSIGN_OR_RETURN(std::shared_ptr<const Network> only, pack());
    copies_ = {std::move(only)};
    return copies_.front();
  }
  EDGENEXT_ASSIGN_OR_RETURN(std::shared_ptr<const Network> first, PackOn(nodes.front().front(), pack));
  copies_ = {first};
  const size_t extra_bytes = (nodes.size() - 1) * first->weights_bytes();
  if (extra_bytes > options_.max_extra_bytes) {
    Log(LogLevel::kWarning, "too little memory for weights on every NUMA node, all workers share one copy",
        {{"nodes", nodes.size()},
         {"needs_mib", extra_bytes >> 20},
         {"may_take_mib", options_.max_extra_bytes >> 20}});
    return first;
  }
  for (size_t node = 1; node < nodes.size(); ++node) {
    EDGENEXT_ASSIGN_OR_RETURN(std::shared_ptr<const Network> copy, PackOn(nodes[node].front(), pack));
    copies_.push_back(std::move(copy));
  }
  return first;
}

const Network& NetworkCopies::ForThisThread() const {
  if (copies_.size() > 1) {
    const int cpu = options_.this_cpu ? options_.this_cpu() : sched_getcpu();
    for (size_t node = 0; node < copies_.size(); ++node) {
      const std::vector<int>& cpus = options_.nodes[node];
      if (std::find(cpus.begin(), cpus.end(), cpu) != cpus.end()) return *copies_[node];
    }
  }
  return *copies_.front();
}

absl::StatusOr<std::shared_ptr<const Network>> NetworkCopies::PackOn(int cpu,
                                                                     const PackFunction& pack) const {
  absl::StatusOr<std::shared_ptr<const Network>> copy = absl::UnknownError("not packed");
  EDGENEXT_RETURN_IF_ERROR(options_.run_on_cpu(cpu, [&] { copy = pack(); }));
  return copy;
}

}  // namespace edgenext::serving
