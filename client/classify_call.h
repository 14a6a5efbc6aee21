#ifndef CLIENT_CLASSIFY_CALL_H_
#define CLIENT_CLASSIFY_CALL_H_

#include <memory>

#include "client/base/server_error.h"
#include "client/base/steady_time.h"
#include "edgenext/v1/classifier.grpc.pb.h"
#include "grpcpp/grpcpp.h"

namespace edgenext {

// One call of ClassifyStream as a source of events, without a thread of its own: the owner writes when it may
// and waits for what happens next. Confined to one thread.
class ClassifyCall {
 public:
  enum class Event {
    kOpened,    // the server's headers are there, with its window
    kCanWrite,  // the next message may be written
    kAnswer,    // `answer()` is new
    kClosed,    // the call is over: `end()` says why; nothing follows
    kTimeout,   // nothing happened before the time given
  };

  // Starts the call. `stub` outlives it.
  explicit ClassifyCall(edgenext::v1::Classifier::Stub& stub);
  // Cancels what is not over.
  ~ClassifyCall();
  ClassifyCall(const ClassifyCall&) = delete;
  ClassifyCall& operator=(const ClassifyCall&) = delete;

  // Whether a message may be written now: the call has started, the message before is on its way, and the
  // call is not half-closed.
  bool can_write() const { return can_write_ && !half_close_; }
  // Only while can_write().
  void Write(const edgenext::v1::ClassifyStreamRequest& message);
  // No more messages. May be called at any time, and again.
  void HalfClose();

  // Waits for the next event, until `deadline`.
  Event Next(SteadyTime deadline);

  // Valid until the next call of Next.
  const edgenext::v1::ClassifyStreamResponse& answer() const { return answer_; }
  const ServerError& end() const { return end_; }
  // How many unanswered images the server reads; 2 until it has said so.
  size_t window() const { return window_; }
  // Whether the server that answers is at work on this call, rather than refusing it or being out of reach.
  bool is_open() const { return is_open_; }

 private:
  enum class Operation : int;
  void* Begin(Operation operation);
  void ReadWindow();

  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<edgenext::v1::ClassifyStreamRequest,
                                                edgenext::v1::ClassifyStreamResponse>>
      stream_;
  edgenext::v1::ClassifyStreamResponse answer_;
  grpc::Status status_;
  ServerError end_;
  size_t window_ = 2;
  int pending_operations_ = 0;
  bool can_write_ = false;
  bool half_close_ = false;
  bool half_close_begun_ = false;
  bool is_open_ = false;
  bool answer_is_new_ = false;
  bool finished_ = false;
};

}  // namespace edgenext

#endif  // CLIENT_CLASSIFY_CALL_H_
