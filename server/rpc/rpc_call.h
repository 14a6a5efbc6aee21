#ifndef SERVER_RPC_RPC_CALL_H_
#define SERVER_RPC_RPC_CALL_H_

#include <grpcpp/alarm.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "model/base/clock.h"
#include "server/net/connection_table.h"
#include "server/rpc/call_registry.h"
#include "server/rpc/completion.h"

namespace edgenext::serving {

class RpcCall;

// What answers one call. Owned by its RpcCall. The events come from the call's polling thread, one at a time,
// while workers may use the call too: so implementations have a lock. Events may still come after Finish has
// been called.
class CallHandler {
 public:
  virtual ~CallHandler() = default;

  // The headers have arrived; the message, if any, is unread.
  virtual void OnHeaders() = 0;
  // The end of RpcCall::Read. Not ok: the client has sent all, or the call is broken.
  virtual void OnRead(bool ok, grpc::ByteBuffer message) = 0;
  // The end of RpcCall::SendInitialMetadata or Write. Not ok: the call is broken.
  virtual void OnWritten(bool ok) { static_cast<void>(ok); }
  // The end of RpcCall::Finish or WriteAndFinish.
  virtual void OnFinished() {}
  // The time of RpcCall::SetAlarm has come. May come although CancelAlarms has been called meanwhile.
  virtual void OnAlarm(int alarm) { static_cast<void>(alarm); }
  // The call is over for the client. Cancelled: it has gone or its deadline has passed, or gRPC has ended the
  // call, maybe before Finish.
  virtual void OnDone(bool cancelled) = 0;
  // The server drains: take nothing more from the client, and finish when what was taken is answered.
  virtual void OnDrain() = 0;
  // The drain's time is over: finish now. False if the call was finished before.
  virtual bool OnAbort(const absl::Status& why) = 0;
};

// One call of gRPC's generic service, from the wait for a client to the last event. It owns what gRPC needs
// alive, keeps itself alive while operations are under way, and passes the events on to its handler.
//
// The operations may be called from any thread, under the rules of gRPC: one Read at a time; one of
// SendInitialMetadata and Write at a time; Finish exactly once, when no Write is under way. After Finish the
// others do nothing.
class RpcCall final : public std::enable_shared_from_this<RpcCall> {
 public:
  // Told that `call` has arrived, it re-arms the queue and gives the call its handler.
  using ArrivalHandler = std::function<std::unique_ptr<CallHandler>(RpcCall& call)>;

  // Waits for the next client on `queue`. `on_arrival` and `registry` outlive the call's events.
  static void Arm(grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue,
                  CallRegistry& registry, const ArrivalHandler& on_arrival);

  RpcCall(const RpcCall&) = delete;
  RpcCall& operator=(const RpcCall&) = delete;

  // --- known when the headers have arrived ---
  const std::string& method() const { return context_.method(); }
  MonotonicTime deadline() const { return deadline_; }
  // The client's address, as "ipv4:127.0.0.1:40000".
  const std::string& Peer() const { return peer_; }
  // RESOURCE_EXHAUSTED (OVERLOADED) if its connection is there for health checks only (ConnectionLimit).
  absl::Status CheckConnection() const;
  // From when its connection is so old that the client has been told to open another.
  MonotonicTime connection_old_at() const { return connection_old_at_; }
  // Counts the call on its connection until it ends. Called at its arrival, if the connection is known.
  void SetConnection(std::shared_ptr<const Connection> connection, MonotonicTime old_at) {
    connection_ = std::move(connection);
    connection_old_at_ = old_at;
  }
  // The first value of the client's metadata with this key, which is in lower case. Valid as long as the
  // call.
  absl::optional<absl::string_view> Metadata(const std::string& key) const;

  // --- before the first of the operations that send ---
  void AddInitialMetadata(const std::string& key, const std::string& value);

  // --- operations ---
  void SendInitialMetadata();
  void Read();
  void Write(const grpc::ByteBuffer& message);
  // With what the client shall see of `status` (status_mapping.h), its trailers included.
  void Finish(const absl::Status& status, absl::string_view request_id = "");
  void WriteAndFinish(const grpc::ByteBuffer& message);
  // Calls OnAlarm with `alarm`, the handler's name for it, after `delay`, unless the alarms are cancelled or
  // the call finished before.
  void SetAlarm(absl::Duration delay, int alarm = 0);
  void CancelAlarms();
  // Breaks the call, so that what is under way ends soon: for a client that does not take what is written.
  void Break() { context_.TryCancel(); }

  // The handler, once the call has arrived; else null.
  CallHandler* handler() const { return handler_.load(std::memory_order_acquire); }

 private:
  // The end of one kind of operation. While it is under way it keeps the call alive.
  class Tag final : public Completion {
   public:
    using Event = void (RpcCall::*)(bool ok);
    Tag(RpcCall& call, Event event) : call_(call), event_(event) {}
    // Called right before the operation starts.
    Tag* Start();
    void OnComplete(bool ok) override;
    // The operation will not end after all.
    void Forget() { alive_.reset(); }

   private:
    RpcCall& call_;
    const Event event_;
    std::shared_ptr<RpcCall> alive_;
  };

  // An alarm, from its setting to its end, with which it is deleted.
  class Alarm final : public Completion {
   public:
    Alarm(RpcCall& call, int alarm) : call_(call), alarm_(alarm) {}
    void Set(absl::Duration delay);
    void Cancel() { timer_.Cancel(); }
    void OnComplete(bool ok) override;

   private:
    RpcCall& call_;
    const int alarm_;
    grpc::Alarm timer_;
    std::shared_ptr<RpcCall> alive_;
  };

  RpcCall(grpc::ServerCompletionQueue& queue, CallRegistry& registry, const ArrivalHandler& on_arrival);
  void OnArrived(bool ok);
  void OnDone(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnFinished(bool ok);
  // It has ended. Deletes it.
  void Forget(const Alarm* alarm);
  // One more operation is under way, which the result keeps the call alive for.
  std::shared_ptr<RpcCall> Enter();
  // One less is.
  void Leave();

  grpc::ServerCompletionQueue& queue_;
  CallRegistry& registry_;
  const ArrivalHandler& on_arrival_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ByteBuffer message_;  // being read
  MonotonicTime deadline_;
  std::string peer_;
  std::shared_ptr<const Connection> connection_;
  MonotonicTime connection_old_at_ = MonotonicTime::InfiniteFuture();
  std::unique_ptr<CallHandler> owned_handler_;
  std::atomic<CallHandler*> handler_{nullptr};

  std::mutex mu_;
  // guarded by mu_
  bool finishing_ = false;  // Finish has been called
  std::list<Alarm> alarms_;

  // Operations under way, and one for the right to start more, which Finish takes away.
  std::atomic<int> pending_{0};
  Tag arrived_tag_, done_tag_, read_tag_, write_tag_, finish_tag_;
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_RPC_CALL_H_
