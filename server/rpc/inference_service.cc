#include "server/rpc/inference_service.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "inference/grpc_service.pb.h"
#include "model/base/status_macros.h"
#include "model/base/version.h"
#include "server/rpc/infer_output.h"
#include "server/rpc/model_infer.h"

namespace edgenext::serving {
namespace {

using inference::ModelMetadataRequest;
using inference::ModelMetadataResponse;
using inference::ModelReadyRequest;
using inference::ModelReadyResponse;
using inference::ServerLiveRequest;
using inference::ServerLiveResponse;
using inference::ServerMetadataRequest;
using inference::ServerMetadataResponse;
using inference::ServerReadyRequest;
using inference::ServerReadyResponse;

// A method that answers at once from what the server knows.
template <typename Request, typename Response>
class StatusMethod final : public UnaryMethod {
 public:
  // Tells the exchange which model it is about, if any.
  using Function = std::function<absl::StatusOr<Response>(const ServiceContext& services,
                                                          const Request& request, UnaryExchange& exchange)>;
  StatusMethod(Method id, const ServiceContext& services, Function function)
      : id_(id), services_(services), function_(std::move(function)) {}

  Method id() const override { return id_; }
  void Handle(std::shared_ptr<UnaryExchange> exchange) const override {
    Request request;
    absl::Status status = exchange->Parse(request);
    if (status.ok()) {
      const absl::StatusOr<Response> response = function_(services_, request, *exchange);
      if (response.ok()) return exchange->Reply(*response);
      status = response.status();
    }
    exchange->Fail(status);
  }

 private:
  const Method id_;
  const ServiceContext& services_;
  const Function function_;
};

absl::StatusOr<ServerLiveResponse> ServerLive(const ServiceContext& /*services*/, const ServerLiveRequest&,
                                              UnaryExchange& /*exchange*/) {
  ServerLiveResponse response;
  response.set_live(true);
  return response;
}

absl::StatusOr<ServerReadyResponse> ServerReady(const ServiceContext& services, const ServerReadyRequest&,
                                                UnaryExchange& /*exchange*/) {
  ServerReadyResponse response;
  response.set_ready(services.lifecycle->ready());
  return response;
}

absl::StatusOr<ModelReadyResponse> ModelReady(const ServiceContext& services,
                                              const ModelReadyRequest& request, UnaryExchange& exchange) {
  const auto model = services.pipeline->FindModel(request.name(), request.version());
  if (absl::IsNotFound(model.status())) return model.status();
  if (model.ok()) exchange.SetModel(*model);
  ModelReadyResponse response;
  response.set_ready(model.ok() && services.lifecycle->ready());
  return response;
}

absl::StatusOr<ServerMetadataResponse> ServerMetadata(const ServiceContext& /*services*/,
                                                      const ServerMetadataRequest&,
                                                      UnaryExchange& /*exchange*/) {
  ServerMetadataResponse response;
  response.set_name("edgenext");
  response.set_version(kVersion);
  for (const char* extension : {"classification", "binary_tensor_data", "parameters", "schedule_policy"}) {
    response.add_extensions(extension);
  }
  return response;
}

absl::StatusOr<ModelMetadataResponse> ModelMetadata(const ServiceContext& services,
                                                    const ModelMetadataRequest& request,
                                                    UnaryExchange& exchange) {
  EDGENEXT_ASSIGN_OR_RETURN(const std::shared_ptr<const ServedModel> model,
                            services.pipeline->FindModel(request.name(), request.version()));
  exchange.SetModel(model);
  ModelMetadataResponse response;
  response.set_name(model->name);
  response.add_versions(model->version);
  response.set_platform("edgenext_onednn");
  ModelMetadataResponse::TensorMetadata& input = *response.add_inputs();
  input.set_name("image");
  input.set_datatype("BYTES");
  input.add_shape(-1);
  for (const auto tensor : {InferOutput::Tensor::kLogits, InferOutput::Tensor::kProbabilities}) {
    ModelMetadataResponse::TensorMetadata& output = *response.add_outputs();
    output.set_name(OutputName(tensor));
    output.set_datatype("FP32");
    output.add_shape(-1);
    output.add_shape(model->classes());
  }
  auto& properties = *response.mutable_properties();
  properties["variant"] = model->variant;
  properties["precision"] = model->precision;
  return response;
}

template <typename Request, typename Response>
void Add(const char* path, Method id,
         absl::StatusOr<Response> (*function)(const ServiceContext&, const Request&, UnaryExchange&),
         const ServiceContext& services, MethodTable& methods) {
  methods.AddUnary(path, std::make_shared<StatusMethod<Request, Response>>(id, services, function));
}

}  // namespace

void AddInferenceMethods(const ServiceContext& services, MethodTable& methods) {
  Add("/inference.GRPCInferenceService/ServerLive", Method::kServerLive, ServerLive, services, methods);
  Add("/inference.GRPCInferenceService/ServerReady", Method::kServerReady, ServerReady, services, methods);
  Add("/inference.GRPCInferenceService/ModelReady", Method::kModelReady, ModelReady, services, methods);
  Add("/inference.GRPCInferenceService/ServerMetadata", Method::kServerMetadata, ServerMetadata, services,
      methods);
  Add("/inference.GRPCInferenceService/ModelMetadata", Method::kModelMetadata, ModelMetadata, services,
      methods);
  methods.AddUnary("/inference.GRPCInferenceService/ModelInfer",
                   std::make_shared<ModelInferMethod>(services));
}

}  // namespace edgenext::serving
