#include "client/classify_session.h"

#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/base/grpc_time.h"

namespace edgenext {
namespace {

using edgenext::v1::ClassifyResponse;
using edgenext::v1::ClassifyStreamResponse;

constexpr int kMaxFailedAttempts = 5;
constexpr int kSuspectAfterAttempts = 2;
// The server's reasons for ending a stream: it had waited for us; it has answered all that it read, and stops
// or wants another connection.
constexpr char kStreamIdleReason[] = "STREAM_IDLE";
constexpr char kDrainingReason[] = "DRAINING";

std::function<double()> RandomShares() {
  return [engine = std::minstd_rand(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>()(engine);
  };
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* proto) {
  absl::Duration rest;
  proto->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  proto->set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(rest)));
}

}  // namespace

ClassifySession::ClassifySession(std::shared_ptr<grpc::Channel> channel, Options options,
                                 const std::vector<InputFile>& inputs,
                                 std::function<void(const ImageResult&)> emit)
    : channel_(std::move(channel)),
      stub_(channel_),
      options_(std::move(options)),
      inputs_(inputs),
      order_(std::move(emit)),
      backoff_(options_.backoff, RandomShares()) {}

ClassifySession::End ClassifySession::Run() {
  ReadNextFile();
  while (!IsDone()) {
    const ServerError end = RunStream();
    if (IsDone()) break;
    if (const absl::Status status = Recover(end); !status.ok()) {
      if (reached_) FinishAll(status);
      return {status, reached_};
    }
  }
  return {absl::OkStatus(), reached_};
}

ServerError ClassifySession::RunStream() {
  ClassifyCall call(stub_);
  last_stream_answered_ = false;
  absl::optional<ServerError> leave;
  const absl::Duration longest_silence = options_.timeout + options_.silence_grace;
  const auto is_leaving = [&] { return leave.has_value() || IsDone(); };
  const auto answer_is_due = [&] { return is_leaving() || ledger_.sent_count() > 0 || !call.is_open(); };
  SteadyTime silent_since = SteadyNow();
  while (true) {
    const bool answer_was_due = answer_is_due();
    if (!is_leaving()) SendNext(call);
    if (is_leaving()) call.HalfClose();
    const SteadyTime now = SteadyNow();
    // Between retries and while a file is waited for nothing is due, and silence is not held against the
    // server.
    if (!answer_was_due || !answer_is_due()) silent_since = now;
    const SteadyTime silence_ends = silent_since + longest_silence;

    switch (call.Next(std::min(silence_ends, ledger_.NextReadyTime(now)))) {
      case ClassifyCall::Event::kTimeout:
        if (SteadyNow() >= silence_ends) {
          return {absl::DeadlineExceededError(
                      absl::StrCat("the server was silent for ", absl::FormatDuration(longest_silence))),
                  "", absl::nullopt};
        }
        break;
      case ClassifyCall::Event::kOpened:
        silent_since = SteadyNow();
        reached_ = reached_ || call.is_open();
        break;
      case ClassifyCall::Event::kCanWrite:
        break;
      case ClassifyCall::Event::kAnswer:
        silent_since = SteadyNow();
        reached_ = true;
        if (auto elsewhere = TakeAnswer(call.answer()); elsewhere.has_value()) leave = elsewhere;
        break;
      case ClassifyCall::Event::kClosed:
        last_stream_was_open_ = call.is_open();
        reached_ = reached_ || !call.end().reason.empty();
        if (!call.end().status.ok()) return call.end();
        if (leave.has_value()) return *leave;
        return {absl::UnavailableError("the server ended the stream before all images were answered"), "",
                absl::nullopt};
    }
  }
}

void ClassifySession::SendNext(ClassifyCall& call) {
  while (call.can_write() && ledger_.sent_count() < call.window()) {
    absl::optional<PendingImage> image = NextImage();
    if (!image.has_value()) return;
    const SteadyTime now = SteadyNow();
    const absl::Duration time_left = TimeLeft(*image, now);
    if (time_left <= absl::ZeroDuration()) {
      Finish(*image, absl::DeadlineExceededError("not answered in time, retries included"), "", {});
      continue;
    }
    SetDuration(time_left, image->message.mutable_timeout());
    call.Write(image->message);
    ledger_.AddSent(*std::move(image), now);
  }
}

absl::optional<PendingImage> ClassifySession::NextImage() {
  absl::optional<PendingImage> image = ledger_.TakeReady(SteadyNow());
  if (image.has_value()) return image;
  ReadNextFile();
  return ledger_.TakeReady(SteadyNow());
}

bool ClassifySession::MayReadNext() const {
  return next_input_ < inputs_.size() && next_input_ - order_.next() < options_.max_ahead &&
         ledger_.image_bytes() < options_.max_pending_bytes &&
         (ledger_.empty() || !MayWait(inputs_[next_input_]));
}

void ClassifySession::ReadNextFile() {
  while (MayReadNext()) {
    const size_t index = next_input_++;
    absl::StatusOr<std::string> bytes = ReadInput(inputs_[index]);
    if (bytes.ok()) {
      PendingImage image;
      image.message.set_id(index);
      *image.message.mutable_request() = options_.request;
      image.message.mutable_request()->set_image(*std::move(bytes));
      ledger_.AddWaiting(std::move(image));
      return;
    }
    order_.Add(index, {inputs_[index].name, bytes.status(), "", {}, absl::ZeroDuration()});
  }
}

absl::optional<ServerError> ClassifySession::TakeAnswer(const ClassifyStreamResponse& answer) {
  absl::optional<PendingImage> image = ledger_.TakeSent(answer.id());
  if (!image.has_value()) return absl::nullopt;
  if (answer.has_response()) {
    last_stream_answered_ = true;
    budget_.RecordSuccess();
    backoff_.Reset();
    Finish(*image, absl::OkStatus(), "", answer.response());
    return absl::nullopt;
  }
  ServerError error = ErrorFromAnswer(answer.error());
  if (absl::IsUnavailable(error.status)) {
    ledger_.AddWaiting(*std::move(image));
    return error;
  }
  last_stream_answered_ = true;
  TakeError(*std::move(image), error);
  return absl::nullopt;
}

void ClassifySession::TakeError(PendingImage image, const ServerError& error) {
  const SteadyTime now = SteadyNow();
  if (absl::IsResourceExhausted(error.status) && error.retry_delay.has_value() && budget_.RecordFailure() &&
      ++image.failed_attempts < kMaxFailedAttempts && *error.retry_delay < TimeLeft(image, now)) {
    image.ready_at = now + *error.retry_delay;
    ledger_.AddWaiting(std::move(image));
    return;
  }
  Finish(image, error.status, error.reason, {});
}

absl::Status ClassifySession::Recover(const ServerError& end) {
  if (absl::IsUnavailable(end.status) && end.reason == kStreamIdleReason) {
    for (PendingImage& image : ledger_.TakeAllSent()) ledger_.AddWaiting(std::move(image));
    return absl::OkStatus();
  }
  const bool names_retry = end.retry_delay.has_value();
  if (absl::IsResourceExhausted(end.status) && !names_retry && ledger_.sent_count() > 0) {
    AskOneByOne(ledger_.TakeAllSent());
    return absl::OkStatus();
  }
  const bool is_retryable =
      absl::IsUnavailable(end.status) || (absl::IsResourceExhausted(end.status) && names_retry);
  if (!is_retryable || !reached_) return end.status;
  // However slow its images are, a server that answers some over each connection is never given up.
  const bool is_free = end.reason == kDrainingReason && last_stream_answered_;
  if (!is_free && !budget_.RecordFailure()) return end.status;
  const absl::Duration wait = std::max(backoff_.Next(), end.retry_delay.value_or(absl::ZeroDuration()));
  if (wait > options_.timeout) return end.status;
  WaitAndReconnect(wait);

  std::vector<PendingImage> lost = ledger_.TakeAllSent();
  if (last_stream_was_open_ && end.reason.empty()) {
    for (PendingImage& image : lost) ++image.failed_attempts;
  }
  const bool has_suspect = std::any_of(lost.begin(), lost.end(), [](const PendingImage& image) {
    return image.failed_attempts >= kSuspectAfterAttempts;
  });
  if (has_suspect) {
    AskOneByOne(std::move(lost));
  } else {
    for (PendingImage& image : lost) ledger_.AddWaiting(std::move(image));
  }
  return absl::OkStatus();
}

void ClassifySession::WaitAndReconnect(absl::Duration wait) {
  const SteadyTime until = SteadyNow() + wait;
  // The library connects only while somebody waits for it.
  channel_->WaitForConnected(ToGrpcTime(until));
  std::this_thread::sleep_for(absl::ToChronoMicroseconds(until - SteadyNow()));
}

void ClassifySession::AskOneByOne(std::vector<PendingImage> images) {
  bool is_server_there = true;
  for (PendingImage& image : images) {
    if (is_server_there) {
      is_server_there = AskAlone(std::move(image));
    } else {
      ledger_.AddWaiting(std::move(image));
    }
  }
}

bool ClassifySession::AskAlone(PendingImage image) {
  grpc::ClientContext context;
  // A server that is being started again is waited for: it is the image that is on trial.
  context.set_wait_for_ready(true);
  const SteadyTime now = SteadyNow();
  context.set_deadline(ToGrpcTime(now + TimeLeft(image, now)));
  ClassifyResponse response;
  const grpc::Status status = stub_.Classify(&context, image.message.request(), &response);
  const ServerError error = ErrorFromCall(status, context);
  if (error.status.ok()) {
    budget_.RecordSuccess();
    backoff_.Reset();
    Finish(image, absl::OkStatus(), "", response);
  } else if (!absl::IsUnavailable(error.status)) {
    TakeError(std::move(image), error);
  } else if (error.reason.empty() && ++image.failed_attempts >= kMaxFailedAttempts) {
    Finish(image, error.status, "", {});
  } else {
    ledger_.AddWaiting(std::move(image));
  }
  return !absl::IsUnavailable(error.status);
}

absl::Duration ClassifySession::TimeLeft(const PendingImage& image, SteadyTime now) const {
  return std::min(image.first_sent, now) + options_.timeout - now;
}

void ClassifySession::Finish(const PendingImage& image, const absl::Status& status, const std::string& reason,
                             const ClassifyResponse& response) {
  const SteadyTime now = SteadyNow();
  const size_t index = image.message.id();
  order_.Add(index, {inputs_[index].name, status, reason, response, now - std::min(image.first_sent, now)});
}

void ClassifySession::FinishAll(const absl::Status& status) {
  for (const PendingImage& image : ledger_.TakeAll()) Finish(image, status, "", {});
  for (; next_input_ < inputs_.size(); ++next_input_) {
    const InputFile& input = inputs_[next_input_];
    order_.Add(next_input_,
               {input.name, input.error.ok() ? status : input.error, "", {}, absl::ZeroDuration()});
  }
}

}  // namespace edgenext
