#ifndef SERVER_RPC_CALL_RECORD_H_
#define SERVER_RPC_CALL_RECORD_H_

#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "model/base/clock.h"
#include "server/metrics/metrics.h"
#include "server/pipeline/classify_pipeline.h"
#include "server/rpc/service_context.h"

namespace edgenext::serving {

// What is counted and logged of one request: a unary call, or one image of a stream. Thread-safe.
class CallRecord {
 public:
  CallRecord(const ServiceContext& services, Method method)
      : services_(services), method_(method), arrived_(services.clock->Now()) {}

  MonotonicTime arrived() const { return arrived_; }

  void SetModel(std::shared_ptr<const ServedModel> model);  // null: no such model
  void SetRequestId(const std::string& request_id);
  // The client's, or one made here at the first use.
  std::string RequestId();

  // Why a call with this deadline was cancelled just now: DEADLINE_EXCEEDED (DEADLINE) or CANCELLED. At the
  // deadline gRPC cancels the call itself, and so does the client, whose timer runs out a little earlier.
  absl::Status CancelledOrExpired(MonotonicTime deadline) const;

  // Counts the request by its outcome, and logs what the client is not told. Called once.
  void End(const absl::Status& status);

 private:
  const ServiceContext& services_;
  const Method method_;
  const MonotonicTime arrived_;

  std::mutex mu_;
  std::shared_ptr<const ServedModel> model_;  // guarded by mu_
  std::string request_id_;                    // guarded by mu_
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_CALL_RECORD_H_
