#include "server/server.h"

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/base/cpu_clock.h"
#include "model/base/log.h"
#include "model/base/status_macros.h"
#include "model/base/version.h"
#include "model/bundle/bundle.h"
#include "model/kernels/kernels.h"
#include "model/ops/process.h"
#include "server/default_model.h"
#include "server/http/endpoints.h"
#include "server/machine/cpu_budget.h"
#include "server/net/descriptor_limit.h"
#include "server/network_copies.h"
#include "server/rpc/process_settings.h"
#include "server/rpc/receive_window.h"

namespace edgenext::serving {
namespace {

// How long after the grace period a server that has not ended is taken for hung.
constexpr absl::Duration kWatchdogPatience = absl::Seconds(5);
// Largest input of any model. Messages are bounded before the model is known, since the ports open first.
constexpr size_t kMaxTensorBytes = size_t{4} * 3 * 512 * 512;
static_assert(kMaxLatencyThreads <= kMaxExecutorThreads, "an executor takes what the flag allows");
static_assert(kInflightOverheadBytes >= kMessageOverheadBytes,
              "the least budget admits a call with an image");
// An image takes a worker ten times as long as its call takes a polling thread, and more.
constexpr int kWorkersPerPollingThread = 8;
// Connections beyond --max-connections that can ask for health, and the silence at which a connection without
// calls makes room at the limit.
constexpr int kConnectionReserve = 8;
constexpr absl::Duration kConnectionIdleAfter = absl::Seconds(1);
// Where neither the machine nor its cgroup tells how much memory there is.
constexpr int64_t kAssumedMemoryBytes = int64_t{4} << 30;

// Times the steps of the start and the stop for the log.
class StepTimer {
 public:
  explicit StepTimer(Clock& clock) : clock_(clock), last_(clock.Now()) {}
  // Since the last call or the construction.
  int64_t LapMs() {
    const MonotonicTime now = clock_.Now();
    return absl::ToInt64Milliseconds(now - std::exchange(last_, now));
  }

 private:
  Clock& clock_;
  MonotonicTime last_;
};

int64_t MemoryBytes(const Machine& machine) {
  return machine.memory_limit_bytes > 0 ? machine.memory_limit_bytes : kAssumedMemoryBytes;
}

kernels::Isa UsedIsa(const ServerOptions& options) { return std::min(options.max_isa, kernels::BestIsa()); }

int PollingThreads(int workers) { return 1 + (workers - 1) / kWorkersPerPollingThread; }

size_t MaxReceiveBytes(const ServerOptions& options) {
  return static_cast<size_t>(options.max_batch_size) * std::max(options.max_image_bytes, kMaxTensorBytes) +
         kMessageOverheadBytes;
}

std::string ModelPath(const ServerOptions& options) {
  return options.model.empty() ? DefaultModelFolder() : options.model;
}

// Of the file, or of all files in the folder; what cannot be read counts as nothing, and fails later.
size_t FileBytes(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    const uintmax_t bytes = std::filesystem::file_size(path, ignored);
    return ignored ? 0 : bytes;
  }
  size_t total = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    const uintmax_t bytes = entry.is_regular_file(ignored) ? entry.file_size(ignored) : 0;
    if (!ignored) total += bytes;
  }
  return total;
}

// What options, machine and memory say; `cgroups` outlives the pipeline.
ClassifyPipeline::Options PipelineOptions(const ServerOptions& options, const Machine& machine,
                                          const MemoryPlan& memory, const Cgroups& cgroups) {
  ClassifyPipeline::Options pipeline;
  if (machine.cpu_quota) {
    CpuBudget::Options quota;
    quota.cpus = *machine.cpu_quota;
    quota.period = machine.cpu_quota_period;
    quota.throttled_periods = [&cgroups] { return cgroups.ReadCpuStatistics().throttled_periods; };
    pipeline.next_batch_at = [budget = std::make_shared<CpuBudget>(quota)] {
      return budget->NextBatchAt(Clock::Real().Now(), ProcessCpuTime());
    };
  }
  pipeline.max_batch_size = options.max_batch_size;
  pipeline.batch_timeout = options.batch_timeout;
  pipeline.admission.queue_capacity = options.queue_capacity;
  pipeline.admission.max_inflight_bytes = memory.max_inflight_bytes;
  pipeline.admission.max_queue_wait = options.max_queue_wait;
  pipeline.admission.max_open_calls = memory.max_open_calls;
  pipeline.cache_bytes = options.cache_bytes;
  pipeline.image_limits.max_bytes = options.max_image_bytes;
  pipeline.image_limits.max_pixels = memory.max_image_pixels;
  pipeline.image_limits.max_side = options.max_image_side;
  pipeline.latency_objective = options.latency_objective;
  return pipeline;
}

BundleOptions LoadOptions(const ServerOptions& options) {
  BundleOptions load;
  load.overrides.name = options.model_name;
  if (options.input_height)
    load.overrides.input_size = InputSize{*options.input_height, *options.input_width};
  load.overrides.crop_pct = options.crop_pct;
  load.overrides.labels = options.labels;
  load.isa = UsedIsa(options);
  load.precision = options.precision;
  return load;
}

NetworkCopies::Options CopyOptions(const Machine& machine, const std::vector<int>& pinned_cpus) {
  NetworkCopies::Options copies;
  copies.nodes = NodesOf(machine, pinned_cpus);
  copies.max_extra_bytes = static_cast<size_t>(MemoryBytes(machine) / 8);
  return copies;
}

std::shared_ptr<ServedModel> Served(ModelBundle bundle, std::shared_ptr<const NetworkCopies> networks,
                                    kernels::Isa isa, int latency_threads) {
  auto model = std::make_shared<ServedModel>();
  model->name = std::move(bundle.name);
  model->version = std::move(bundle.version);
  model->variant = std::move(bundle.variant);
  model->precision = std::move(bundle.precision);
  model->labels = std::move(bundle.labels);
  model->preprocess = bundle.preprocess;
  ExecutorOptions executor;
  executor.threads = latency_threads;
  model->make_executor = [networks = std::move(networks), executor] {
    return networks->ForThisThread().MakeExecutor(executor);
  };
  model->kernels = kernels::FindKernelTable(isa);
  return model;
}

// An error that ends the process, whole: the log would cut a long list of faults.
void Complain(const char* what, const absl::Status& status) {
  std::fprintf(stderr, "edgenext-server: %s: %s\n", what, std::string(status.message()).c_str());
}

}  // namespace

Server::Server(const ServerOptions& options, const Machine& machine, ModelHook on_model)
    : options_(options),
      machine_(machine),
      on_model_(std::move(on_model)),
      workers_(options.cpus.value_or(DefaultWorkers(machine))),
      pinned_cpus_(PinnedCpus(machine, options.pin, workers_)),
      latency_threads_(std::min(options.latency_threads, workers_)),
      metrics_(Metrics::Make(options.latency_objective)),
      signals_(
          {[this] { lifecycle_.MoveTo(ServerState::kDraining); },
           [this](int signal) { return DrainDelay(signal) + options_.drain_timeout + kWatchdogPatience; },
           kWatchdogPatience}) {
  lifecycle_.Observe([this](ServerState state) {
    health_.SetServerState(state);
    metrics_->SetLifecycle(state == ServerState::kReady, state == ServerState::kDraining);
    if (state == ServerState::kDraining) metrics_->SetModelState("draining");
  });
}

absl::Duration Server::DrainDelay(int signal) const {
  return signal == SIGTERM ? options_.drain_delay : absl::ZeroDuration();
}

ExitCode Server::Run() {
  KeepMessageMemory();
  SkipLockOrderChecks();
  if (const auto descriptors = RaiseDescriptorLimit(); !descriptors.ok()) {
    Log(LogLevel::kWarning, "descriptor limit not raised", {{"error", descriptors.status().message()}});
  }
  Log(LogLevel::kInfo, "starting",
      {{"version", kVersion},
       {"revision", kRevision},
       {"cpus", machine_.allowed_cpus.size()},
       {"cores", machine_.cores.size()},
       {"numa_nodes", machine_.numa_nodes.size()},
       {"quota", machine_.cpu_quota ? absl::StrCat(*machine_.cpu_quota) : "none"},
       {"memory_mib", machine_.memory_limit_bytes >> 20},
       {"workers", workers_},
       {"latency_threads", latency_threads_},
       {"pinned", pinned_cpus_.empty() ? "no" : absl::StrJoin(pinned_cpus_, ",")}});

  if (latency_threads_ < options_.latency_threads) {
    Log(LogLevel::kWarning, "fewer workers than --latency-threads",
        {{"asked", options_.latency_threads}, {"used", latency_threads_}});
  }
  if (const absl::Status status = PlanMemory(); !status.ok()) {
    Complain("not enough memory", status);
    return ExitCode::kUsage;
  }
  if (const absl::Status status = Listen(); !status.ok()) {
    Complain("cannot listen", status);
    return ExitCode::kCannotListen;
  }
  const absl::Status loaded = LoadModel();
  if (!loaded.ok()) {
    metrics_->SetModelState("failed");
    Complain("cannot serve the model", loaded);
    lifecycle_.MoveTo(ServerState::kDraining);
    health_.Close();
    rpc_->Shutdown(clock_.Now());
    return ExitCode::kBadModel;
  }
  const bool was_ready = lifecycle_.MoveTo(ServerState::kReady);
  if (was_ready) AnnounceReady();
  return Stop(was_ready);
}

absl::Status Server::PlanMemory() {
  MemoryNeeds needs;
  needs.workers = workers_;
  needs.polling_threads = PollingThreads(workers_);
  needs.stream_window_bytes = kStreamWindowBytes;
  needs.max_receive_bytes = MaxReceiveBytes(options_);
  needs.model_bytes = FileBytes(ModelPath(options_));
  needs.model_copies = std::max(1, static_cast<int>(machine_.numa_nodes.size()));
  const auto limit = static_cast<size_t>(MemoryBytes(machine_));
  EDGENEXT_ASSIGN_OR_RETURN(memory_, serving::PlanMemory(options_, needs, limit));
  metrics_->SetMemoryBound(memory_.bound.total(), limit);
  Log(LogLevel::kInfo, "memory bound",
      {{"bound_mib", memory_.bound.total() >> 20},
       {"limit_mib", limit >> 20},
       {"parts", memory_.bound.ToString()},
       {"max_open_calls", memory_.max_open_calls},
       {"max_inflight_bytes", memory_.max_inflight_bytes},
       {"max_image_pixels", memory_.max_image_pixels}});
  return absl::OkStatus();
}

absl::Status Server::Listen() {
  StepTimer timer(clock_);
  Listener::Options grpc_address;
  grpc_address.host = options_.host;
  grpc_address.port = options_.grpc_port;
  grpc_address.limits.max_connections = options_.max_connections;
  grpc_address.limits.reserve = kConnectionReserve;
  grpc_address.limits.idle_after = kConnectionIdleAfter;
  EDGENEXT_ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener, Listener::Bind(grpc_address));

  HttpServer::Options http_address;
  http_address.host = absl::StartsWith(options_.host, "unix:") ? "127.0.0.1" : options_.host;
  http_address.port = options_.http_port;
  EDGENEXT_ASSIGN_OR_RETURN(http_,
                            HttpServer::Start(http_address, OperatorEndpoints(&lifecycle_, metrics_.get())));

  const kernels::Isa isa = UsedIsa(options_);
  metrics_->SetBuildInfo(kernels::IsaName(isa), options_.precision, ops::OneDnnVersion());
  metrics_->SetModelState("loading");
  metrics_->SetCpuThrottlingSource([this] {
    const CpuStatistics cpu = cgroups_.ReadCpuStatistics();
    return CpuThrottling{cpu.periods, cpu.throttled_periods, cpu.throttled};
  });
  ClassifyPipeline::Options pipeline = PipelineOptions(options_, machine_, memory_, cgroups_);
  pipeline.workers = workers_;
  pipeline.pin_to_cpus = pinned_cpus_;
  pipeline.metrics = metrics_.get();
  pipeline_ = std::make_unique<ClassifyPipeline>(pipeline);
  metrics_->SetPipelineSource([this] { return pipeline_->Gauges(); });
  EDGENEXT_RETURN_IF_ERROR(StartRpc(std::move(listener)));
  metrics_->SetConnectionsSource([this] {
    return ConnectionGauges{rpc_->Connections(), rpc_->listener().ClosedIdle(),
                            rpc_->listener().ClosedAtLimit()};
  });
  Log(LogLevel::kInfo, "listening",
      {{"grpc", rpc_->address()}, {"http", http_->address()}, {"ms", timer.LapMs()}});
  return absl::OkStatus();
}

absl::Status Server::StartRpc(std::unique_ptr<Listener> listener) {
  ServiceContext context;
  context.pipeline = pipeline_.get();
  context.lifecycle = &lifecycle_;
  context.health = &health_;
  context.metrics = metrics_.get();
  context.latency_objective = options_.latency_objective;
  context.max_image_bytes = options_.max_image_bytes;
  context.max_receive_bytes = MaxReceiveBytes(options_);
  context.client_key = options_.client_key;
  context.bulk_clients.insert(options_.bulk_clients.begin(), options_.bulk_clients.end());
  context.stream_window = options_.stream_window.value_or(2 * workers_);

  RpcServer::Options rpc;
  rpc.max_concurrent_streams = std::max(rpc.max_concurrent_streams, 2 * options_.queue_capacity);
  rpc.memory_quota_bytes = static_cast<size_t>(MemoryBytes(machine_) / 2);
  rpc.max_connection_idle = options_.connection_idle;
  rpc.max_connection_age = options_.max_connection_age;
  rpc.reflection = options_.reflection;
  rpc.polling_threads = PollingThreads(workers_);
  EDGENEXT_ASSIGN_OR_RETURN(rpc_, RpcServer::Start(rpc, context, std::move(listener)));
  return absl::OkStatus();
}

absl::Status Server::LoadModel() {
  StepTimer timer(clock_);
  const MonotonicTime start = clock_.Now();
  EDGENEXT_RETURN_IF_ERROR(ops::CapIsa(UsedIsa(options_)));
  const std::string path = ModelPath(options_);
  const auto networks = std::make_shared<NetworkCopies>(CopyOptions(machine_, pinned_cpus_));
  BundleOptions load = LoadOptions(options_);
  load.pack_copies = [&](const PackFunction& pack) { return networks->Pack(pack); };
  EDGENEXT_ASSIGN_OR_RETURN(ModelBundle bundle, LoadModelBundle(path, load));
  Log(LogLevel::kInfo, "model loaded",
      {{"model", bundle.name},
       {"version", bundle.version},
       {"variant", bundle.variant},
       {"classes", bundle.labels.size()},
       {"input", absl::StrCat(bundle.preprocess.height, "x", bundle.preprocess.width)},
       {"precision", bundle.precision},
       {"weights", bundle.weights_dtype},
       {"weights_mib", bundle.weights_file_bytes >> 20},
       {"copies", networks->size()},
       {"ms", timer.LapMs()}});
  for (const std::string& assumption : bundle.assumptions)
    Log(LogLevel::kInfo, "assumed", {{"what", assumption}});
  metrics_->SetBuildInfo(kernels::IsaName(UsedIsa(options_)), bundle.precision, ops::OneDnnVersion());
  if (signals_.stop_requested()) return absl::OkStatus();

  const auto model = Served(std::move(bundle), networks, UsedIsa(options_), latency_threads_);
  if (on_model_ != nullptr) on_model_(*model);
  model_name_ = model->name;
  metrics_->SetModel(model->name, model->version, model->variant, model->classes());
  metrics_->SetModelState("warming");
  health_.AddModel(model->name);
  EDGENEXT_RETURN_IF_ERROR(pipeline_->Serve(model));
  Log(LogLevel::kInfo, "warmed up",
      {{"workers", workers_}, {"isa", kernels::IsaName(UsedIsa(options_))}, {"ms", timer.LapMs()}});
  metrics_->SetModelLoadDuration(clock_.Now() - start);
  return absl::OkStatus();
}

void Server::AnnounceReady() {
  metrics_->SetModelState("ready");
  Log(LogLevel::kInfo, "ready", {{"model", model_name_}});
  std::printf("ready grpc=%s http=%s model=%s\n", rpc_->address().c_str(), http_->address().c_str(),
              model_name_.c_str());
  std::fflush(stdout);
}

ExitCode Server::Stop(bool was_ready) {
  const int signal = signals_.WaitForStop();
  StepTimer timer(clock_);
  // Only who was ready has clients that must first hear otherwise; before, nothing was served.
  if (was_ready) signals_.WaitForCutOff(DrainDelay(signal));
  Log(LogLevel::kInfo, "drain delay over", {{"ms", timer.LapMs()}});

  const MonotonicTime deadline = clock_.Now() + options_.drain_timeout;
  health_.Close();
  signals_.SetOnCutOff([this] { rpc_->CutOff(); });
  const int calls = rpc_->Shutdown(deadline);
  signals_.SetOnCutOff(nullptr);
  const int images = pipeline_->Stop(clock_.Now());
  lifecycle_.MoveTo(ServerState::kStopped);
  Log(LogLevel::kInfo, "stopped",
      {{"calls_cut_off", calls}, {"images_cut_off", images}, {"ms", timer.LapMs()}});
  return calls + images > 0 ? ExitCode::kCutOff : ExitCode::kStopped;
}

}  // namespace edgenext::serving
