#ifndef SERVER_RPC_UNARY_CALL_H_
#define SERVER_RPC_UNARY_CALL_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>

#include "model/base/clock.h"
#include "server/rpc/call_record.h"
#include "server/rpc/rpc_call.h"
#include "server/rpc/service_context.h"
#include "server/rpc/unary_method.h"

namespace edgenext::serving {

// A unary call:
//
//   headers ──► admitted ──► message read ──► handled ──► finished
//      │  └ waits ──┤             │              │           ▲
//      └ refused ───┴ cancelled, aborted, no message ────────┘
//
// A call waits for bytes of the budget, unread, for a short time; for a place none does.
//
// Whoever finishes first wins; the rest finds `finished_` set. What the call holds of the admission's budget
// is given back when the last reference to it goes, that of a worker included, which reads the message's
// bytes.
class UnaryCall final : public CallHandler, public UnaryExchange {
 public:
  UnaryCall(RpcCall& call, const UnaryMethod& method, const ServiceContext& services)
      : call_(call), method_(method), services_(services), record_(services, method.id()) {}

  ~UnaryCall() override;

  void OnHeaders() override;
  void OnRead(bool ok, grpc::ByteBuffer message) override;
  void OnFinished() override;
  void OnDone(bool cancelled) override;
  // A call whose message is there is answered; another has nothing to lose.
  void OnDrain() override;
  void OnAlarm(int alarm) override;
  bool OnAbort(const absl::Status& why) override { return TryFail(why); }

  absl::Status Parse(google::protobuf::Message& message) override;
  size_t message_bytes() const override { return message_bytes_; }
  Admission& admission() override { return admission_; }
  TaskAttributes Attributes() const override { return attributes_; }
  const std::shared_ptr<Cancellation>& cancellation() const override { return cancellation_; }
  void SetModel(std::shared_ptr<const ServedModel> model) override { record_.SetModel(std::move(model)); }
  void SetRequestId(const std::string& request_id) override { record_.SetRequestId(request_id); }
  void Reply(const google::protobuf::Message& message) override;
  void Fail(const absl::Status& error) override { TryFail(error); }

 private:
  bool TryFail(const absl::Status& error);
  enum Alarm { kRoomTimeout, kMessageTimeout };

  // What the headers alone decide: places, and bytes, or a wait for them.
  void Admit(size_t bytes);
  void OnAdmitted(absl::StatusOr<Admission> admission);
  void Refuse(const absl::Status& why);
  // The same on the headers, before any wait.
  void RefuseAtOnce(const absl::Status& why);
  // Counts a call whose deadline passed before it was handled.
  void CountExpired();
  // True for the first caller, who then finishes the call.
  bool ClaimFinish() { return !finished_.exchange(true, std::memory_order_acq_rel); }

  RpcCall& call_;
  const UnaryMethod& method_;
  const ServiceContext& services_;
  CallRecord record_;
  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  std::atomic<bool> finished_{false};
  std::atomic<bool> handled_{false};  // the message has been read and is with the method

  // used by the polling thread
  TaskAttributes attributes_;
  bool counts_as_open_ = false;
  AdmissionController::WaitId wait_ = 0;
  Admission admission_;  // written by whoever ends the wait, before the Read
  grpc::ByteBuffer message_;
  size_t message_bytes_ = 0;
  bool no_message_ = false;  // the Read has failed: OnDone tells why

  MonotonicTime reply_started_ = MonotonicTime::InfiniteFuture();  // written before Finish, read after it
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_UNARY_CALL_H_
