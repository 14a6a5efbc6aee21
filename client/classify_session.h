#ifndef CLIENT_CLASSIFY_SESSION_H_
#define CLIENT_CLASSIFY_SESSION_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "client/base/input_files.h"
#include "client/base/server_error.h"
#include "client/classify_call.h"
#include "client/image_ledger.h"
#include "client/image_result.h"
#include "client/result_order.h"
#include "client/retry_budget.h"
#include "edgenext/v1/classifier.grpc.pb.h"

namespace edgenext {

// Classifies a list of files over ClassifyStream and gives every file exactly one result, in the order of the
// list, whatever happens to the stream; only when the server is never reached do the files have none.
//
// Files are read when the server has room for them: as many images are under way as its window says. One that
// has to be waited for (a pipe, a terminal) is read when no other image is pending, so that it holds up no
// answer. What is retried, all of it within one budget (RetryBudget) and with growing waits:
//  - a stream that ends with UNAVAILABLE (server restarted, connection aged out) is opened again and its
//    unanswered images are sent again; images that two working streams did not survive are then sent one by
//    one, unary, and the one that the server does not survive five times is given up;
//  - a stream that the server ended because it was idle is opened again at once, and one that drained (server
//    stopping, connection old) after it had answered an image after a wait; both cost nothing of the budget;
//  - an image answered UNAVAILABLE (draining) is sent again over a new stream;
//  - RESOURCE_EXHAUSTED that names a time to retry, of an image or of the stream, is tried again after it.
// A server that was never reached is not retried. A stream that ends with RESOURCE_EXHAUSTED and no time to
// retry has met a message over the server's limit: its unanswered images are sent one by one, unary, to find
// which. Any other end of the stream ends the session.
//
// Confined to one thread, which it blocks.
class ClassifySession {
 public:
  struct Options {
    // Copied into every request: model, version, top_k, priority.
    edgenext::v1::ClassifyRequest request;
    // Of one image, from the first time it is sent, retries included. The server is told, and answers in time
    // itself.
    absl::Duration timeout = absl::Seconds(30);
    // A server that owes answers and is silent for longer than `timeout` by this ends the session.
    absl::Duration silence_grace = absl::Seconds(1);
    Backoff::Options backoff;
    // Read no further file while the pending ones hold more than this together.
    size_t max_pending_bytes = size_t{64} << 20;
    // Start no file that is further than this ahead of the oldest one without a result.
    size_t max_ahead = 4096;
  };

  struct End {
    // OK: every file was answered or had an error of its own. Else what ended the session; files without an
    // answer have it as their result.
    absl::Status status;
    // Whether the server was ever reached.
    bool reached = false;
  };

  // `inputs` outlives the session; `emit` gets the results in order, from within Run.
  ClassifySession(std::shared_ptr<grpc::Channel> channel, Options options,
                  const std::vector<InputFile>& inputs, std::function<void(const ImageResult&)> emit);

  // Once.
  End Run();

 private:
  // Moves images until the stream is over; returns how it ended.
  ServerError RunStream();
  void SendNext(ClassifyCall& call);
  // The waiting or newly read image to send next, if there is one and there is room for it.
  absl::optional<PendingImage> NextImage();
  // Reads the next file that can be read, if it is time to; those that cannot have their result.
  void ReadNextFile();
  bool MayReadNext() const;
  // Handles an answer; returns the error if the server asks to go elsewhere.
  absl::optional<ServerError> TakeAnswer(const edgenext::v1::ClassifyStreamResponse& answer);
  void TakeError(PendingImage image, const ServerError& error);
  // Decides after the end of a stream: OK to go on.
  absl::Status Recover(const ServerError& end);
  void WaitAndReconnect(absl::Duration wait);
  // Unary, up to the first that the server does not survive; those after it wait for the next stream.
  void AskOneByOne(std::vector<PendingImage> images);
  // False if the server went away.
  bool AskAlone(PendingImage image);
  absl::Duration TimeLeft(const PendingImage& image, SteadyTime now) const;
  void Finish(const PendingImage& image, const absl::Status& status, const std::string& reason,
              const edgenext::v1::ClassifyResponse& response);
  void FinishAll(const absl::Status& status);
  bool IsDone() const { return next_input_ == inputs_.size() && ledger_.empty(); }

  const std::shared_ptr<grpc::Channel> channel_;
  edgenext::v1::Classifier::Stub stub_;
  const Options options_;
  const std::vector<InputFile>& inputs_;
  ResultOrder order_;
  ImageLedger ledger_;
  RetryBudget budget_;
  Backoff backoff_;
  size_t next_input_ = 0;
  bool reached_ = false;
  // Whether the last stream was a working one when it ended.
  bool last_stream_was_open_ = false;
  // Whether the last stream brought any image further: answered it, if only with an error.
  bool last_stream_answered_ = false;
};

}  // namespace edgenext

#endif  // CLIENT_CLASSIFY_SESSION_H_
