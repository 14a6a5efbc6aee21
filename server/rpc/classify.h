#ifndef SERVER_RPC_CLASSIFY_H_
#define SERVER_RPC_CLASSIFY_H_

#include <cstddef>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "edgenext/v1/classifier.pb.h"
#include "server/batching/task.h"
#include "server/pipeline/admission.h"
#include "server/rpc/service_context.h"
#include "server/rpc/unary_method.h"

namespace edgenext::serving {

// One image of the typed API, whether it came alone or over a stream.
struct ClassifyJob {
  std::shared_ptr<const v1::ClassifyRequest> request;
  size_t message_bytes = 0;                  // of the message that has it: they stay until the answer
  std::shared_ptr<const ServedModel> model;  // the one the request names
  Admission admission;                       // one place, and at least the message's bytes
  TaskAttributes attributes;  // deadline, client, and its class if that is bulk; else the request has it
  std::shared_ptr<Cancellation> cancellation;
  // Called once, on a worker or at once; must not block.
  std::function<void(absl::StatusOr<v1::ClassifyResponse>)> done;
};

// Checks the request and schedules its image. Errors reach `done` as well.
void StartClassify(const ServiceContext& services, ClassifyJob job);

// edgenext.v1.Classifier/Classify
class ClassifyMethod final : public UnaryMethod {
 public:
  explicit ClassifyMethod(const ServiceContext& services) : services_(services) {}
  Method id() const override { return Method::kClassify; }
  absl::optional<size_t> reservation() const override { return MaxClassifyMessageBytes(services_); }
  void Handle(std::shared_ptr<UnaryExchange> exchange) const override;

 private:
  const ServiceContext& services_;
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_CLASSIFY_H_
