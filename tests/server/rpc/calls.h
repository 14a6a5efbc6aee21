#ifndef TESTS_SERVER_RPC_CALLS_H_
#define TESTS_SERVER_RPC_CALLS_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "edgenext/v1/classifier.grpc.pb.h"
#include "gtest/gtest.h"
#include "inference/grpc_service.grpc.pb.h"

namespace edgenext::testing {

// Far more than anything here takes: a hang becomes a failure.
inline std::chrono::system_clock::time_point HangDeadline() {
  return std::chrono::system_clock::now() + std::chrono::seconds(60);
}

// Looks at `condition` until it holds; for states of the server that nothing announces.
inline void AwaitCondition(const std::function<bool()>& condition) {
  const auto deadline = HangDeadline();
  while (!condition()) {
    ASSERT_LT(std::chrono::system_clock::now(), deadline);
    std::this_thread::yield();
  }
}

// How a call ended.
template <typename Response>
struct CallResult {
  grpc::Status status;
  Response response;
  std::multimap<std::string, std::string> trailers;
};

inline std::multimap<std::string, std::string> Copy(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  std::multimap<std::string, std::string> copy;
  for (const auto& [key, value] : metadata) {
    copy.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  return copy;
}

using ClassifyResult = CallResult<v1::ClassifyResponse>;

inline ClassifyResult Classify(v1::Classifier::Stub& stub, const v1::ClassifyRequest& request,
                               std::chrono::system_clock::time_point deadline = HangDeadline()) {
  ClassifyResult result;
  grpc::ClientContext context;
  context.set_deadline(deadline);
  result.status = stub.Classify(&context, request, &result.response);
  result.trailers = Copy(context.GetServerTrailingMetadata());
  return result;
}

inline ClassifyResult Classify(const std::shared_ptr<grpc::Channel>& channel,
                               const v1::ClassifyRequest& request) {
  return Classify(*v1::Classifier::NewStub(channel), request);
}

using InferResult = CallResult<inference::ModelInferResponse>;

inline InferResult Infer(const std::shared_ptr<grpc::Channel>& channel,
                         const inference::ModelInferRequest& request) {
  InferResult result;
  grpc::ClientContext context;
  context.set_deadline(HangDeadline());
  result.status =
      inference::GRPCInferenceService::NewStub(channel)->ModelInfer(&context, request, &result.response);
  result.trailers = Copy(context.GetServerTrailingMetadata());
  return result;
}

// A call whose every step the test takes, for clients that do not behave.
class RawCall {
 public:
  RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) : stub_(channel) {
    context_.set_deadline(HangDeadline());
    stream_ = stub_.PrepareCall(&context_, method, &queue_);
    stream_->StartCall(&queue_);
    Next();  // not ok without a connection, which Finish then tells
  }
  ~RawCall() {
    context_.TryCancel();
    if (!finished_) Finish();
    queue_.Shutdown();
    while (Next()) {
    }
  }

  bool Write(const std::string& message) {
    const grpc::Slice slice(message);
    stream_->Write(grpc::ByteBuffer(&slice, 1), this);
    return Next();
  }
  bool WritesDone() {
    stream_->WritesDone(this);
    return Next();
  }
  // The next message of the server, or "" if there is none.
  std::string Read() {
    grpc::ByteBuffer buffer;
    stream_->Read(&buffer, this);
    if (!Next()) return "";
    grpc::Slice slice;
    buffer.TrySingleSlice(&slice);
    return std::string(slice.begin(), slice.end());
  }
  // Waits for the end of the call, whatever it is. The server's messages must have been read.
  grpc::Status Finish() {
    finished_ = true;
    grpc::Status status;
    stream_->Finish(&status, this);
    Next();
    return status;
  }
  void Cancel() { context_.TryCancel(); }
  grpc::ClientContext& context() { return context_; }

 private:
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool finished_ = false;
};

}  // namespace edgenext::testing

#endif  // TESTS_SERVER_RPC_CALLS_H_
