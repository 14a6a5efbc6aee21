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
//   window open ──► room ──► Read ──► place ──► image scheduled ──► answer queued ──► Write ──► answered
//        ▲                             │                                                          │
//        └─────────────────────────────┴──────────────────────────────────────────────────────────┘
//
// Before an image is read the stream has room for the largest one in the budget of bytes, and waits for it as
// long as it takes: what is read is never more than the budget, and a client that keeps to the window is
// never refused. The room is cut to the real size when the image is there; then this takes a place, and waits
// with it, while the stream reads no other.
//
// A stream that has waited for its client longer than `stream_idle_time`, with nothing to compute, offers its
// room to those who wait for some. Since a Read cannot be taken back, a stream that loses its room ends, with
// UNAVAILABLE (STREAM_IDLE), and the client opens another when it has something to say.
//
// An image is unanswered until its answer has been written, so a client that does not read its answers is not
// read from either. Images fail one by one, in their answers; the stream itself fails only if the server has
// no model, a message is not of the protocol, or the server drains or the connection is old: then what was
// read is answered, and the stream ends with UNAVAILABLE (DRAINING). The metrics count images as requests; a
// stream that fails before its first image counts as one.
class ClassifyStreamCall final : public CallHandler {
 public:
  ClassifyStreamCall(RpcCall& call, const ServiceContext& services)
      : call_(call), services_(services), record_(services, Method::kClassifyStream) {}

  ~ClassifyStreamCall() override;

  void OnHeaders() override;
  void OnRead(bool ok, grpc::ByteBuffer message) override;
  void OnWritten(bool ok) override;
  void OnAlarm(int alarm) override;
  void OnDone(bool cancelled) override;
  void OnDrain() override;
  bool OnAbort(const absl::Status& why) override;

 private:
  enum Alarm { kConnectionOld, kIdle };

  // These need mu_ free.
  // Asks for the room of the next image, if the window is open.
  void WantNext();
  // It is there, or will not come: reads, or ends.
  void OnRoom(absl::StatusOr<Admission> room);
  // Waits for a place for the image of a message, of which `room` holds the bytes.
  void TakeImage(grpc::ByteBuffer message, Admission room);
  // It has its place, or is refused.
  void OnAdmitted(absl::StatusOr<Admission> admission, ClassifyJob job);
  // Offers the room for the next image, if the client has been silent for long enough.
  void OfferIdleRoom();
  // Others need the room for the next image.
  void GiveRoomBack();
  // It waits in line, unless that has ended. A stream that has ended meanwhile leaves the line at once.
  void OnWait(AdmissionController::WaitId wait);
  // Takes the stream out of the line in which it waits.
  void StopWaiting();
  // The admission's refusal, if it refuses everything, too many calls are open or the deadline has passed.
  absl::Status Open();
  absl::StatusOr<MonotonicTime> Deadline(const v1::ClassifyStreamRequest& request) const;
  void Answer(uint64_t id, CallRecord& record, const absl::StatusOr<v1::ClassifyResponse>& response);

  // These need mu_ held.
  bool takes_more() const { return !finished_ && !half_closed_ && !ends_with_; }
  bool idle() const { return room_.bytes() > 0 && computing_ == 0; }
  void BeginIdle();
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
  TaskAttributes attributes_;  // what the headers say; set by OnHeaders

  std::mutex mu_;
  // guarded by mu_
  // What is read is held here until it is there. Given back with mu_ free: that may answer other streams.
  Admission room_;
  AdmissionController::WaitId wait_ = 0;                // the latest for room or a place
  absl::optional<AdmissionController::OfferId> offer_;  // of the room
  MonotonicTime idle_since_;
  bool idle_alarm_set_ = false;
  bool reading_ = false;  // from the wish for room until the image has its place
  bool writing_ = false;
  bool has_read_ = false;     // an image
  bool half_closed_ = false;  // the client has sent all
  bool broken_ = false;       // nobody takes the answers any more
  bool finished_ = false;
  bool counted_ = false;  // as a request: a stream that failed before its first image
  int unanswered_ = 0;
  int computing_ = 0;  // of these, the ones whose answers are not there yet
  absl::optional<absl::Status> ends_with_;
  std::deque<grpc::ByteBuffer> answers_;
  bool greeted_ = false;  // the initial metadata has been written
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_CLASSIFY_STREAM_CALL_H_
