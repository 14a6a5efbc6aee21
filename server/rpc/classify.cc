#include "server/rpc/classify.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_reason.h"
#include "model/base/status_macros.h"
#include "server/rpc/message_codec.h"
#include "server/rpc/status_mapping.h"

namespace edgenext::serving {
namespace {

constexpr uint32_t kDefaultTopK = 5;

absl::Status CheckSizes(const v1::ClassifyRequest& request, size_t message_bytes, size_t max_image_bytes) {
  const size_t bytes = request.image().size();
  if (bytes == 0) {
    return WithField(
        WithReason(absl::InvalidArgumentError("image is empty, expected a JPEG, PNG, WebP or BMP file"),
                   kReasonImageUnsupported),
        "image");
  }
  if (bytes > max_image_bytes) {
    return WithField(WithReason(absl::InvalidArgumentError(absl::StrCat(
                                    "image has ", bytes, " bytes, expected at most ", max_image_bytes)),
                                kReasonImageTooLarge),
                     "image");
  }
  if (message_bytes > bytes + kMessageOverheadBytes) {
    return WithReason(absl::InvalidArgumentError(absl::StrCat("the message has ", message_bytes - bytes,
                                                              " bytes beside its image, expected at most ",
                                                              kMessageOverheadBytes)),
                      kReasonImageTooLarge);
  }
  return absl::OkStatus();
}

void SetDuration(absl::Duration duration, google::protobuf::Duration& out) {
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(duration);
  out.set_seconds(nanoseconds / 1'000'000'000);
  out.set_nanos(static_cast<int32_t>(nanoseconds % 1'000'000'000));
}

v1::ClassifyResponse MakeResponse(const v1::ClassifyRequest& request, const ServedModel& model,
                                  const ImageResult& result) {
  v1::ClassifyResponse response;
  for (const Prediction& prediction : result.predictions) {
    v1::Prediction& out = *response.add_predictions();
    out.set_index(static_cast<uint32_t>(prediction.index));
    out.set_label(model.labels[static_cast<size_t>(prediction.index)]);
    out.set_probability(prediction.probability);
  }
  response.set_model(model.name);
  response.set_model_version(model.version);
  v1::Timings& timings = *response.mutable_timings();
  SetDuration(result.timings.queue, *timings.mutable_queue());
  SetDuration(result.timings.decode + result.timings.preprocess, *timings.mutable_decode());
  SetDuration(result.timings.execute, *timings.mutable_execute());
  timings.set_batch_size(static_cast<uint32_t>(result.timings.batch_size));
  response.set_request_id(request.request_id());
  return response;
}

}  // namespace

void StartClassify(const ServiceContext& services, ClassifyJob job) {
  const v1::ClassifyRequest& request = *job.request;
  if (request.priority() == v1::BULK) job.attributes.task_class = TaskClass::kBulk;
  absl::Status checked = CheckSizes(request, job.message_bytes, services.max_image_bytes);
  if (checked.ok()) checked = job.admission.Settle(RequestFor(job.attributes, 1, job.message_bytes));
  if (!checked.ok()) {
    job.done(std::move(checked));
    return;
  }
  const uint32_t top_k = request.top_k() == 0 ? kDefaultTopK : request.top_k();
  ImageRequest image;
  image.image = EncodedImage{request.image()};
  image.outputs.top_k = static_cast<int>(std::min<uint32_t>(top_k, std::numeric_limits<int>::max()));
  image.attributes = std::move(job.attributes);
  image.attributes.bytes = job.message_bytes;
  image.cancellation = std::move(job.cancellation);
  image.done = [request = std::move(job.request), model = std::move(job.model),
                done = std::move(job.done)](absl::StatusOr<ImageResult> result) {
    if (result.ok()) {
      done(MakeResponse(*request, *model, *result));
    } else if (absl::IsInvalidArgument(result.status())) {
      done(WithField(std::move(result).status(), "image"));
    } else {
      done(std::move(result).status());
    }
  };
  services.pipeline->Schedule(std::move(image), std::move(job.admission));
}

void ClassifyMethod::Handle(std::shared_ptr<UnaryExchange> exchange) const {
  const absl::Status checked =
      CheckMessageSize(exchange->message_bytes(), MaxClassifyMessageBytes(services_));
  if (!checked.ok()) return exchange->Fail(checked);
  const auto request = std::make_shared<v1::ClassifyRequest>();
  if (const absl::Status parsed = exchange->Parse(*request); !parsed.ok()) return exchange->Fail(parsed);
  exchange->SetRequestId(request->request_id());
  absl::StatusOr<std::shared_ptr<const ServedModel>> model =
      services_.pipeline->FindModel(request->model(), request->model_version());
  exchange->SetModel(model.ok() ? *model : nullptr);
  if (!model.ok()) return exchange->Fail(model.status());

  ClassifyJob job;
  job.request = request;
  job.message_bytes = exchange->message_bytes();
  job.model = *std::move(model);
  job.admission = std::move(exchange->admission());
  job.attributes = exchange->Attributes();
  job.cancellation = exchange->cancellation();
  job.done = [exchange](absl::StatusOr<v1::ClassifyResponse> response) {
    if (response.ok()) {
      exchange->Reply(*response);
    } else {
      exchange->Fail(response.status());
    }
  };
  StartClassify(services_, std::move(job));
}

}  // namespace edgenext::serving
