#include "tests/client/scripted_classifier.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "google/rpc/error_details.pb.h"

namespace edgenext::testing {

using edgenext::v1::ClassifyRequest;
using edgenext::v1::ClassifyResponse;
using edgenext::v1::ClassifyStreamRequest;
using edgenext::v1::ClassifyStreamResponse;

google::rpc::Status ErrorOf(grpc::StatusCode code, const std::string& message, const std::string& reason) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(message);
  if (!reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    status.add_details()->PackFrom(info);
  }
  return status;
}

google::rpc::Status WithRetryInfo(google::rpc::Status status, int milliseconds) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(milliseconds * 1'000'000);
  status.add_details()->PackFrom(retry);
  return status;
}

grpc::Status CallStatus(const google::rpc::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                      status.SerializeAsString());
}

bool ScriptedStream::Read(uint64_t* id) {
  ClassifyStreamRequest message;
  if (!stream_.Read(&message)) return false;
  note_(message);
  *id = message.id();
  images_[message.id()] = message.request().image();
  return true;
}

void ScriptedStream::Answer(uint64_t id) {
  ClassifyStreamResponse answer;
  answer.set_id(id);
  answer.mutable_response()->add_predictions()->set_label(images_[id]);
  stream_.Write(answer);
}

void ScriptedStream::AnswerError(uint64_t id, const google::rpc::Status& error) {
  ClassifyStreamResponse answer;
  answer.set_id(id);
  *answer.mutable_error() = error;
  stream_.Write(answer);
}

grpc::Status AnswerAll(ScriptedStream& stream) {
  uint64_t id = 0;
  while (stream.Read(&id)) stream.Answer(id);
  return grpc::Status::OK;
}

ScriptedClassifier::ScriptedClassifier(std::vector<StreamScript> scripts, int window)
    : scripts_(std::move(scripts)), window_(window) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(target(), grpc::InsecureServerCredentials());
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

ScriptedClassifier::~ScriptedClassifier() { Stop(); }

void ScriptedClassifier::Stop() { server_->Shutdown(std::chrono::system_clock::now()); }

size_t ScriptedClassifier::streams() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return streams_;
}

int ScriptedClassifier::times_read(const std::string& image) const {
  const std::lock_guard<std::mutex> lock(mu_);
  const auto found = times_read_.find(image);
  return found == times_read_.end() ? 0 : found->second;
}

int ScriptedClassifier::unary_calls() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return unary_calls_;
}

ClassifyStreamRequest ScriptedClassifier::last_request() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return last_request_;
}

grpc::Status ScriptedClassifier::Classify(grpc::ServerContext* context, const ClassifyRequest* request,
                                          ClassifyResponse* response) {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    ++unary_calls_;
    ++times_read_[request->image()];
  }
  if (unary_) return unary_(*context, *request, response);
  response->add_predictions()->set_label(request->image());
  return grpc::Status::OK;
}

grpc::Status ScriptedClassifier::ClassifyStream(grpc::ServerContext* context,
                                                ScriptedStream::Stream* stream) {
  size_t call = 0;
  {
    const std::lock_guard<std::mutex> lock(mu_);
    call = streams_++;
  }
  context->AddInitialMetadata("edgenext-stream-window", std::to_string(window_));
  stream->SendInitialMetadata();
  ScriptedStream scripted(*stream, [this](const ClassifyStreamRequest& message) {
    const std::lock_guard<std::mutex> lock(mu_);
    ++times_read_[message.request().image()];
    last_request_ = message;
  });
  return scripts_[std::min(call, scripts_.size() - 1)](scripted);
}

}  // namespace edgenext::testing
