#include "server/pipeline/single_flight.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/batching/task_status.h"
#include "server/pipeline/postprocess.h"

namespace edgenext::serving {
namespace {

// Whether `leader` is served no later than `task` would be.
bool IsServedFirst(const ClassifyTask& leader, const ClassifyTask& task) {
  const TaskAttributes& its = leader.attributes();
  const TaskAttributes& own = task.attributes();
  if (its.task_class != own.task_class) return its.task_class == TaskClass::kInteractive;
  return its.deadline <= own.deadline || leader.begun();
}

// Takes out those that are cancelled or have expired.
std::vector<std::unique_ptr<ClassifyTask>> TakeUnrunnable(std::vector<std::unique_ptr<ClassifyTask>>& tasks,
                                                          MonotonicTime now) {
  const auto first = std::stable_partition(
      tasks.begin(), tasks.end(), [now](const auto& task) { return CheckRunnable(*task, now).ok(); });
  std::vector<std::unique_ptr<ClassifyTask>> taken(std::make_move_iterator(first),
                                                   std::make_move_iterator(tasks.end()));
  tasks.erase(first, tasks.end());
  return taken;
}

}  // namespace

SingleFlight::SingleFlight(size_t cache_bytes, const Clock* clock, Schedule schedule)
    : clock_(clock), schedule_(std::move(schedule)), cache_(cache_bytes) {}

SingleFlight::~SingleFlight() { assert(flights_.empty()); }

void SingleFlight::Classify(const ImageKey& key, std::unique_ptr<ClassifyTask> task) {
  SharedLogits known;
  Followers unrunnable;
  Admission place;  // given back with no lock held
  const MonotonicTime now = clock_->Now();
  {
    std::lock_guard<std::mutex> lock(mu_);
    known = cache_.Find(key);
    if (known == nullptr) {
      Flight& flight = flights_[key];
      // What clients that try again leave behind must not pile up with its bytes.
      unrunnable = TakeUnrunnable(flight.followers, now);
      if (std::any_of(flight.leaders.begin(), flight.leaders.end(),
                      [&task](const ClassifyTask* leader) { return IsServedFirst(*leader, *task); })) {
        place = task->MovePlace();
        flight.followers.push_back(std::exchange(task, nullptr));
      } else {
        flight.leaders.push_back(task.get());
      }
    }
  }
  if (known != nullptr) {
    if (!AbandonIfOver(*task)) Answer(*task, *known, hits_);
  } else if (task != nullptr) {
    Lead(key, std::move(task));
  }
  for (const std::unique_ptr<ClassifyTask>& follower : unrunnable) AbandonIfOver(*follower);
}

void SingleFlight::Lead(const ImageKey& key, std::unique_ptr<ClassifyTask> task) {
  ++misses_;
  task->RegainPlace();
  const bool wants_logits = task->outputs().logits;
  task->Intercept([this, key, leader = task.get(), wants_logits](absl::StatusOr<ImageResult> result,
                                                                 const ClassifyTask::Done& done) {
    SharedLogits logits;
    if (result.ok()) {
      logits = std::make_shared<const std::vector<float>>(std::move(result->logits));
      result->logits = wants_logits ? *logits : std::vector<float>();
    }
    OnLeaderEnded(key, leader, std::move(result), logits, done);
  });
  schedule_(std::move(task));
}

void SingleFlight::OnLeaderEnded(const ImageKey& key, const ClassifyTask* leader,
                                 absl::StatusOr<ImageResult> result, const SharedLogits& logits,
                                 const ClassifyTask::Done& done) {
  const absl::Status status = result.status();
  Followers followers = EndLeader(key, leader, logits);
  done(std::move(result));
  // Those that come again lead one after the other: however many of them are refused at once, as at the end
  // of a drain, none is refused within the refusal of another.
  for (std::unique_ptr<ClassifyTask>& follower : followers) {
    if (AbandonIfOver(*follower)) continue;
    if (status.ok()) {
      Answer(*follower, *logits, shared_);
    } else if (absl::IsInvalidArgument(status)) {
      ++shared_;
      follower->OnBegin();
      follower->Finish(status, Stage::kDecode);
    } else {
      Classify(key, std::move(follower));
    }
  }
}

SingleFlight::Followers SingleFlight::EndLeader(const ImageKey& key, const ClassifyTask* leader,
                                                const SharedLogits& logits) {
  std::lock_guard<std::mutex> lock(mu_);
  if (logits != nullptr) cache_.Put(key, logits);
  const auto found = flights_.find(key);
  Flight& flight = found->second;
  flight.leaders.erase(std::find(flight.leaders.begin(), flight.leaders.end(), leader));
  Followers followers = std::exchange(flight.followers, {});
  if (flight.leaders.empty()) flights_.erase(found);
  return followers;
}

bool SingleFlight::AbandonIfOver(ClassifyTask& task) const {
  absl::Status status = CheckRunnable(task, clock_->Now());
  if (status.ok()) return false;
  task.Abandon(std::move(status));
  return true;
}

void SingleFlight::Answer(ClassifyTask& task, absl::Span<const float> logits, std::atomic<int64_t>& counter) {
  ++counter;
  task.OnBegin();
  std::vector<float> probabilities(logits.size());
  ImageResult result = Postprocess(logits, task.outputs(), absl::MakeSpan(probabilities));
  result.timings.queue = task.queue_duration();
  task.Finish(std::move(result), Stage::kPostprocess);
}

SingleFlight::Counts SingleFlight::counts() const {
  std::lock_guard<std::mutex> lock(mu_);
  return {hits_, misses_, shared_, cache_.bytes(), cache_.entries()};
}

}  // namespace edgenext::serving
