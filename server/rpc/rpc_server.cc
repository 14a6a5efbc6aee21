#include "server/rpc/rpc_server.h"

#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/time/clock.h"
#include "model/base/status_macros.h"
#include "server/rpc/classify.h"
#include "server/rpc/classify_stream_call.h"
#include "server/rpc/ending_call.h"
#include "server/rpc/health_call.h"
#include "server/rpc/inference_service.h"
#include "server/rpc/receive_window.h"
#include "server/rpc/reflection.h"

namespace edgenext::serving {
namespace {

// Calls that wait for a client on each queue: a burst finds that many ready.
constexpr int kArmedCalls = 32;
constexpr int kMaxHeaderBytes = 16 << 10;
constexpr int kMinPingIntervalMs = 10'000;
// By how much gRPC spreads the age of connections, up and down.
constexpr double kAgeSpread = 0.1;
// How long clients get to read their last answers, of which it is not known when they have, before their
// connection ends; and to close it then.
constexpr absl::Duration kLastAnswersTime = absl::Milliseconds(100);
constexpr absl::Duration kGoodbyeTime = absl::Seconds(1);
constexpr absl::Duration kPollInterval = absl::Milliseconds(20);

int ToMilliseconds(absl::Duration duration) {
  return static_cast<int>(
      std::min<int64_t>(absl::ToInt64Milliseconds(duration), std::numeric_limits<int>::max()));
}

void SetChannelArguments(const RpcServer::Options& options, grpc::ServerBuilder& builder) {
  SetReceiveWindow(builder);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxHeaderBytes);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, ToMilliseconds(options.handshake_timeout));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, ToMilliseconds(options.max_connection_idle));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, ToMilliseconds(options.max_connection_age));
  // From the earliest end of the age; streams know its latest only.
  builder.AddChannelArgument(
      GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
      ToMilliseconds(options.max_connection_age_grace + 2 * kAgeSpread * options.max_connection_age));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, ToMilliseconds(options.keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, ToMilliseconds(options.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingIntervalMs);
  // Images do not shrink, and a small compressed message can grow to the receive limit.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
}

}  // namespace

RpcServer::RpcServer(const ServiceContext& services, std::unique_ptr<Listener> listener)
    : services_(services), listener_(std::move(listener)), methods_(services_) {}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const Options& options,
                                                            const ServiceContext& services,
                                                            std::unique_ptr<Listener> listener) {
  std::unique_ptr<RpcServer> server(new RpcServer(services, std::move(listener)));
  Options own = options;
  // Clients of an old connection are to look where else there are servers: behind a unix socket there are
  // none.
  if (server->listener_->address().is_unix()) own.max_connection_age = absl::InfiniteDuration();
  server->AddMethods(own);
  EDGENEXT_RETURN_IF_ERROR(server->Build(own));
  return server;
}

RpcServer::~RpcServer() { Shutdown(services_.clock->Now()); }

void RpcServer::AddMethods(const Options& options) {
  methods_.AddUnary("/edgenext.v1.Classifier/Classify", std::make_shared<ClassifyMethod>(services_));
  methods_.Add("/edgenext.v1.Classifier/ClassifyStream",
               [this](RpcCall& call) { return std::make_unique<ClassifyStreamCall>(call, services_); });
  AddInferenceMethods(services_, methods_);
  for (const auto& [path, kind] : {std::pair("/grpc.health.v1.Health/Check", HealthCall::Kind::kCheck),
                                   std::pair("/grpc.health.v1.Health/Watch", HealthCall::Kind::kWatch)}) {
    methods_.Add(path, [this, kind = kind](RpcCall& call) {
      return std::make_unique<HealthCall>(call, kind, services_);
    });
  }
  if (options.reflection) AddReflectionMethods(methods_);
}

absl::Status RpcServer::Build(const Options& options) {
  grpc::ServerBuilder builder;
  SetChannelArguments(options, builder);
  builder.SetMaxReceiveMessageSize(
      static_cast<int>(std::min<size_t>(services_.max_receive_bytes, std::numeric_limits<int>::max())));
  grpc::ResourceQuota quota("rpc");
  builder.SetResourceQuota(quota.Resize(options.memory_quota_bytes));
  builder.RegisterAsyncGenericService(&generic_service_);
  const absl::Duration latest_age = options.max_connection_age * (1 + kAgeSpread);
  for (int i = 0; i < options.polling_threads; ++i) {
    auto queue = std::make_unique<Queue>();
    queue->poller = std::make_unique<Poller>(builder.AddCompletionQueue());
    queue->on_arrival = [this, latest_age, queue = queue.get()](RpcCall& call) {
      Arm(*queue);
      if (std::shared_ptr<const Connection> connection = listener_->FindConnection(call.Peer())) {
        const MonotonicTime old_at = connection->accepted + latest_age;
        call.SetConnection(std::move(connection), old_at);
      }
      return methods_.MakeHandler(call);
    };
    queues_.push_back(std::move(queue));
  }
  acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return absl::InternalError("gRPC's server did not start");

  for (const auto& queue : queues_) {
    for (int i = 0; i < kArmedCalls; ++i) Arm(*queue);
    queue->poller->Start();
  }
  listener_->Start([this](UniqueFd fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = fd.Release();
    acceptor_->HandleNewConnection(&connection);
  });
  return absl::OkStatus();
}

void RpcServer::Arm(Queue& queue) {
  // No call may be requested once the queues are closed: Shutdown takes the same lock before it closes them.
  std::lock_guard<std::mutex> lock(arming_mu_);
  if (arming_) RpcCall::Arm(generic_service_, queue.poller->queue(), registry_, queue.on_arrival);
}

void RpcServer::StopAccepting() { listener_->Stop(); }

void RpcServer::Drain() {
  services_.pipeline->StopAdmitting();
  registry_.BeginDrain();  // a call that was admitted had its handler before
  for (const std::shared_ptr<RpcCall>& call : registry_.Arrived()) call->handler()->OnDrain();
}

int RpcServer::AbortCalls() {
  const absl::Status why = StoppingStatus();
  int cut_off = 0;
  for (const std::shared_ptr<RpcCall>& call : registry_.Arrived()) {
    if (call->handler()->OnAbort(why)) ++cut_off;
  }
  return cut_off;
}

int RpcServer::Shutdown(MonotonicTime deadline) {
  if (server_ == nullptr || std::exchange(shut_down_, true)) return 0;
  Clock& clock = *services_.clock;
  StopAccepting();  // a connection that is handed over after grpc::Server::Shutdown is never closed
  Drain();
  bool drained = registry_.WaitUntilDrained(clock, clock.Now());
  while (!drained && !cut_off_.load() && clock.Now() < deadline) {
    drained = registry_.WaitUntilDrained(clock, std::min(deadline, clock.Now() + kPollInterval));
  }
  const int cut_off = drained ? 0 : AbortCalls();
  // Those that can end do so at once; a client that takes nothing has no part in the others' last answers.
  registry_.WaitUntilDrained(clock, clock.Now() + kLastAnswersTime);
  SayGoodbye();
  StopGrpc();
  return cut_off;
}

void RpcServer::SayGoodbye() {
  const MonotonicTime start = services_.clock->Now();
  while (listener_->Connections() > 0 && services_.clock->Now() - start < kGoodbyeTime) {
    if (services_.clock->Now() - start >= kLastAnswersTime) listener_->HalfCloseConnections();
    absl::SleepFor(kPollInterval);
  }
}

void RpcServer::StopGrpc() {
  // First, so that no client hears of the cancellations that gRPC's shutdown may send.
  listener_->ShutDownConnections();
  {
    std::lock_guard<std::mutex> lock(arming_mu_);
    arming_ = false;
  }
  server_->Shutdown();  // waits until every connection is closed
  while (!registry_.WaitUntilEmpty(*services_.clock, services_.clock->Now() + kPollInterval)) AbortCalls();
  for (const auto& queue : queues_) queue->poller->Stop();
}

}  // namespace edgenext::serving
