#include "server/rpc/model_infer.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

#include "inference/grpc_service.pb.h"
#include "model/base/status_macros.h"
#include "server/rpc/infer_input.h"
#include "server/rpc/infer_output.h"
#include "server/rpc/infer_parameters.h"

namespace edgenext::serving {
namespace {

// One ModelInfer call. Shared by its images' callbacks, so that the request's bytes live as long as a worker
// may read them.
class InferCall : public std::enable_shared_from_this<InferCall> {
 public:
  InferCall(const ServiceContext& services, std::shared_ptr<UnaryExchange> exchange)
      : services_(services), exchange_(std::move(exchange)) {}

  void Start() {
    if (const absl::Status prepared = Prepare(); !prepared.ok()) {
      exchange_->Fail(prepared);
      return;
    }
    for (size_t i = 0; i < input_.images.size(); ++i) Schedule(i);
  }

 private:
  absl::Status Prepare() {
    EDGENEXT_RETURN_IF_ERROR(exchange_->Parse(request_));
    exchange_->SetRequestId(request_.id());
    auto model = services_.pipeline->FindModel(request_.model_name(), request_.model_version());
    exchange_->SetModel(model.ok() ? *model : nullptr);
    EDGENEXT_ASSIGN_OR_RETURN(model_, std::move(model));
    EDGENEXT_ASSIGN_OR_RETURN(const InferParameters parameters, ReadParameters(request_));
    EDGENEXT_ASSIGN_OR_RETURN(outputs_, ReadOutputs(request_, model_->classes()));
    const InferLimits limits = {services_.pipeline->admission().limits().queue_capacity,
                                services_.max_image_bytes};
    EDGENEXT_ASSIGN_OR_RETURN(input_, ReadImages(request_, *model_, limits));
    // What has been converted takes four times as much there, and nobody reads it again.
    if (!input_.converted.empty()) request_.mutable_inputs(0)->clear_contents();

    const size_t images = input_.images.size();
    attributes_ = exchange_->Attributes();
    attributes_.deadline = std::min(attributes_.deadline, services_.clock->Now() + parameters.timeout);
    if (parameters.task_class == TaskClass::kBulk) attributes_.task_class = TaskClass::kBulk;
    attributes_.bytes = exchange_->message_bytes() / images;
    EDGENEXT_RETURN_IF_ERROR(exchange_->admission().Settle(RequestFor(
        attributes_, static_cast<int>(images), exchange_->message_bytes() + input_.converted.size())));
    results_.resize(images);
    unanswered_.store(images, std::memory_order_relaxed);
    return absl::OkStatus();
  }

  void Schedule(size_t i) {
    ImageRequest image;
    image.image = input_.images[i];
    image.outputs = ToOutputSpec(outputs_);
    image.attributes = attributes_;
    image.cancellation = exchange_->cancellation();
    image.done = [self = shared_from_this(), i](absl::StatusOr<ImageResult> result) {
      self->OnResult(i, std::move(result));
    };
    // The bytes stay with the call: they are one message, held until its last image is done.
    services_.pipeline->Schedule(std::move(image), exchange_->admission().Split(1, 0));
  }

  void OnResult(size_t i, absl::StatusOr<ImageResult> result) {
    if (!result.ok()) {
      exchange_->Fail(AboutImage(i, result.status()));
      return;
    }
    results_[i] = *std::move(result);
    if (unanswered_.fetch_sub(1, std::memory_order_acq_rel) == 1) Reply();
  }

  void Reply() {
    inference::ModelInferResponse response;
    response.set_model_name(model_->name);
    response.set_model_version(model_->version);
    response.set_id(request_.id());
    WriteOutputs(outputs_, *model_, results_, response);
    exchange_->Reply(response);
  }

  const ServiceContext& services_;
  const std::shared_ptr<UnaryExchange> exchange_;
  // constant once the first image is scheduled
  inference::ModelInferRequest request_;
  std::shared_ptr<const ServedModel> model_;
  std::vector<InferOutput> outputs_;
  InferImages input_;
  TaskAttributes attributes_;

  std::vector<ImageResult> results_;  // each written by the one worker that has its image
  std::atomic<size_t> unanswered_{0};
};

}  // namespace

void ModelInferMethod::Handle(std::shared_ptr<UnaryExchange> exchange) const {
  std::make_shared<InferCall>(services_, std::move(exchange))->Start();
}

}  // namespace edgenext::serving
