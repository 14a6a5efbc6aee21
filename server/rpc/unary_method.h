#ifndef SERVER_RPC_UNARY_METHOD_H_
#define SERVER_RPC_UNARY_METHOD_H_

#include <google/protobuf/message.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "server/batching/task.h"
#include "server/metrics/metrics.h"
#include "server/pipeline/admission.h"
#include "server/pipeline/classify_pipeline.h"

namespace edgenext::serving {

// A unary call whose message has been read, as its method sees it: without gRPC. Whoever holds the shared_ptr
// may answer later, from any thread.
class UnaryExchange {
 public:
  virtual ~UnaryExchange() = default;

  // --- until the method has returned ---
  // INVALID_ARGUMENT if the message is not one of this type. Once only: the bytes are gone afterwards.
  virtual absl::Status Parse(google::protobuf::Message& message) = 0;
  // The size of the message as it came.
  virtual size_t message_bytes() const = 0;
  // The place and the bytes held for the call.
  virtual Admission& admission() = 0;
  // The attributes of the call's images: its deadline, its client and, if that is bulk, the client's class.
  virtual TaskAttributes Attributes() const = 0;
  // Set when the call has been answered or its client has gone.
  virtual const std::shared_ptr<Cancellation>& cancellation() const = 0;
  // What the call asked for: for its metrics (null: no such model) and for the log.
  virtual void SetModel(std::shared_ptr<const ServedModel> model) = 0;
  virtual void SetRequestId(const std::string& request_id) = 0;

  // --- the answer: the first one counts, later ones do nothing. Thread-safe ---
  virtual void Reply(const google::protobuf::Message& message) = 0;
  virtual void Fail(const absl::Status& error) = 0;
};

// One unary method of a service. Thread-safe.
class UnaryMethod {
 public:
  virtual ~UnaryMethod() = default;

  virtual Method id() const = 0;
  // The bytes to hold while the message is read, those of the largest; less where the whole budget is less.
  // The call is then refused on its headers if there is no model or no place, and waits a moment for the
  // bytes. None: the method is cheap, and answered at any time.
  virtual absl::optional<size_t> reservation() const { return absl::nullopt; }
  // Answers, now or later. Must not block.
  virtual void Handle(std::shared_ptr<UnaryExchange> exchange) const = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_RPC_UNARY_METHOD_H_
