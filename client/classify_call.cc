#include "client/classify_call.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "client/base/grpc_time.h"

namespace edgenext {
namespace {

constexpr char kWindowHeader[] = "edgenext-stream-window";
constexpr size_t kLargestWindow = 1024;

}  // namespace

enum class ClassifyCall::Operation : int { kStart = 1, kHeaders, kRead, kWrite, kHalfClose, kFinish };

ClassifyCall::ClassifyCall(edgenext::v1::Classifier::Stub& stub)
    : stream_(stub.PrepareAsyncClassifyStream(&context_, &queue_)) {
  stream_->StartCall(Begin(Operation::kStart));
}

ClassifyCall::~ClassifyCall() {
  context_.TryCancel();
  while (!finished_ || pending_operations_ > 0) Next(absl::InfiniteFuture());
  queue_.Shutdown();
  void* tag;
  bool ok;
  while (queue_.Next(&tag, &ok)) {
  }
}

void* ClassifyCall::Begin(Operation operation) {
  ++pending_operations_;
  return reinterpret_cast<void*>(static_cast<intptr_t>(operation));
}

void ClassifyCall::Write(const edgenext::v1::ClassifyStreamRequest& message) {
  can_write_ = false;
  stream_->Write(message, Begin(Operation::kWrite));
}

void ClassifyCall::HalfClose() {
  half_close_ = true;
  if (!can_write_ || half_close_begun_) return;
  half_close_begun_ = true;
  stream_->WritesDone(Begin(Operation::kHalfClose));
}

ClassifyCall::Event ClassifyCall::Next(SteadyTime deadline) {
  if (answer_is_new_) {
    answer_is_new_ = false;
    stream_->Read(&answer_, Begin(Operation::kRead));
  }
  while (!finished_ || pending_operations_ > 0) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, ToGrpcTime(deadline)) != grpc::CompletionQueue::GOT_EVENT) {
      return Event::kTimeout;
    }
    --pending_operations_;
    switch (static_cast<Operation>(reinterpret_cast<intptr_t>(tag))) {
      case Operation::kStart:
        // The headers are asked for even when the start failed: then this fails too, and so does the read.
        stream_->ReadInitialMetadata(Begin(Operation::kHeaders));
        [[fallthrough]];
      case Operation::kWrite:
        can_write_ = ok;
        if (half_close_) HalfClose();
        if (can_write()) return Event::kCanWrite;
        break;
      case Operation::kHeaders:
        ReadWindow();
        stream_->Read(&answer_, Begin(Operation::kRead));
        return Event::kOpened;
      case Operation::kRead:
        if (ok) {
          is_open_ = true;
          answer_is_new_ = true;
          return Event::kAnswer;
        }
        stream_->Finish(&status_, Begin(Operation::kFinish));
        break;
      case Operation::kHalfClose:
        break;
      case Operation::kFinish:
        finished_ = true;
        end_ = ErrorFromCall(status_, context_);
        break;
    }
  }
  return Event::kClosed;
}

void ClassifyCall::ReadWindow() {
  const auto& headers = context_.GetServerInitialMetadata();
  const auto found = headers.find(kWindowHeader);
  size_t window = 0;
  if (found == headers.end() ||
      !absl::SimpleAtoi(absl::string_view(found->second.data(), found->second.size()), &window)) {
    return;
  }
  is_open_ = true;
  window_ = std::clamp<size_t>(window, 1, kLargestWindow);
}

}  // namespace edgenext
