#ifndef TESTS_CLIENT_SCRIPTED_CLASSIFIER_H_
#define TESTS_CLIENT_SCRIPTED_CLASSIFIER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "edgenext/v1/classifier.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "tests/testing/temp_dir.h"

namespace edgenext::testing {

// A status as the server sends it: code, message, google.rpc details.
google::rpc::Status ErrorOf(grpc::StatusCode code, const std::string& message,
                            const std::string& reason = "");
google::rpc::Status WithRetryInfo(google::rpc::Status status, int milliseconds);
// The same as the end of a call.
grpc::Status CallStatus(const google::rpc::Status& status);

// What a script sees of one call of ClassifyStream.
class ScriptedStream {
 public:
  using Stream =
      grpc::ServerReaderWriter<edgenext::v1::ClassifyStreamResponse, edgenext::v1::ClassifyStreamRequest>;
  ScriptedStream(Stream& stream, std::function<void(const edgenext::v1::ClassifyStreamRequest&)> note)
      : stream_(stream), note_(std::move(note)) {}

  // The id of the next image; false at the client's half-close or the end of the call.
  bool Read(uint64_t* id);
  // The label is the image's bytes where Read saw the id, so that mixed-up answers show.
  void Answer(uint64_t id);
  void AnswerError(uint64_t id, const google::rpc::Status& error);

 private:
  Stream& stream_;
  const std::function<void(const edgenext::v1::ClassifyStreamRequest&)> note_;
  std::map<uint64_t, std::string> images_;
};

// The script of a server without a fault: reads and answers until the client half-closes; returns OK.
grpc::Status AnswerAll(ScriptedStream& stream);

// A server of Classifier on a unix socket that does what each test says. Thread-safe.
class ScriptedClassifier : public edgenext::v1::Classifier::Service {
 public:
  using StreamScript = std::function<grpc::Status(ScriptedStream&)>;
  using UnaryScript = std::function<grpc::Status(grpc::ServerContext&, const edgenext::v1::ClassifyRequest&,
                                                 edgenext::v1::ClassifyResponse*)>;

  // Call n of ClassifyStream runs script n, the last script all that follow.
  explicit ScriptedClassifier(std::vector<StreamScript> scripts, int window = 4);
  ~ScriptedClassifier() override;

  // What Classify answers; without it, the label is the image's bytes.
  void set_unary(UnaryScript script) { unary_ = std::move(script); }

  std::string target() const { return "unix:" + dir_.File("socket"); }
  // Ends the server: calls that run are cut off.
  void Stop();

  // How many calls of ClassifyStream there were, how often each image was read, by its bytes, and the last
  // request.
  size_t streams() const;
  int times_read(const std::string& image) const;
  int unary_calls() const;
  edgenext::v1::ClassifyStreamRequest last_request() const;

  // The largest message the server takes.
  static constexpr int kMaxMessageBytes = 64 << 10;

 private:
  grpc::Status Classify(grpc::ServerContext* context, const edgenext::v1::ClassifyRequest* request,
                        edgenext::v1::ClassifyResponse* response) override;
  grpc::Status ClassifyStream(grpc::ServerContext* context, ScriptedStream::Stream* stream) override;

  const TempDir dir_;
  const std::vector<StreamScript> scripts_;
  const int window_;
  UnaryScript unary_;
  mutable std::mutex mu_;
  size_t streams_ = 0;                                // guarded by mu_
  int unary_calls_ = 0;                               // guarded by mu_
  std::map<std::string, int> times_read_;             // guarded by mu_
  edgenext::v1::ClassifyStreamRequest last_request_;  // guarded by mu_
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace edgenext::testing

#endif  // TESTS_CLIENT_SCRIPTED_CLASSIFIER_H_
