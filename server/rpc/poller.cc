#include "server/rpc/poller.h"

#include <pthread.h>

#include <utility>

#include "server/rpc/completion.h"

namespace edgenext::serving {

Poller::~Poller() { Stop(); }

void Poller::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "rpc-poller");
    Run();
  });
}

void Poller::Stop() {
  if (std::exchange(stopped_, true)) return;
  queue_->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Run();  // never started: a queue must be drained all the same
  }
}

void Poller::Run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) static_cast<Completion*>(tag)->OnComplete(ok);
}

}  // namespace edgenext::serving
