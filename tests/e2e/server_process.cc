#include "tests/e2e/server_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/server/http/http_client.h"

namespace edgenext::testing {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);

std::string ReadAll(const std::string& path) {
  std::ostringstream contents;
  contents << std::ifstream(path, std::ios::binary).rdbuf();
  return contents.str();
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(&text[0]);
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

bool Eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

ServerProcess::ServerProcess(std::vector<std::string> flags, const std::vector<std::string>& environment,
                             const std::string& program) {
  std::vector<std::string> arguments = {program, "--log-format=text"};
  const auto add_default = [&](const char* flag, const char* value) {
    for (const std::string& given : flags) {
      if (absl::StartsWith(given, flag)) return;
    }
    arguments.push_back(absl::StrCat(flag, value));
  };
  add_default("--grpc-port", "=0");
  add_default("--http-port", "=0");
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  std::vector<std::string> variables = environment;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, folder_.File("out").c_str(), O_WRONLY | O_CREAT,
                                   0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, folder_.File("err").c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int error = posix_spawn(&pid_, program.c_str(), &files, nullptr, Pointers(arguments).data(),
                                Pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    ADD_FAILURE() << "cannot start " << program;
    pid_ = -1;
  }
}

ServerProcess::~ServerProcess() {
  if (::testing::Test::HasFailure()) std::fputs(Errors().c_str(), stderr);
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool ServerProcess::WaitUntilListening() {
  std::string errors;
  size_t line = 0;
  if (!Eventually([&] {
        errors = Errors();
        line = errors.find("listening grpc=");
        return line != std::string::npos && errors.find('\n', line) != std::string::npos;
      })) {
    return false;
  }
  const auto field = [&](const char* name) {
    const size_t start = errors.find(name, line) + std::string(name).size();
    return errors.substr(start, errors.find(' ', start) - start);
  };
  grpc_address_ = field("grpc=");
  const std::string http = field("http=");
  http_address_ = http.substr(0, http.rfind(':'));
  return absl::SimpleAtoi(http.substr(http.rfind(':') + 1), &http_port_);
}

bool ServerProcess::WaitUntilReady() {
  return WaitUntilListening() && Eventually([this] { return absl::EndsWith(Output(), "\n"); });
}

int ServerProcess::WaitForExit() {
  int status = 0;
  if (!Eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; })) return -1;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void ServerProcess::Signal(int signal) const { kill(pid_, signal); }

std::string ServerProcess::Output() const { return ReadAll(folder_.File("out")); }
std::string ServerProcess::Errors() const { return ReadAll(folder_.File("err")); }

std::string ServerProcess::ready_line() const {
  const std::string output = Output();
  return output.substr(0, output.find('\n'));
}

std::string ServerProcess::http_host() const {
  return absl::StartsWith(http_address_, "[") ? http_address_.substr(1, http_address_.size() - 2)
                                              : http_address_;
}

int ServerProcess::HttpStatus(const std::string& path) const {
  return HttpRequest(http_port_, "GET", path, http_host()).status;
}

double ServerProcess::Metric(const std::string& sample) const {
  for (const absl::string_view line : absl::StrSplit(HttpGet(http_port_, "/metrics").body, '\n')) {
    double value = 0;
    if (absl::StartsWith(line, absl::StrCat(sample, " ")) &&
        absl::SimpleAtod(line.substr(sample.size() + 1), &value)) {
      return value;
    }
  }
  return -1;
}

Client::Client(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  const auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  classifier = v1::Classifier::NewStub(channel);
  health = grpc::health::v1::Health::NewStub(channel);
}

grpc::Status Client::Classify(const std::string& image, v1::ClassifyResponse* response) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  v1::ClassifyRequest request;
  request.set_image(image);
  return classifier->Classify(&context, request, response);
}

grpc::health::v1::HealthCheckResponse::ServingStatus Client::Health(const std::string& name) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(name);
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status = health->Check(&context, request, &response);
  return status.ok() ? response.status() : grpc::health::v1::HealthCheckResponse::UNKNOWN;
}

struct OpenCalls::Call {
  grpc::ClientContext context;
  v1::ClassifyResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ClassifyResponse>> reader;
};

OpenCalls::OpenCalls(const Client& client, const std::string& image, int count) {
  v1::ClassifyRequest request;
  request.set_image(image);
  for (int i = 0; i < count; ++i) {
    calls_.push_back(std::make_unique<Call>());
    Call& call = *calls_.back();
    call.context.set_deadline(std::chrono::system_clock::now() + 4 * kPatience);
    call.reader = client.classifier->AsyncClassify(&call.context, request, &queue_);
    call.reader->Finish(&call.response, &call.status, &call);
  }
  poller_ = std::thread([this] {
    void* tag = nullptr;
    bool ok = false;
    for (size_t answered = 0; answered < calls_.size(); ++answered) queue_.Next(&tag, &ok);
  });
}

OpenCalls::~OpenCalls() {
  for (const auto& call : calls_) call->context.TryCancel();
  Statuses();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

std::vector<grpc::Status> OpenCalls::Statuses() {
  if (poller_.joinable()) poller_.join();
  std::vector<grpc::Status> statuses;
  for (const auto& call : calls_) statuses.push_back(call->status);
  return statuses;
}

std::vector<std::string> PreloadEnvironment(std::vector<std::string> variables) {
  variables.push_back(absl::StrCat("LD_PRELOAD=", EDGENEXT_PRELOAD_LIBRARY));
  // AddressSanitizer wants to be the first library; it need not be where nothing is allocated.
  const char* const options = std::getenv("ASAN_OPTIONS");
  variables.push_back(
      absl::StrCat("ASAN_OPTIONS=", options != nullptr ? options : "", ":verify_asan_link_order=0"));
  return variables;
}

std::string SampleImage(const std::string& name) {
  const std::string image = ReadAll(absl::StrCat(EDGENEXT_DEFAULT_MODEL, "/samples/", name));
  EXPECT_FALSE(image.empty()) << "no sample " << name;
  return image;
}

}  // namespace edgenext::testing
