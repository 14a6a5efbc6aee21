#ifndef TESTS_E2E_SERVER_PROCESS_H_
#define TESTS_E2E_SERVER_PROCESS_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "edgenext/v1/classifier.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "tests/testing/temp_dir.h"

namespace edgenext::testing {

// Polls `condition` until it holds; false after 60 s, which no test takes that is well.
bool Eventually(const std::function<bool()>& condition);

// The built edgenext-server as a process. Killed at the end of its scope if it still runs.
class ServerProcess {
 public:
  // Started with `flags` and free ports; `environment` as "NAME=value", beside this process's.
  explicit ServerProcess(std::vector<std::string> flags, const std::vector<std::string>& environment = {},
                         const std::string& program = EDGENEXT_SERVER_PROGRAM);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Each waits at most 60 s. The ports are known after the first two.
  bool WaitUntilListening();
  bool WaitUntilReady();
  // Waits for the end and returns the exit code; -1 if it did not come, minus the signal if one ended it.
  int WaitForExit();

  void Signal(int signal) const;

  // What it has written so far.
  std::string Output() const;
  std::string Errors() const;
  // "ready grpc=… http=… model=…", once WaitUntilReady was true.
  std::string ready_line() const;

  const std::string& grpc_address() const { return grpc_address_; }
  int http_port() const { return http_port_; }
  std::string http_host() const;
  // Status of GET `path`, 0 if nobody answers.
  int HttpStatus(const std::string& path) const;
  // The value of a metric without labels, or of the sample whose text before the value is `sample`; -1 if
  // there is none.
  double Metric(const std::string& sample) const;

 private:
  pid_t pid_ = -1;
  TempDir folder_;  // of the files that it writes its output to
  std::string grpc_address_;
  std::string http_address_;
  int http_port_ = 0;
};

// Stubs on a channel of its own.
struct Client {
  explicit Client(const std::string& address);
  std::unique_ptr<v1::Classifier::Stub> classifier;
  std::unique_ptr<grpc::health::v1::Health::Stub> health;

  grpc::Status Classify(const std::string& image, v1::ClassifyResponse* response) const;
  grpc::health::v1::HealthCheckResponse::ServingStatus Health(const std::string& name) const;
};

// Many Classify calls of one image, all open at once. Cancels what is left at the end of its scope.
class OpenCalls {
 public:
  OpenCalls(const Client& client, const std::string& image, int count);
  ~OpenCalls();
  OpenCalls(const OpenCalls&) = delete;
  OpenCalls& operator=(const OpenCalls&) = delete;

  // Waits until all are answered.
  std::vector<grpc::Status> Statuses();

 private:
  struct Call;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::thread poller_;  // gRPC sends and receives only while somebody waits on the queue
};

// What makes a ServerProcess load preload.cc, with the variables that this reads.
std::vector<std::string> PreloadEnvironment(std::vector<std::string> variables);

// A file of model/default/samples.
std::string SampleImage(const std::string& name);

}  // namespace edgenext::testing

#endif  // TESTS_E2E_SERVER_PROCESS_H_
