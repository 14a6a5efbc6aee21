#ifndef SERVER_PIPELINE_CLASSIFY_PIPELINE_H_
#define SERVER_PIPELINE_CLASSIFY_PIPELINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "absl/types/variant.h"
#include "model/base/clock.h"
#include "model/executor/executor.h"
#include "model/image/image.h"
#include "model/kernels/kernels.h"
#include "server/batching/task.h"
#include "server/metrics/metrics.h"
#include "server/pipeline/admission_controller.h"

namespace edgenext::serving {

// A model as the pipeline serves it. Immutable once it is served.
struct ServedModel {
  std::string name;
  std::string version;
  std::string variant;
  std::string precision;            // "f32" or "bf16"
  std::vector<std::string> labels;  // one a class
  PreprocessSpec preprocess;
  ExecutorFactory make_executor;
  const kernels::KernelTable* kernels = nullptr;

  int classes() const { return static_cast<int>(labels.size()); }
};

// One image as it came: a view of the request's own bytes, which must stay valid until `done` has been
// called. A JPEG, PNG, WebP or BMP file.
struct EncodedImage {
  absl::string_view file;
};
// [height, width, 3] of the model's input size.
struct RgbPixels {
  absl::Span<const uint8_t> pixels;
};
// [3, height, width] of the model's input size, by the model's mean and std.
struct NormalisedPixels {
  absl::Span<const float> pixels;
};
using ImageInput = absl::variant<EncodedImage, RgbPixels, NormalisedPixels>;

// Which results the caller wants.
struct OutputSpec {
  int top_k = 0;  // predictions; clamped to the number of classes
  bool logits = false;
  bool probabilities = false;
};

struct Prediction {
  int index = 0;
  float logit = 0;
  float probability = 0;
};

// Of an image that was answered with another's result (ClassifyPipeline::Options::cache_bytes): how long it
// waited for that, and zeros.
struct ImageTimings {
  absl::Duration queue, decode, preprocess, execute, postprocess;
  int batch_size = 0;
};

struct ImageResult {
  std::vector<Prediction> predictions;  // by falling logit, equal ones by rising index; NaN last
  std::vector<float> logits;            // [classes] if wanted
  std::vector<float> probabilities;     // [classes] if wanted
  ImageTimings timings;
};

struct ImageRequest {
  ImageInput image;
  OutputSpec outputs;
  TaskAttributes attributes;                   // deadline, class, client key, bytes
  std::shared_ptr<Cancellation> cancellation;  // shared by all images of a call; may be null
  // Called exactly once, on a thread of the pipeline or on the one that schedules, with the result or with
  // INVALID_ARGUMENT (the image), DEADLINE_EXCEEDED, CANCELLED, UNAVAILABLE (cut off at the end of a drain)
  // or INTERNAL (the executor). Must not block.
  std::function<void(absl::StatusOr<ImageResult>)> done;
};

// The serving path without gRPC: admission → queue → decode → preprocess → execute → top-k, on worker threads
// that each own a decoder, a preprocessor and an executor. While no image waits, workers that have nothing to
// do share the execution of another's interactive image, as many as its executor takes. One model.
// Thread-safe.
class ClassifyPipeline {
 public:
  struct Options {
    int workers = 1;
    std::vector<int> pin_to_cpus;  // worker i is pinned to pin_to_cpus[i]; empty pins none
    int worker_nice = 10;          // so that polling, accepting and health threads keep priority
    std::function<MonotonicTime()> next_batch_at;  // see BatchScheduler::Options
    int max_batch_size = 8;
    absl::Duration batch_timeout = absl::ZeroDuration();
    AdmissionLimits admission;             // its `workers` is taken from above
    std::function<double()> retry_random;  // see AdmissionController
    // Memory for the results of encoded images, by SHA-256 of their bytes: what is known is answered without
    // running, and what is asked for many times at once runs once (SingleFlight). 0: neither.
    size_t cache_bytes = 0;
    ImageLimits image_limits;
    absl::Duration latency_objective = absl::Milliseconds(100);
    Metrics* metrics = nullptr;  // required; outlives the pipeline
    Clock* clock = &Clock::Real();
  };

  explicit ClassifyPipeline(const Options& options);
  ~ClassifyPipeline();  // as Stop(now)
  ClassifyPipeline(const ClassifyPipeline&) = delete;
  ClassifyPipeline& operator=(const ClassifyPipeline&) = delete;

  // Starts the workers, makes an executor on each, warms every one up, and serves. Once only. The first error
  // of a worker ends all of them. The metrics must know the model already (Metrics::SetModel).
  absl::Status Serve(std::shared_ptr<const ServedModel> model);

  // The model of that name and version; "" is the one that is served. NOT_FOUND (MODEL_NOT_FOUND), or
  // UNAVAILABLE before Serve has succeeded (MODEL_NOT_READY).
  absl::StatusOr<std::shared_ptr<const ServedModel>> FindModel(absl::string_view name,
                                                               absl::string_view version) const;

  // Decides from a call's headers whether there is room for it: see Admission.
  AdmissionController& admission();

  // Queues one image, whose place `admission` holds; the place is given back when a worker begins with
  // it and the bytes when `done` has returned. Never blocks. FindModel must have succeeded before.
  void Schedule(ImageRequest request, Admission admission);

  // From now on admission refuses with UNAVAILABLE (DRAINING).
  void StopAdmitting();
  // Waits until everything admitted is done or `deadline`; then whatever is left ends with UNAVAILABLE
  // (DRAINING), and the workers are joined. Returns how many images were cut off. Another call may shorten
  // the deadline of one that waits. Not from `done`.
  int Stop(MonotonicTime deadline);

  PipelineGauges Gauges() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_CLASSIFY_PIPELINE_H_
