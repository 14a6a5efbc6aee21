#include "client/load/load_run.h"

#include <algorithm>

#include "absl/status/status.h"
#include "client/base/grpc_time.h"
#include "client/base/server_error.h"
#include "client/load/retry_rule.h"

namespace edgenext {
namespace {

Fate FateOf(const LoadCall& call) {
  switch (call.status.error_code()) {
    case grpc::StatusCode::OK:
      return call.answered - call.intended <= call.spec.deadline ? Fate::kGood : Fate::kLate;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::UNAVAILABLE:
      return Fate::kRefused;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Fate::kExpired;
    case grpc::StatusCode::CANCELLED:
      return call.was_cancelled ? Fate::kCancelled : Fate::kFailed;
    default:
      return Fate::kFailed;
  }
}

}  // namespace

LoadRun::LoadRun(Options options, const std::vector<std::shared_ptr<grpc::Channel>>& channels,
                 const Payloads& payloads, RequestMix mix, SenderThread& sender, Recorder& recorder)
    : options_(std::move(options)),
      payloads_(payloads),
      sender_(sender),
      recorder_(recorder),
      mix_(std::move(mix)),
      random_(options_.seed) {
  for (const auto& channel : channels) stubs_.push_back(std::make_unique<grpc::GenericStub>(channel));
}

LoadRun::~LoadRun() {
  Stop();
  sender_.Wait();
  if (receiver_.joinable()) {
    receiver_.join();
  } else {
    queue_.Shutdown();  // never started
  }
}

void LoadRun::Start(SteadyTime start) {
  start_ = start;
  tokens_ = 1;
  if (options_.concurrency > 0) {
    // The receiver begins to wait for them only after all are begun, so what it uses is not shared.
    for (int i = 0; i < options_.concurrency; ++i) BeginRequest(SteadyNow(), Arrival());
    receiver_ = std::thread([this] { Receive(); });
    DropToken();
    return;
  }
  receiver_ = std::thread([this] { Receive(); });
  sender_.Run([this] { Send(); });
}

void LoadRun::Send() {
  while (const absl::optional<Arrival> arrival = options_.arrivals()) {
    const SteadyTime intended = start_ + arrival->offset;
    SleepUntil(intended, stopped_);
    if (stopped_) break;
    BeginRequest(intended, *arrival);
  }
  DropToken();
}

void LoadRun::Receive() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) OnTag(*static_cast<LoadTag*>(tag), SteadyNow());
  is_over_ = true;
}

void LoadRun::BeginRequest(SteadyTime intended, const Arrival& arrival) {
  const RequestSpec spec = mix_.Draw(arrival);
  if (in_flight_ >= options_.most_in_flight) {
    Sample sample;
    sample.intended = SampleTime(intended - start_);
    sample.fate = Fate::kNotSent;
    recorder_.Add(sample, "NOT_SENT", "");
    return;
  }
  TakeToken();
  most_in_flight_ = std::max<int>(most_in_flight_, ++in_flight_);
  auto* call = new LoadCall;  // deleted by Settle
  call->spec = spec;
  call->intended = intended;
  call->connection = next_connection_;
  next_connection_ = (next_connection_ + 1) % stubs_.size();
  BeginAttempt(*call);
}

void LoadRun::BeginAttempt(LoadCall& call) {
  call.reader.reset();
  grpc::ClientContext& context = call.context.emplace();
  context.set_deadline(ToGrpcTime(call.intended + call.spec.deadline));
  for (const auto& [key, value] : options_.headers) context.AddMetadata(key, value);
  call.response.Clear();
  call.reader = stubs_[call.connection]->PrepareUnaryCall(
      &context, payloads_.method(), payloads_.message(call.spec.payload, call.spec.is_bulk), &queue_);
  const SteadyTime now = SteadyNow();
  if (++call.attempts == 1) call.first_sent = now;
  call.pending_tags = 1;
  if (call.spec.is_cancelled) {
    ++call.pending_tags;
    call.alarm.emplace();
    call.alarm->Set(&queue_, ToGrpcTime(call.first_sent + *options_.cancel_after), &call.cancel_time);
  }
  call.reader->StartCall();
  // From here on the call is the receiver's.
  call.reader->Finish(&call.response, &call.status, &call.finished);
}

void LoadRun::OnTag(const LoadTag& tag, SteadyTime now) {
  LoadCall* call = tag.call;
  switch (tag.kind) {
    case LoadTag::Kind::kProbe:
      probe_lags_.emplace_back(probed_at_, SampleTime(now - probed_at_));
      probe_is_out_ = false;
      DropToken();
      return;
    case LoadTag::Kind::kRetryTime:
      BeginAttempt(*call);
      return;
    case LoadTag::Kind::kFinished:
      call->answered = now;
      if (call->pending_tags == 2) call->alarm->Cancel();
      break;
    case LoadTag::Kind::kCancelTime:
      if (call->pending_tags == 2) {
        call->was_cancelled = true;
        call->context->TryCancel();
      }
      break;
  }
  if (--call->pending_tags == 0) Settle(call);
}

void LoadRun::Settle(LoadCall* call) {
  if (TryAgain(*call)) return;
  Record(*call);
  delete call;
  --in_flight_;
  const SteadyTime now = SteadyNow();
  if (options_.concurrency > 0 && !stopped_ && now < start_ + options_.length) BeginRequest(now, Arrival());
  DropToken();
}

bool LoadRun::TryAgain(LoadCall& call) {
  if (call.status.ok() || call.was_cancelled || call.attempts >= options_.attempts || stopped_) return false;
  const absl::Duration time_left = call.intended + call.spec.deadline - call.answered;
  const absl::optional<absl::Duration> delay =
      RetryDelay(ErrorFromCall(call.status, *call.context), call.attempts, options_.attempts, time_left,
                 random_.Uniform());
  if (!delay.has_value()) return false;
  call.alarm.emplace();
  call.alarm->Set(&queue_, ToGrpcTime(call.answered + *delay), &call.retry_time);
  return true;
}

void LoadRun::Record(const LoadCall& call) {
  Sample sample;
  sample.intended = SampleTime(call.intended - start_);
  sample.latency = SampleTime(call.answered - call.intended);
  sample.send_lag = SampleTime(call.first_sent - call.intended);
  sample.fate = FateOf(call);
  sample.attempts = static_cast<uint8_t>(call.attempts);
  const auto code = static_cast<absl::StatusCode>(call.status.error_code());
  const std::string reason = call.status.ok() ? "" : ErrorFromCall(call.status, *call.context).reason;
  recorder_.Add(sample, absl::StatusCodeToString(code), reason);
}

bool LoadRun::TakeToken() {
  int tokens = tokens_;
  while (tokens > 0) {
    if (tokens_.compare_exchange_weak(tokens, tokens + 1)) return true;
  }
  return false;
}

void LoadRun::DropToken() {
  if (--tokens_ == 0) queue_.Shutdown();
}

void LoadRun::Probe() {
  if (probe_is_out_ || !TakeToken()) return;
  probe_is_out_ = true;
  probed_at_ = SteadyNow();
  probe_.emplace();
  // A time that has passed puts the event into the queue at once; "now" would be rounded up to a millisecond.
  probe_->Set(&queue_, gpr_inf_past(GPR_CLOCK_MONOTONIC), &probe_tag_);
}

std::vector<uint32_t> LoadRun::ReceiveLags(SteadyTime since) const {
  std::vector<uint32_t> lags;
  for (const auto& [at, lag] : probe_lags_) {
    if (at >= since) lags.push_back(lag);
  }
  return lags;
}

}  // namespace edgenext
