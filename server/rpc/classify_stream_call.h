#ifndef SERVER_RPC_CLASSIFY_STREAM_CALL_H_
#define SERVER_RPC_CLASSIFY_STREAM_CALL_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "edgenext/v1/classifier.pb.h"
#include "server/pipeline/admission.h"
#include "server/rpc/call_record.h"
#include "server/rpc/classify.h"
#include "server/rpc/rpc_call.h"
#include "server/rpc/service_context.h"

namespace edgenext::serving {

// Initial metadata that tells the client how many unanswered images the server reads.
inline constexpr char kStreamWindowKey[] = "edgenext-stream-window";

// edgenext.v1.Classifier/ClassifyStream. Two loops, reading and writing, meet in the number of unanswered
// images:
//
//   window open ──► Read ──► admitted ──► image scheduled ──► answer queued ──► Write ──► answered
//        ▲                      │                                                            │
//        └──────────────────────┴────────────────────────────────────────────────────────────┘
//
// An image takes a place and its bytes of the budget once it is there, so an idle stream holds nothing. Where
// there is no room the stream waits with that one image and reads no other.
//
// An image is unanswered until its answer has been written, so a client that does not read its answers is not
// read from either. Images fail one by one, in their answers; the stream itself fails only if the server has
// no model, a message is not of the protocol, or the server drains. The metrics count images as requests;
// a stream that fails before its first image counts as one.
class ClassifyStreamCall final : public CallHandler {
 public:
  ClassifyStreamCall(RpcCall& call, const ServiceContext& services)
      : call_(call), services_(services), record_(services, Method::kClassifyStream) {}

  ~ClassifyStreamCall() override;

  void OnHeaders() override;
  void OnRead(bool ok, grpc::ByteBuffer message) override;
  void OnWritten(bool ok) override;
  void OnDone(bool cancelled) override;
  void OnDrain() override;
  bool OnAbort(const absl::Status& why) override;

 private:
  // These need mu_ free.
  // Reads the next image, if the window is open.
  void WantNext();
  // Takes the image of a message, which waits until there are bytes of the budget and a place for it.
  void TakeImage(grpc::ByteBuffer message);
  void AwaitPlace(absl::StatusOr<Admission> admission, size_t bytes, ClassifyJob job);
  // It has its room, or is refused.
  void OnAdmitted(absl::StatusOr<Admission> admission, ClassifyJob job);
  // The admission's refusal, if it refuses everything, too many calls are open or the deadline has passed.
  absl::Status Open();
  absl::StatusOr<MonotonicTime> Deadline(const v1::ClassifyStreamRequest& request) const;
  void Answer(uint64_t id, CallRecord& record, const absl::StatusOr<v1::ClassifyResponse>& response);

  // These need mu_ held.
  void WriteNext();
  // The stream takes no more images and will end with `status`.
  void EndWith(const absl::Status& status);
  // Ends it once all is answered, or at once if it is broken.
  void FinishIfDone();

  std::shared_ptr<ClassifyStreamCall> shared() { return {call_.shared_from_this(), this}; }

  RpcCall& call_;
  const ServiceContext& services_;
  CallRecord record_;
  bool counts_as_open_ = false;
  const std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();

  std::mutex mu_;
  // guarded by mu_
  bool reading_ = false;  // from the Read until the image has its room
  bool writing_ = false;
  bool has_read_ = false;     // an image
  bool half_closed_ = false;  // the client has sent all
  bool broken_ = false;       // nobody takes the answers any more
  bool finished_ = false;
  bool counted_ = false;  // as a request: a stream that failed before its first image
  int unanswered_ = 0;
  absl::optional<absl::Status> ends_with_;
  std::deque<grpc::ByteBuffer> answers_;
  bool greeted_ = false;  // the initial metadata has been written
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_CLASSIFY_STREAM_CALL_H_
