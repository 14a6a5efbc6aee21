#include "server/pipeline/classify_task.h"

#include <utility>

#include "model/base/error_reason.h"

namespace edgenext::serving {

ClassifyTask::ClassifyTask(ImageRequest request, Admission admission, const TaskObserver* observer)
    : Task(std::move(request.attributes), std::move(request.cancellation)),
      image_(request.image),
      observer_(observer),
      created_at_(observer->clock->Now()),
      outputs_(request.outputs),
      done_(std::move(request.done)),
      admission_(std::move(admission)) {}

ClassifyTask::~ClassifyTask() {
  if (done_ != nullptr) {
    Finish(WithReason(absl::InternalError("the image was not run"), kReasonExecutionFailed), Stage::kExecute);
  }
}

void ClassifyTask::Intercept(std::function<void(absl::StatusOr<ImageResult>, const Done&)> interceptor) {
  outputs_.logits = true;
  done_ = [interceptor = std::move(interceptor), done = std::move(done_)](
              absl::StatusOr<ImageResult> result) { interceptor(std::move(result), done); };
}

Admission ClassifyTask::MovePlace() { return admission_.Split(admission_.images(), 0); }

void ClassifyTask::RegainPlace() {
  if (admission_.images() == 0) admission_.RegainPlaces(1);
}

void ClassifyTask::OnBegin() {
  begun_ = true;
  ObserveQueue();
  admission_.ReleasePlaces();
}

void ClassifyTask::Finish(absl::StatusOr<ImageResult> result, Stage stage) {
  if (!begun_) ObserveQueue();
  Count(result.status(), stage);
  if (absl::IsResourceExhausted(result.status()) && !GetRetryDelay(result.status())) {
    result = WithRetryDelay(result.status(), observer_->admission->RetryDelay());
  }
  std::exchange(done_, nullptr)(std::move(result));
  admission_ = Admission();
}

void ClassifyTask::ObserveQueue() {
  queue_duration_ = observer_->clock->Now() - created_at_;
  observer_->metrics->ObserveStage(Stage::kQueue, queue_duration_);
}

void ClassifyTask::Count(const absl::Status& status, Stage stage) const {
  if (absl::IsCancelled(status)) observer_->metrics->CountCancelled(stage);
  if (absl::IsDeadlineExceeded(status)) {
    const bool is_short = attributes().deadline - created_at_ < observer_->latency_objective;
    observer_->metrics->CountDeadlineExceeded(is_short ? DeadlineBudget::kShort : DeadlineBudget::kLong);
  }
}

}  // namespace edgenext::serving
