#ifndef SERVER_PIPELINE_CLASSIFY_WORKER_H_
#define SERVER_PIPELINE_CLASSIFY_WORKER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/base/clock.h"
#include "model/base/thread_team.h"
#include "model/executor/executor.h"
#include "model/image/decoder.h"
#include "model/image/image.h"
#include "model/image/preprocessor.h"
#include "server/batching/batch.h"
#include "server/batching/cost_table.h"
#include "server/pipeline/classify_pipeline.h"
#include "server/pipeline/classify_task.h"
#include "server/pipeline/compute_cpu.h"
#include "server/pipeline/stage_timer.h"

namespace edgenext::serving {

// Takes images from bytes to predictions: decode, preprocess, execute, softmax and top-k, one image after the
// other, each answered when it is done. Owns a decoder, a preprocessor and an executor, and the buffers
// between them. Confined to the thread that makes it.
class ClassifyWorker {
 public:
  // Makes the executor. INTERNAL if it does not fit the model's input size or labels. `team` may share the
  // execution of an interactive image, and outlives the worker.
  static absl::StatusOr<std::unique_ptr<ClassifyWorker>> Make(std::shared_ptr<const ServedModel> model,
                                                              const ImageLimits& limits,
                                                              const TaskObserver* observer, ThreadTeam* team);

  // Runs the network on black images: first once, so that everything is in place, then in batches of 1, 2, 4,
  // … and `max_batch_size`, executed as Run does, as far as they take half a second at most. Returns how long
  // these took. An error is the executor's.
  absl::StatusOr<CostTable> WarmUp(int max_batch_size);

  // Finishes every task of the batch, all of them ClassifyTasks.
  void Run(Batch batch);

 private:
  ClassifyWorker(std::shared_ptr<const ServedModel> model, const ImageLimits& limits,
                 const TaskObserver* observer, ThreadTeam* team, std::unique_ptr<Executor> executor);

  // The shortest of a few executions of a batch of so many `image`s.
  absl::StatusOr<absl::Duration> TimeBatch(const NetworkInput& image, int images);
  // Returns how far it came.
  Stage RunTask(ClassifyTask& task, int batch_size);
  // The task's image to logits_. `stage` becomes the one that was reached. An error is what the task ends
  // with.
  absl::Status Compute(const ClassifyTask& task, StageTimer& timer, ImageTimings& timings, Stage& stage);
  // The image as the executor reads it; fills rgb_ for an encoded one. INVALID_ARGUMENT is the image's fault.
  absl::StatusOr<NetworkInput> Prepare(const ImageInput& image, StageTimer& timer, ImageTimings& timings);
  // Fills logits_ with finite values. An error is the executor's.
  absl::Status Execute(const NetworkInput& input, ThreadTeam& team);
  // What the client is told when Execute has failed with `status`: INTERNAL (EXECUTION_FAILED), or
  // INVALID_ARGUMENT (BAD_TENSOR) where the image's own values explain it.
  absl::Status ExplainFailure(const absl::Status& status, const ImageInput& image) const;

  // Constant after construction.
  const std::shared_ptr<const ServedModel> model_;
  const TaskObserver* const observer_;
  const std::unique_ptr<Executor> executor_;
  const std::unique_ptr<ImageDecoder> decoder_;
  const std::unique_ptr<Preprocessor> preprocessor_;

  CountedTeam team_;
  CallingThread alone_;
  // Of the image that runs.
  std::vector<uint8_t> rgb_;          // [height, width, 3]
  std::vector<float> logits_;         // [classes]
  std::vector<float> probabilities_;  // [classes]
  MonotonicTime ended_;               // when the one before was, or since when there has been one
};

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_CLASSIFY_WORKER_H_
