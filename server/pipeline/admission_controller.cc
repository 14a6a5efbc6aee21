#include "server/pipeline/admission_controller.h"

#include <algorithm>
#include <cassert>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "model/base/status_macros.h"
#include "server/batching/admission_ledger.h"
#include "server/batching/task_status.h"
#include "server/pipeline/admission_status.h"

namespace edgenext::serving {
namespace {

AdmissionPolicy::Options PolicyOptions(const AdmissionLimits& limits) {
  AdmissionPolicy::Options policy;
  policy.workers = limits.workers;
  policy.queue_capacity = limits.queue_capacity;
  policy.max_queue_wait = limits.max_queue_wait;
  return policy;
}

std::function<double()> MakeRandom() {
  return [engine = std::minstd_rand(std::random_device()())]() mutable {
    return std::uniform_real_distribution<double>()(engine);
  };
}

bool RunsLike(const AdmissionAsk& a, const AdmissionAsk& b) {
  return a.deadline == b.deadline && a.task_class == b.task_class && a.client == b.client;
}

}  // namespace

AdmissionController::AdmissionController(const AdmissionLimits& limits, Clock* clock,
                                         RefusalObserver on_refusal, std::function<double()> random)
    : limits_(limits),
      clock_(clock),
      on_refusal_(std::move(on_refusal)),
      random_(random ? std::move(random) : MakeRandom()),
      ledger_(PolicyOptions(limits)) {}

AdmissionController::~AdmissionController() {
  Close();
  while (!for_places_.empty()) EndWait(for_places_.begin()->first, DrainingStatus());
}

void AdmissionController::SetServiceTime(absl::Duration time) {
  std::lock_guard<std::mutex> lock(mu_);
  ledger_.SetServiceTime(time);
}

void AdmissionController::ObserveServiceTime(absl::Duration time) {
  std::lock_guard<std::mutex> lock(mu_);
  ledger_.ObserveServiceTime(time, clock_->Now());
}

bool AdmissionController::IsOutOfReach(MonotonicTime deadline) const {
  std::lock_guard<std::mutex> lock(mu_);
  return ledger_.IsOutOfReach(deadline, clock_->Now());
}

absl::Status AdmissionController::OpenCall() {
  absl::Duration retry_delay;
  {
    std::lock_guard<std::mutex> lock(mu_);
    if (open_calls_ < limits_.max_open_calls) {
      ++open_calls_;
      return absl::OkStatus();
    }
    retry_delay = SpreadDelay(ledger_.Predict().drain);
  }
  CountRefusal(1);
  return OverloadedStatus(absl::StrCat(limits_.max_open_calls, " calls are open"), retry_delay);
}

void AdmissionController::CloseCall() {
  std::lock_guard<std::mutex> lock(mu_);
  --open_calls_;
}

absl::StatusOr<Admission> AdmissionController::Admit(const AdmissionRequest& request) {
  absl::Status status = CheckPossible(request, limits_);
  if (status.ok()) {
    std::lock_guard<std::mutex> lock(mu_);
    status = CheckOpen(request.deadline);
    if (status.ok()) status = Decide(request);
    if (status.ok()) {
      Admission admission(this);
      TakePlaces(request, admission);
      if (for_bytes_.empty() && HasBytes(request.bytes)) TakeBytes(request.bytes, admission);
      return admission;
    }
  }
  CountRefusal(request.images);
  return status;
}

absl::Status AdmissionController::Settle(const AdmissionRequest& request, Admission& admission) {
  absl::Status status = CheckPossible(request, limits_);
  if (status.ok()) {
    std::unique_lock<std::mutex> lock(mu_);
    const AdmissionRequest before = admission.held_;
    if (request.bytes > before.bytes && !HasBytes(request.bytes - before.bytes)) {
      status = OverloadedStatus(absl::StrCat(bytes_, " of ", limits_.max_inflight_bytes, " bytes are taken, ",
                                             request.bytes, " are wanted"),
                                SpreadDelay(ledger_.Predict().drain));
    }
    if (status.ok()) status = ReplacePlaces(request, admission);
    if (status.ok()) {
      bytes_ -= static_cast<int64_t>(before.bytes);
      TakeBytes(request.bytes, admission);
      OnRoom(lock);
      return status;
    }
  }
  CountRefusal(request.images);
  return status;
}

void AdmissionController::ReleasePlaces(Admission& admission) {
  const int images = std::exchange(admission.held_.images, 0);
  if (images == 0) return;
  admission.executing_ += images;
  std::unique_lock<std::mutex> lock(mu_);
  ledger_.Take(admission.held_, images);
  OnRoom(lock);
}

void AdmissionController::RegainPlaces(int images, Admission& admission) {
  std::lock_guard<std::mutex> lock(mu_);
  ledger_.Add(admission.held_, images);
  admission.held_.images += images;
}

void AdmissionController::GiveBack(Admission& admission) {
  std::unique_lock<std::mutex> lock(mu_);
  ledger_.Remove(admission.held_, std::exchange(admission.held_.images, 0));
  ledger_.Finish(std::exchange(admission.executing_, 0));
  bytes_ -= static_cast<int64_t>(std::exchange(admission.held_.bytes, 0));
  assert(bytes_ >= 0);
  OnRoom(lock);
}

AdmissionController::WaitId AdmissionController::AwaitBytes(Admission admission, size_t bytes,
                                                            Admitted admitted) {
  Waiter waiter{std::move(admission), {}, std::move(admitted)};
  waiter.wanted = waiter.held.held_;
  waiter.wanted.bytes = bytes;
  return Await(std::move(waiter), for_bytes_);
}

AdmissionController::WaitId AdmissionController::AwaitPlaces(Admission admission,
                                                             const AdmissionRequest& request,
                                                             Admitted admitted) {
  assert(admission.images() == 0 && admission.bytes() >= request.bytes);
  return Await(Waiter{std::move(admission), request, std::move(admitted)}, for_places_);
}

void AdmissionController::EndWait(WaitId id, const absl::Status& why) {
  absl::optional<Waiter> ended;
  {
    std::lock_guard<std::mutex> lock(mu_);
    for (Line* line : {&for_bytes_, &for_places_}) {
      const auto found = line->find(id);
      if (found == line->end()) continue;
      ended = TakeOut(*line, found);
      break;
    }
  }
  if (!ended) return;
  if (absl::IsResourceExhausted(why)) CountRefusal(ended->wanted.images);
  ended->admitted(why);
  ended.reset();  // gives back what it held: those behind it may have their turn
  std::unique_lock<std::mutex> lock(mu_);
  OnRoom(lock);
}

AdmissionController::OfferId AdmissionController::OfferBytes(std::function<void()> give_back) {
  std::unique_lock<std::mutex> lock(mu_);
  const OfferId id = ++last_id_;
  offers_.emplace(id, std::move(give_back));
  OnRoom(lock);
  return id;
}

bool AdmissionController::Withdraw(OfferId id) {
  std::lock_guard<std::mutex> lock(mu_);
  return offers_.erase(id) > 0;
}

void AdmissionController::Close() {
  Line waiters;
  {
    std::lock_guard<std::mutex> lock(mu_);
    closed_ = true;
    waiters.swap(for_bytes_);
  }
  for (auto& [id, waiter] : waiters) waiter.admitted(DrainingStatus());
}

bool AdmissionController::AwaitIdle(MonotonicTime deadline) const {
  std::unique_lock<std::mutex> lock(mu_);
  while (!idle() && clock_->Now() < deadline) clock_->WaitUntil(became_idle_, lock, deadline);
  return idle();
}

absl::Duration AdmissionController::RetryDelay() {
  std::lock_guard<std::mutex> lock(mu_);
  return SpreadDelay(ledger_.Predict().drain);
}

AdmissionController::Usage AdmissionController::usage() const {
  std::lock_guard<std::mutex> lock(mu_);
  return {ledger_.waiting(), ledger_.executing(), bytes_, open_calls_, ledger_.Predict().wait};
}

void AdmissionController::CountRefusal(int images) const {
  if (on_refusal_ != nullptr) on_refusal_(images);
}

AdmissionController::WaitId AdmissionController::Await(Waiter waiter, Line& line) {
  {
    std::unique_lock<std::mutex> lock(mu_);
    if (!closed_ || &line == &for_places_) {
      const WaitId id = ++last_id_;
      if (&line == &for_places_) {
        ledger_.BeginWait(waiter.wanted);
        place_line_.Add(id, waiter.wanted.task_class, waiter.wanted.client, clock_->Now());
      }
      line.emplace(id, std::move(waiter));
      OnRoom(lock);
      return id;
    }
  }
  waiter.admitted(DrainingStatus());
  return 0;
}

absl::Status AdmissionController::CheckOpen(MonotonicTime deadline) const {
  return closed_ ? DrainingStatus() : CheckTime(deadline);
}

absl::Status AdmissionController::CheckTime(MonotonicTime deadline) const {
  return deadline <= clock_->Now() ? DeadlineExceededStatus() : absl::OkStatus();
}

bool AdmissionController::HasBytes(size_t bytes) const {
  return bytes_ + static_cast<int64_t>(bytes) <= static_cast<int64_t>(limits_.max_inflight_bytes);
}

absl::Status AdmissionController::Decide(const AdmissionRequest& request) {
  if (request.images == 0) return absl::OkStatus();
  const MonotonicTime now = clock_->Now();
  const AdmissionDecision decision = ledger_.Decide(request, now);
  if (decision.kind == AdmissionDecision::Kind::kAdmit) return absl::OkStatus();
  return ToStatus(decision, request, now, limits_, SpreadDelay(decision.drain));
}

void AdmissionController::TakePlaces(const AdmissionRequest& request, Admission& admission) {
  static_cast<AdmissionAsk&>(admission.held_) = request;
  admission.held_.came = clock_->Now();
  ledger_.Add(admission.held_, request.images);
}

void AdmissionController::TakeBytes(size_t bytes, Admission& admission) {
  bytes_ += static_cast<int64_t>(bytes);
  admission.held_.bytes = bytes;
}

absl::Status AdmissionController::ReplacePlaces(const AdmissionRequest& request, Admission& admission) {
  const AdmissionRequest before = admission.held_;
  const bool is_less = RunsLike(request, before) && request.images <= before.images;
  if (is_less && request.images == before.images) return absl::OkStatus();
  ledger_.Remove(before, before.images);
  const absl::Status status = is_less ? absl::OkStatus() : Decide(request);
  TakePlaces(status.ok() ? request : before, admission);
  return status;
}

void AdmissionController::OnRoom(std::unique_lock<std::mutex>& lock) {
  if (idle()) became_idle_.notify_all();
  if (std::exchange(answering_, true)) return;
  // Those who are answered may give room back at once: that finds `answering_` set and leaves the next round
  // to this loop, which keeps the order and the stack flat.
  while (std::function<void()> answer = NextAnswer()) {
    lock.unlock();
    answer();
    answer = nullptr;  // may give back what a waiter held
    lock.lock();
  }
  answering_ = false;
}

std::function<void()> AdmissionController::NextAnswer() {
  std::function<void()> answer = NextAnswerForBytes();
  return answer != nullptr ? answer : NextAnswerForPlaces();
}

std::function<void()> AdmissionController::NextAnswerForBytes() {
  if (for_bytes_.empty()) return nullptr;
  Waiter& first = for_bytes_.begin()->second;
  const absl::Status status = CheckTime(first.wanted.deadline);
  if (!status.ok()) return Answer(for_bytes_, for_bytes_.begin(), status);
  if (HasBytes(first.wanted.bytes)) {
    TakeBytes(first.wanted.bytes, first.held);
    return Answer(for_bytes_, for_bytes_.begin(), status);
  }
  return offers_.empty() ? nullptr : offers_.extract(offers_.begin()).mapped();
}

std::function<void()> AdmissionController::NextAnswerForPlaces() {
  if (for_places_.empty()) return nullptr;
  const MonotonicTime now = clock_->Now();
  const auto next = place_line_.FindNext(now, [&](WaitId id) { return DecideOnWaiter(id, now); });
  if (!next) return nullptr;
  const auto found = for_places_.find(*next);
  Waiter& waiter = found->second;
  const absl::Status status = CheckTime(waiter.wanted.deadline);
  if (status.ok()) {
    bytes_ -= static_cast<int64_t>(waiter.held.bytes());
    TakePlaces(waiter.wanted, waiter.held);
    TakeBytes(waiter.wanted.bytes, waiter.held);
    place_line_.CountTurn(waiter.wanted.task_class);
  }
  return Answer(for_places_, found, status);
}

AdmissionDecision::Kind AdmissionController::DecideOnWaiter(WaitId id, MonotonicTime now) {
  using Kind = AdmissionDecision::Kind;
  const AdmissionRequest& wanted = for_places_.at(id).wanted;
  if (wanted.deadline <= now) return Kind::kAdmit;  // and is told so
  const Kind kind = ledger_.Consider(wanted, now).kind;
  return kind == Kind::kDeadlineUnreachable ? Kind::kAdmit : kind;  // the queue ends it at its deadline
}

AdmissionController::Waiter AdmissionController::TakeOut(Line& line, Line::iterator waiter) {
  Waiter taken = std::move(waiter->second);
  if (&line == &for_places_) {
    ledger_.EndWait(taken.wanted);
    place_line_.Remove(waiter->first, taken.wanted.task_class);
  }
  line.erase(waiter);
  return taken;
}

std::function<void()> AdmissionController::Answer(Line& line, Line::iterator waiter,
                                                  const absl::Status& status) {
  return [answered = std::make_shared<Waiter>(TakeOut(line, waiter)), status] {
    if (status.ok()) {
      answered->admitted(std::move(answered->held));
    } else {
      answered->admitted(status);
    }
  };
}

}  // namespace edgenext::serving
