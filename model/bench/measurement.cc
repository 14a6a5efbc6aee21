#include "model/bench/measurement.h"

#include <algorithm>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "model/base/clock.h"
#include "model/base/status_macros.h"
#include "model/executor/own_threads.h"

namespace edgenext {
namespace {

struct Times {
  MonotonicTime ready;
  std::vector<absl::Duration> per_image;
};

absl::StatusOr<Times> MeasureOneExecutor(const Network& network, const MeasurementOptions& options) {
  ExecutorOptions executor_options;
  executor_options.threads = options.latency_threads;
  EDGENEXT_ASSIGN_OR_RETURN(const std::unique_ptr<Executor> executor, network.MakeExecutor(executor_options));
  EDGENEXT_ASSIGN_OR_RETURN(const std::unique_ptr<OwnThreads> team,
                            OwnThreads::Make(options.latency_threads));
  std::vector<uint8_t> image(static_cast<size_t>(executor->height()) *
                             static_cast<size_t>(executor->width()) * 3);
  std::minstd_rand random;
  for (uint8_t& value : image) value = static_cast<uint8_t>(random() >> 8);
  NetworkInput input;
  input.rgb = image.data();
  const std::vector<NetworkInput> batch(static_cast<size_t>(options.batch), input);
  std::vector<float> logits(batch.size() * static_cast<size_t>(executor->classes()));

  EDGENEXT_RETURN_IF_ERROR(executor->Execute(batch, absl::MakeSpan(logits), *team));
  const Clock& clock = Clock::Real();
  Times times;
  times.ready = clock.Now();
  const MonotonicTime end = times.ready + options.time;
  for (MonotonicTime before = times.ready; before < end || times.per_image.empty();) {
    EDGENEXT_RETURN_IF_ERROR(executor->Execute(batch, absl::MakeSpan(logits), *team));
    const MonotonicTime after = clock.Now();
    times.per_image.push_back((after - before) / options.batch);
    before = after;
  }
  return times;
}

}  // namespace

absl::StatusOr<Measurement> Measure(const Network& network, const MeasurementOptions& options) {
  std::vector<absl::StatusOr<Times>> results(static_cast<size_t>(options.threads));
  std::vector<std::thread> threads;
  threads.reserve(results.size());
  for (absl::StatusOr<Times>& result : results) {
    threads.emplace_back([&] { result = MeasureOneExecutor(network, options); });
  }
  for (std::thread& thread : threads) thread.join();

  Measurement measurement;
  std::vector<absl::Duration> all;
  for (const absl::StatusOr<Times>& result : results) {
    EDGENEXT_RETURN_IF_ERROR(result.status());
    measurement.ready = std::max(measurement.ready, result->ready);
    all.insert(all.end(), result->per_image.begin(), result->per_image.end());
  }
  std::sort(all.begin(), all.end());
  measurement.per_image_min = all.front();
  measurement.per_image_median = all[all.size() / 2];
  return measurement;
}

}  // namespace edgenext
