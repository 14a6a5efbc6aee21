#ifndef SERVER_RPC_ENDING_CALL_H_
#define SERVER_RPC_ENDING_CALL_H_

#include <grpcpp/grpcpp.h>

#include <mutex>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "server/rpc/rpc_call.h"

namespace edgenext::serving {

// UNAVAILABLE (DRAINING): why a server that stops ends what is still open.
absl::Status StoppingStatus();

// A call that writes one message at a time and ends as soon as it is told to and nothing is being written:
// for calls that hold nothing of the admission's, whose client loses nothing at a drain.
class EndingCall : public CallHandler {
 public:
  void OnWritten(bool ok) override;
  void OnDone(bool cancelled) override;
  void OnDrain() override;
  bool OnAbort(const absl::Status& why) override;

 protected:
  explicit EndingCall(RpcCall& call) : call_(call) {}

  // These need mu_ free.
  // Ends the call with `status` once nothing is being written. False if it is ending already.
  bool EndWith(const absl::Status& status);
  // Ends it with OK and the only message, unless it is ending already.
  void EndWithMessage(const grpc::ByteBuffer& message);

  // These need mu_ held.
  bool ending() const { return finished_ || ends_with_; }
  bool writing() const { return writing_; }
  // Nothing may be being written.
  void Write(const grpc::ByteBuffer& message);
  // What was being written is, or will never be.
  void EndWrite();

  RpcCall& call_;
  std::mutex mu_;

 private:
  void FinishIfDone();  // with mu_ held

  // guarded by mu_
  absl::optional<absl::Status> ends_with_;
  bool writing_ = false;
  bool finished_ = false;
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_ENDING_CALL_H_
