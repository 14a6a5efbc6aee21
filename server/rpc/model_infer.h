#ifndef SERVER_RPC_MODEL_INFER_H_
#define SERVER_RPC_MODEL_INFER_H_

#include <memory>

#include "server/rpc/service_context.h"
#include "server/rpc/unary_method.h"

namespace edgenext::serving {

// inference.GRPCInferenceService/ModelInfer: one or more images, all or nothing. The images of a request are
// admitted together, run on whatever workers are free, and are put together again; the first that fails stops
// the rest.
class ModelInferMethod final : public UnaryMethod {
 public:
  explicit ModelInferMethod(const ServiceContext& services) : services_(services) {}
  Method id() const override { return Method::kModelInfer; }
  absl::optional<size_t> reservation() const override { return services_.max_receive_bytes; }
  void Handle(std::shared_ptr<UnaryExchange> exchange) const override;

 private:
  const ServiceContext& services_;
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_MODEL_INFER_H_
