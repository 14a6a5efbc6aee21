// edgenext-bench: how fast a network runs on this machine, and how much of the core's peak that is.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "model/base/clock.h"
#include "model/base/status_macros.h"
#include "model/base/version.h"
#include "model/bench/measurement.h"
#include "model/bench/peak.h"
#include "model/bundle/bundle.h"
#include "model/edgenext/macs.h"
#include "model/edgenext/network.h"
#include "model/kernels/kernels.h"
#include "model/network/pack_network.h"
#include "model/ops/process.h"
#include "model/synthetic/synthetic_checkpoint.h"
#include "nlohmann/json.hpp"

namespace edgenext {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 64;

struct Flags {
  std::string variant = "edgenext_small";
  std::string model;  // instead of variant
  std::string precision = "f32";
  std::string execution = "fused";
  std::string max_isa = "best";
  int height = 0;  // 0 is the model's, or that of NetworkOptions for a variant
  int width = 0;
  int batch = 1;
  int threads = 1;
  int latency_threads = 1;
  double seconds = 3;
  bool json = false;
  bool profile = false;
};

absl::StatusOr<std::shared_ptr<const Network>> LoadSynthetic(const Flags& flags, kernels::Isa isa) {
  const EdgeNextConfig* config = FindConfig(flags.variant);
  if (config == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown variant '", flags.variant, "', expected one of ", VariantWords()));
  }
  const Naming naming = config->downsample_in_block ? Naming::kTimm : Naming::kOfficial;
  EDGENEXT_ASSIGN_OR_RETURN(const LoadedWeights loaded,
                            LoadWeights(*MakeSyntheticCheckpoint(*config, naming, /*seed=*/1)));
  NetworkOptions options;
  if (flags.height != 0) options.height = flags.height;
  if (flags.width != 0) options.width = flags.width;
  options.isa = isa;
  options.execution = flags.execution == "layered" ? Execution::kLayered : Execution::kFused;
  EDGENEXT_ASSIGN_OR_RETURN(options.precision, ChoosePrecision(flags.precision, /*of_model=*/"auto", isa));
  return PackNetwork(loaded.weights, options);
}

absl::StatusOr<std::shared_ptr<const Network>> LoadModel(const Flags& flags, kernels::Isa isa) {
  BundleOptions options;
  options.isa = isa;
  options.precision = flags.precision;
  if ((flags.height == 0) != (flags.width == 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "of a model's --height and --width only ",
        flags.height != 0 ? absl::StrCat("--height=", flags.height) : absl::StrCat("--width=", flags.width),
        " is given, expected both or neither"));
  }
  if (flags.height != 0) options.overrides.input_size = InputSize{flags.height, flags.width};
  EDGENEXT_ASSIGN_OR_RETURN(const ModelBundle bundle, LoadModelBundle(flags.model, options));
  return bundle.network;
}

// The time that multiply-accumulates alone take at the peaks of their precisions.
absl::Duration TimeAtPeak(const Macs& macs, const CorePeak& f32, const CorePeak& bf16) {
  const double seconds_f32 = macs.f32 > 0 ? macs.f32 / f32.macs_per_second : 0;
  const double seconds_bf16 = macs.bf16 > 0 ? macs.bf16 / bf16.macs_per_second : 0;
  return absl::Seconds(seconds_f32 + seconds_bf16);
}

absl::Status PrintProfile(const Network& network) {
  constexpr int kRepetitions = 100;
  const NetworkOptions& options = network.options();
  const std::vector<uint8_t> image(
      static_cast<size_t>(options.height) * static_cast<size_t>(options.width) * 3, 128);
  NetworkInput input;
  input.rgb = image.data();
  EDGENEXT_ASSIGN_OR_RETURN(std::vector<OpTime> profile, network.Profile(input, kRepetitions));
  std::sort(profile.begin(), profile.end(), [](const OpTime& a, const OpTime& b) { return a.time > b.time; });
  OpTime total = {"all", absl::ZeroDuration(), {}};
  for (const OpTime& op : profile) {
    total.time += op.time;
    total.macs += op.macs;
  }
  const CorePeak f32 = MeasureCorePeak(options.isa, kernels::Precision::kF32);
  const CorePeak bf16 = MeasureCorePeak(options.isa, options.precision);
  std::fprintf(stderr, "%-12s %8s %6s %8s %8s %10s %10s\n", "kind", "ms", "%", "MMAC", "MAC/clk", "% of peak",
               "ms beyond");
  profile.push_back(total);
  for (const OpTime& op : profile) {
    const double macs = op.macs.f32 + op.macs.bf16;
    const absl::Duration at_peak = TimeAtPeak(op.macs, f32, bf16);
    std::fprintf(stderr, "%-12s %8.3f %6.1f %8.1f %8.2f %10.1f %10.3f\n", op.kind.c_str(),
                 absl::ToDoubleMilliseconds(op.time), 100 * absl::FDivDuration(op.time, total.time),
                 macs / 1e6, macs / absl::ToDoubleSeconds(op.time) / f32.clock_hz,
                 100 * absl::FDivDuration(at_peak, op.time), absl::ToDoubleMilliseconds(op.time - at_peak));
  }
  return absl::OkStatus();
}

absl::Status Run(const Flags& flags) {
  EDGENEXT_ASSIGN_OR_RETURN(const kernels::Isa isa, ops::SupportedIsa(flags.max_isa));
  EDGENEXT_RETURN_IF_ERROR(ops::CapIsa(isa));
  const MonotonicTime start = Clock::Real().Now();
  EDGENEXT_ASSIGN_OR_RETURN(const std::shared_ptr<const Network> loaded,
                            flags.model.empty() ? LoadSynthetic(flags, isa) : LoadModel(flags, isa));
  const absl::Duration load_time = Clock::Real().Now() - start;
  const Network& network = *loaded;

  MeasurementOptions options;
  options.batch = flags.batch;
  options.threads = flags.threads;
  options.latency_threads = flags.latency_threads;
  options.time = absl::Seconds(flags.seconds);
  EDGENEXT_ASSIGN_OR_RETURN(const Measurement measured, Measure(network, options));
  const CorePeak peak = MeasureCorePeak(isa, network.options().precision);
  if (flags.profile) EDGENEXT_RETURN_IF_ERROR(PrintProfile(network));

  const auto macs =
      static_cast<double>(NominalMacs(network.config(), network.options().height, network.options().width));
  const double macs_per_second = macs / absl::ToDoubleSeconds(measured.per_image_min);
  nlohmann::ordered_json result;
  result["variant"] = network.config().variant;
  result["execution"] = network.options().execution == Execution::kLayered ? "layered" : "fused";
  result["precision"] = kernels::PrecisionName(network.options().precision);
  result["isa"] = kernels::IsaName(isa);
  result["height"] = network.options().height;
  result["width"] = network.options().width;
  result["batch"] = flags.batch;
  result["threads"] = flags.threads;
  result["latency_threads"] = flags.latency_threads;
  result["ms_per_image_min"] = absl::ToDoubleMilliseconds(measured.per_image_min);
  result["ms_per_image_median"] = absl::ToDoubleMilliseconds(measured.per_image_median);
  result["mac_per_clk"] = macs_per_second / peak.clock_hz;
  result["share_of_peak"] = macs_per_second / peak.macs_per_second;
  result["load_ms"] = absl::ToDoubleMilliseconds(load_time);
  result["ready_ms"] = absl::ToDoubleMilliseconds(measured.ready - start);
  result["arena_bytes"] = network.arena_bytes();
  result["weights_bytes"] = network.weights_bytes();
  std::printf("%s\n", result.dump(flags.json ? -1 : 2).c_str());
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Measures how fast a network runs, and prints one JSON object.", "edgenext-bench");
  app.set_version_flag("--version", std::string(kVersion));
  app.option_defaults()->always_capture_default();
  CLI::Option* variant = app.add_option("--variant", flags.variant, "a variant, with synthetic weights");
  CLI::Option* model =
      app.add_option("--model", flags.model, "a model folder or weights file instead")->excludes(variant);
  app.add_option("--execution", flags.execution, "of a variant: by our kernels, or by oneDNN layer by layer")
      ->check(CLI::IsMember({"fused", "layered"}))
      ->excludes(model);
  app.add_option("--precision", flags.precision, "what the network computes in")
      ->check(CLI::IsMember({"f32", "bf16", "auto"}));
  app.add_option("--height", flags.height, "of the images")
      ->check(CLI::PositiveNumber)
      ->default_str("the model's, 256 of a variant");
  app.add_option("--width", flags.width, "of the images")
      ->check(CLI::PositiveNumber)
      ->default_str("the model's, 256 of a variant");
  app.add_option("--batch", flags.batch, "images in one execution")->check(CLI::Range(1, 1024));
  app.add_option("--threads", flags.threads, "executors that run independent images at the same time")
      ->check(CLI::Range(1, 1024));
  app.add_option("--latency-threads", flags.latency_threads,
                 "threads of each executor, which share one image")
      ->check(CLI::Range(1, kMaxExecutorThreads));
  app.add_option("--seconds", flags.seconds, "how long to measure")->check(CLI::Range(0.0, 3600.0));
  app.add_option("--max-isa", flags.max_isa,
                 absl::StrCat("instruction set of our kernels and of oneDNN, one of ", kernels::kIsaWords))
      ->check(
          [](const std::string& word) { return std::string(ops::SupportedIsa(word).status().message()); });
  app.add_flag("--json", flags.json, "the JSON object on one line");
  app.add_flag("--profile", flags.profile, "also print what each kind of operation takes, to standard error");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  const absl::Status status = Run(flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "edgenext-bench: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailed;
}

}  // namespace
}  // namespace edgenext

int main(int argc, char** argv) { return edgenext::Main(argc, argv); }
