#include "server/batching/batch_scheduler.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/status_macros.h"
#include "server/batching/worker_thread.h"

namespace edgenext::serving {

BatchScheduler::BatchScheduler(const Options& options)
    : options_(options), clock_(options.queue.clock), queue_(options.queue) {}

BatchScheduler::~BatchScheduler() { Stop(clock_->Now()); }

absl::Status BatchScheduler::Start(WorkerFactory factory) {
  const int pins = static_cast<int>(options_.pin_to_cpus.size());
  if (options_.workers < 1 || (pins != 0 && pins != options_.workers)) {
    return absl::InvalidArgumentError(absl::StrCat(options_.workers, " workers and ", pins,
                                                   " CPUs to pin them to: expected at least one worker",
                                                   " and either no CPU or one for each"));
  }
  {
    std::unique_lock<std::mutex> lock(mu_);
    if (!workers_.empty()) return absl::FailedPreconditionError("the workers were started before");
    SpawnThreads(factory);
    changed_.wait(lock, [this] { return starting_ == 0; });
    if (start_status_.ok()) return absl::OkStatus();
  }
  queue_.StopAccepting();
  Join();
  return start_status_;
}

int BatchScheduler::Stop(MonotonicTime deadline) {
  queue_.StopAccepting();
  {
    std::unique_lock<std::mutex> lock(mu_);
    stop_deadline_ = std::min(stop_deadline_, deadline);
    changed_.notify_all();
    while (running_ > 0 && clock_->Now() < stop_deadline_) clock_->WaitUntil(changed_, lock, stop_deadline_);
  }
  queue_.CutOffRest();
  Join();
  return queue_.cut_off_tasks();
}

absl::Duration BatchScheduler::busy() const {
  std::lock_guard<std::mutex> lock(mu_);
  const MonotonicTime now = clock_->Now();
  absl::Duration busy = queue_.sharing().time;
  for (const Worker& worker : workers_) {
    busy += worker.busy;
    if (worker.batch_began) busy += std::max(now - *worker.batch_began, absl::ZeroDuration());
  }
  return busy;
}

void BatchScheduler::SpawnThreads(const WorkerFactory& factory) {
  workers_.resize(static_cast<size_t>(options_.workers));
  int spawned = 0;
  try {
    watch_ = std::thread([this] {
      NameThisThread(absl::StrCat(options_.name, "-watch"));
      queue_.WatchDeadlines();
    });
    for (int i = 0; i < options_.workers; ++i) {
      workers_[static_cast<size_t>(i)].thread = std::thread([this, i, &factory] { RunWorker(i, factory); });
      ++spawned;
    }
  } catch (const std::system_error& error) {
    start_status_.Update(absl::ResourceExhaustedError(absl::StrCat("cannot start the threads of ",
                                                                   options_.workers, " workers, only of ",
                                                                   spawned, ": ", error.code().message())));
  }
  // No worker gets further than its first lock of mu_ before.
  starting_ = running_ = spawned;
}

absl::StatusOr<BatchFunction> BatchScheduler::MakeFunction(int index, const WorkerFactory& factory) const {
  NameThisThread(absl::StrCat(options_.name, "-", index));
  EDGENEXT_RETURN_IF_ERROR(AddNiceToThisThread(options_.nice));
  if (!options_.pin_to_cpus.empty()) {
    EDGENEXT_RETURN_IF_ERROR(PinThisThread(options_.pin_to_cpus[static_cast<size_t>(index)]));
  }
  return factory(index);
}

void BatchScheduler::RunWorker(int index, const WorkerFactory& factory) {
  {
    absl::StatusOr<BatchFunction> function = MakeFunction(index, factory);
    if (AwaitOtherWorkers(function.status())) {
      Worker& worker = workers_[static_cast<size_t>(index)];
      while (absl::optional<Batch> batch = (Pause(), queue_.Take())) {
        {
          std::lock_guard<std::mutex> lock(mu_);
          worker.batch_began = clock_->Now();
        }
        (*function)(*std::move(batch));
        std::lock_guard<std::mutex> lock(mu_);
        worker.busy += std::max(clock_->Now() - *worker.batch_began, absl::ZeroDuration());
        worker.batch_began = absl::nullopt;
      }
    }
  }
  std::lock_guard<std::mutex> lock(mu_);
  --running_;
  changed_.notify_all();
}

bool BatchScheduler::AwaitOtherWorkers(absl::Status status) {
  std::unique_lock<std::mutex> lock(mu_);
  start_status_.Update(std::move(status));
  --starting_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return starting_ == 0; });
  return start_status_.ok();
}

void BatchScheduler::Pause() {
  if (!options_.next_batch_at) return;
  const MonotonicTime end = options_.next_batch_at();
  std::unique_lock<std::mutex> lock(mu_);
  while (clock_->Now() < end) clock_->WaitUntil(changed_, lock, end);
}

void BatchScheduler::Join() {
  std::lock_guard<std::mutex> joining(join_mu_);
  std::vector<std::thread> threads;
  std::thread watch;
  {
    std::lock_guard<std::mutex> lock(mu_);
    for (Worker& worker : workers_) {
      if (worker.thread.joinable()) threads.push_back(std::move(worker.thread));
    }
    watch = std::move(watch_);
  }
  for (std::thread& thread : threads) thread.join();
  queue_.EndWatch();  // no worker is left that could put tasks back
  if (watch.joinable()) watch.join();
}

}  // namespace edgenext::serving
