#include "server/pipeline/classify_pipeline.h"

#include <atomic>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "model/base/error_reason.h"
#include "model/base/status_macros.h"
#include "server/batching/batch_scheduler.h"
#include "server/batching/task_status.h"
#include "server/pipeline/classify_task.h"
#include "server/pipeline/classify_worker.h"
#include "server/pipeline/image_key.h"
#include "server/pipeline/single_flight.h"

namespace edgenext::serving {
namespace {

BatchScheduler::Options SchedulerOptions(const ClassifyPipeline::Options& options,
                                         const AdmissionController* admission) {
  BatchScheduler::Options scheduler;
  scheduler.workers = options.workers;
  scheduler.pin_to_cpus = options.pin_to_cpus;
  scheduler.nice = options.worker_nice;
  scheduler.next_batch_at = options.next_batch_at;
  // With the cache, images that take over from another go past the places that admission has.
  scheduler.queue.capacity =
      options.cache_bytes > 0 ? std::numeric_limits<int>::max() : options.admission.queue_capacity;
  scheduler.queue.policy.max_batch_size = options.max_batch_size;
  scheduler.queue.policy.batch_timeout = options.batch_timeout;
  scheduler.queue.is_out_of_reach = [admission](MonotonicTime deadline) {
    return admission->IsOutOfReach(deadline);
  };
  scheduler.queue.clock = options.clock;
  return scheduler;
}

AdmissionLimits Limits(const ClassifyPipeline::Options& options) {
  AdmissionLimits limits = options.admission;
  limits.workers = options.workers;
  return limits;
}

}  // namespace

class ClassifyPipeline::Impl {
 public:
  explicit Impl(const Options& options)
      : options_(options),
        observer_{options.metrics, options.clock, options.latency_objective, &admission_},
        admission_(
            Limits(options), options.clock, [this](int images) { CountOfferedWork(images); },
            options.retry_random),
        scheduler_(SchedulerOptions(options, &admission_)) {
    if (options.cache_bytes > 0) {
      flights_ = std::make_unique<SingleFlight>(
          options.cache_bytes, options.clock,
          [this](std::unique_ptr<ClassifyTask> task) { Enqueue(std::move(task)); });
    }
  }

  absl::Status Serve(std::shared_ptr<const ServedModel> model) {
    if (model->kernels == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("model '", model->name, "' comes without a kernel table"));
    }
    EDGENEXT_RETURN_IF_ERROR(scheduler_.Start([this, model](int) { return MakeWorker(model); }));
    std::lock_guard<std::mutex> lock(mu_);
    const CostTable cost = CostTable::MeanOf(measured_);
    for (const CostTable::Entry& entry : cost.entries()) {
      options_.metrics->SetExecutionCost(entry.batch_size, entry.duration);
    }
    image_cost_ = cost.Predict(1);
    admission_.SetServiceTime(image_cost_);
    scheduler_.SetCostTable(cost);
    model_ = std::move(model);
    return absl::OkStatus();
  }

  absl::StatusOr<std::shared_ptr<const ServedModel>> FindModel(absl::string_view name,
                                                               absl::string_view version) const {
    std::lock_guard<std::mutex> lock(mu_);
    if (model_ == nullptr) {
      return WithReason(absl::UnavailableError("the model is still loading"), kReasonModelNotReady);
    }
    if ((name.empty() || name == model_->name) && (version.empty() || version == model_->version))
      return model_;
    return WithReason(
        absl::NotFoundError(absl::StrCat("no model '", name, "'", version.empty() ? "" : " with version '",
                                         version, version.empty() ? "" : "'", " is served, only '",
                                         model_->name, "' with version '", model_->version, "'")),
        kReasonModelNotFound);
  }

  AdmissionController& admission() { return admission_; }

  void Schedule(ImageRequest request, Admission admission) {
    auto task = std::make_unique<ClassifyTask>(std::move(request), std::move(admission), &observer_);
    if (const absl::optional<ImageKey> key = SharedKey(task->image())) {
      flights_->Classify(*key, std::move(task));
    } else {
      Enqueue(std::move(task));
    }
  }

  int Stop(MonotonicTime deadline) {
    admission_.Close();
    // Calls that were admitted may schedule their images still.
    admission_.AwaitIdle(deadline);
    const int cut_off = scheduler_.Stop(deadline);
    return cut_off + refused_in_drain_;
  }

  PipelineGauges Gauges() const {
    const TaskQueue::Depth depth = scheduler_.depth();
    const AdmissionController::Usage usage = admission_.usage();
    PipelineGauges gauges;
    gauges.queue_depth = depth.queued;
    gauges.queue_oldest_age = depth.oldest_age;
    gauges.inflight_requests = usage.images;
    gauges.inflight_requests_limit = options_.admission.queue_capacity;
    gauges.predicted_wait = usage.predicted_wait;
    gauges.open_calls = usage.open_calls;
    gauges.open_calls_limit = options_.admission.max_open_calls;
    gauges.inflight_bytes = usage.bytes;
    gauges.inflight_bytes_limit = static_cast<int64_t>(options_.admission.max_inflight_bytes);
    gauges.worker_busy = scheduler_.busy();
    gauges.shared_inferences = scheduler_.sharing().runs;
    if (flights_ != nullptr) {
      const SingleFlight::Counts cache = flights_->counts();
      gauges.cache_hits = cache.hits;
      gauges.cache_misses = cache.misses;
      gauges.cache_shared = cache.shared;
      gauges.cache_bytes = static_cast<int64_t>(cache.bytes);
      gauges.cache_entries = static_cast<int64_t>(cache.entries);
    }
    return gauges;
  }

 private:
  absl::StatusOr<BatchFunction> MakeWorker(std::shared_ptr<const ServedModel> model) {
    EDGENEXT_ASSIGN_OR_RETURN(
        std::unique_ptr<ClassifyWorker> worker,
        ClassifyWorker::Make(std::move(model), options_.image_limits, &observer_, &scheduler_.team()));
    // All at the same time, so that it is the time of a machine that is busy.
    EDGENEXT_ASSIGN_OR_RETURN(CostTable cost, worker->WarmUp(options_.max_batch_size));
    {
      std::lock_guard<std::mutex> lock(mu_);
      measured_.push_back(std::move(cost));
    }
    return BatchFunction([worker = std::move(worker)](Batch batch) { worker->Run(std::move(batch)); });
  }

  // By which the image's result is shared, if it is.
  absl::optional<ImageKey> SharedKey(const ImageInput& image) const {
    const auto* encoded = absl::get_if<EncodedImage>(&image);
    if (flights_ == nullptr || encoded == nullptr) return absl::nullopt;
    std::shared_ptr<const ServedModel> model;
    {
      std::lock_guard<std::mutex> lock(mu_);
      model = model_;
    }
    const absl::StatusOr<ImageKey> key = KeyOfImage(model->name, model->version, encoded->file);
    return key.ok() ? absl::make_optional(*key) : absl::nullopt;  // what cannot be hashed is served alone
  }

  void Enqueue(std::unique_ptr<ClassifyTask> image) {
    CountOfferedWork(1);
    std::unique_ptr<Task> task = std::move(image);
    absl::Status status = scheduler_.Schedule(&task);
    if (status.ok()) return;
    if (absl::IsUnavailable(status)) ++refused_in_drain_;
    task->Abandon(std::move(status));
  }

  void CountOfferedWork(int images) {
    absl::Duration predicted;
    {
      std::lock_guard<std::mutex> lock(mu_);
      predicted = image_cost_ * images;
    }
    options_.metrics->AddOfferedWork(predicted);
  }

  // Constant after construction.
  const Options options_;
  const TaskObserver observer_;

  mutable std::mutex mu_;
  // Guarded by mu_.
  std::shared_ptr<const ServedModel> model_;  // null until it is served
  std::vector<CostTable> measured_;           // by each worker
  absl::Duration image_cost_;                 // predicted execution time of an image

  AdmissionController admission_;
  std::atomic<int> refused_in_drain_{0};   // images that were admitted, but not scheduled in time
  std::unique_ptr<SingleFlight> flights_;  // null without a cache
  BatchScheduler scheduler_;               // last, so that its workers end before what they use
};

ClassifyPipeline::ClassifyPipeline(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
ClassifyPipeline::~ClassifyPipeline() = default;
absl::Status ClassifyPipeline::Serve(std::shared_ptr<const ServedModel> model) {
  return impl_->Serve(std::move(model));
}
absl::StatusOr<std::shared_ptr<const ServedModel>> ClassifyPipeline::FindModel(
    absl::string_view name, absl::string_view version) const {
  return impl_->FindModel(name, version);
}
AdmissionController& ClassifyPipeline::admission() { return impl_->admission(); }
void ClassifyPipeline::Schedule(ImageRequest request, Admission admission) {
  impl_->Schedule(std::move(request), std::move(admission));
}
void ClassifyPipeline::StopAdmitting() { impl_->admission().Close(); }
int ClassifyPipeline::Stop(MonotonicTime deadline) { return impl_->Stop(deadline); }
PipelineGauges ClassifyPipeline::Gauges() const { return impl_->Gauges(); }

}  // namespace edgenext::serving
