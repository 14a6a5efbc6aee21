#ifndef SERVER_SIMULATE_QUEUED_CALL_H_
#define SERVER_SIMULATE_QUEUED_CALL_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "server/batching/task.h"
#include "server/simulate/call.h"

namespace edgenext::serving {

// A call as the server's TaskOrder holds it. `attributes` are what the policy may see of it.
class QueuedCall final : public Task {
 public:
  QueuedCall(const TaskAttributes& attributes, std::unique_ptr<Call> queued)
      : Task(attributes, /*cancellation=*/nullptr), call(std::move(queued)) {}

  // Simulated replicas answer calls themselves.
  void Abandon(absl::Status) override {}

  std::unique_ptr<Call> call;  // null once it is answered
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_QUEUED_CALL_H_
