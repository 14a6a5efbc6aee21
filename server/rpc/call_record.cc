#include "server/rpc/call_record.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "model/base/error_reason.h"
#include "model/base/log.h"
#include "server/rpc/status_mapping.h"

namespace edgenext::serving {
namespace {

constexpr absl::Duration kShortestSlack = absl::Milliseconds(5);

// Unlike those of other processes, by a random start.
std::string MakeRequestId() {
  static std::atomic<uint64_t> next((uint64_t{std::random_device()()} << 32));
  return absl::StrCat(absl::Hex(next.fetch_add(1, std::memory_order_relaxed), absl::kZeroPad16));
}

absl::optional<RejectReason> ToRejectReason(const absl::Status& status) {
  const std::string reason = GetReason(status);
  if (reason == kReasonOverloaded) return RejectReason::kOverloaded;
  if (reason == kReasonDeadlineUnreachable) return RejectReason::kDeadlineUnreachable;
  if (reason == kReasonDraining) return RejectReason::kDraining;
  if (reason == kReasonModelNotReady) return RejectReason::kModelNotReady;
  return absl::nullopt;
}

}  // namespace

void CallRecord::SetModel(std::shared_ptr<const ServedModel> model) {
  std::lock_guard<std::mutex> lock(mu_);
  model_ = std::move(model);
}

void CallRecord::SetRequestId(const std::string& request_id) {
  std::lock_guard<std::mutex> lock(mu_);
  request_id_ = request_id;
}

std::string CallRecord::RequestId() {
  std::lock_guard<std::mutex> lock(mu_);
  if (request_id_.empty()) request_id_ = MakeRequestId();
  return request_id_;
}

void CallRecord::End(const absl::Status& status) {
  std::shared_ptr<const ServedModel> model;
  {
    std::lock_guard<std::mutex> lock(mu_);
    model = model_;
  }
  const int code = static_cast<int>(IsHidden(status) ? absl::StatusCode::kInternal : status.code());
  services_.metrics->CountRequest(method_, model ? model->name : "", model ? model->version : "", code,
                                  services_.clock->Now() - arrived_);
  if (status.ok()) return;
  if (const absl::optional<RejectReason> reason = ToRejectReason(status)) {
    services_.metrics->CountRejected(*reason);
  }
  if (IsHidden(status)) {
    Log(LogLevel::kError, "request failed", {{"request_id", RequestId()}, {"error", status.ToString()}});
  }
}

absl::Status CallRecord::CancelledOrExpired(MonotonicTime deadline) const {
  // The client counts from before it sends; and the timeout in the headers is rounded up, by less than 2 %.
  const absl::Duration slack = std::max(kShortestSlack, (deadline - arrived_) / 50);
  if (deadline == MonotonicTime::InfiniteFuture() || services_.clock->Now() + slack < deadline) {
    return absl::CancelledError("the client cancelled the call");
  }
  return WithReason(absl::DeadlineExceededError("the deadline passed before the answer was ready"),
                    kReasonDeadline);
}

}  // namespace edgenext::serving
