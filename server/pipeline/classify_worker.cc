#include "server/pipeline/classify_worker.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/variant.h"
#include "model/base/error_reason.h"
#include "model/base/status_macros.h"
#include "server/batching/task_status.h"
#include "server/pipeline/postprocess.h"
#include "server/pipeline/stage_timer.h"

namespace edgenext::serving {
namespace {

// Far beyond (value - mean) / std of any pixel; a network may overflow on larger ones.
constexpr float kLargestNormalisedPixel = 1e4f;

// How often a batch is timed in the warm-up: so often, unless it has taken that long together. The shortest
// counts, since what else runs on the machine makes some longer and none shorter, and b* is a matter of 3 %.
constexpr int kRepetitions = 3;
constexpr absl::Duration kEnoughRepetition = absl::Milliseconds(100);
// Larger batches are not timed, so that a slow network does not keep a server from its start, or its end.
constexpr absl::Duration kLongestTimedBatch = absl::Milliseconds(500);

absl::Status WrongValueCount(size_t expected, size_t found) {
  return WithReason(
      absl::InvalidArgumentError(absl::StrCat("the image has ", found, " values, expected ", expected)),
      kReasonBadTensor);
}

BatchTrigger TriggerOf(TakeReason reason) {
  switch (reason) {
    case TakeReason::kFull:
      return BatchTrigger::kFull;
    case TakeReason::kTimeout:
      return BatchTrigger::kTimeout;
    case TakeReason::kDeadline:
      return BatchTrigger::kDeadline;
    case TakeReason::kDrain:
      return BatchTrigger::kDrain;
    case TakeReason::kIdle:
      break;
  }
  return BatchTrigger::kIdle;
}

// A BMP file of one black pixel.
constexpr absl::string_view OnePixelFile() {
  return absl::string_view(
      "BM\x3a\0\0\0\0\0\0\0\x36\0\0\0"                             // 58 bytes, pixels from byte 54
      "\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18\0"                       // 1 x 1, one plane, 24 bits
      "\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",  // 4 bytes of pixels
      58);
}

// Whether a client's own numbers explain that the network's are not finite.
bool HasUnreasonablePixel(const ImageInput& image) {
  const auto* normalised = absl::get_if<NormalisedPixels>(&image);
  return normalised != nullptr &&
         std::any_of(normalised->pixels.begin(), normalised->pixels.end(),
                     [](float value) { return !(std::abs(value) <= kLargestNormalisedPixel); });
}

}  // namespace

absl::StatusOr<std::unique_ptr<ClassifyWorker>> ClassifyWorker::Make(std::shared_ptr<const ServedModel> model,
                                                                     const ImageLimits& limits,
                                                                     const TaskObserver* observer,
                                                                     ThreadTeam* team) {
  EDGENEXT_ASSIGN_OR_RETURN(std::unique_ptr<Executor> executor, model->make_executor());
  const PreprocessSpec& spec = model->preprocess;
  if (executor->height() != spec.height || executor->width() != spec.width ||
      executor->classes() != model->classes()) {
    return absl::InternalError(absl::StrCat("the executor of model '", model->name, "' reads ",
                                            executor->height(), "x", executor->width(), " pixels for ",
                                            executor->classes(), " classes, expected ", spec.height, "x",
                                            spec.width, " and ", model->classes()));
  }
  return std::unique_ptr<ClassifyWorker>(
      new ClassifyWorker(std::move(model), limits, observer, team, std::move(executor)));
}

ClassifyWorker::ClassifyWorker(std::shared_ptr<const ServedModel> model, const ImageLimits& limits,
                               const TaskObserver* observer, ThreadTeam* team,
                               std::unique_ptr<Executor> executor)
    : model_(std::move(model)),
      observer_(observer),
      executor_(std::move(executor)),
      decoder_(ImageDecoder::Make(limits)),
      preprocessor_(Preprocessor::Make(model_->preprocess, *model_->kernels)),
      team_(team, observer->metrics),
      rgb_(size_t{3} * static_cast<size_t>(executor_->height()) * static_cast<size_t>(executor_->width())),
      logits_(static_cast<size_t>(executor_->classes())),
      probabilities_(logits_.size()) {}

absl::StatusOr<CostTable> ClassifyWorker::WarmUp(int max_batch_size) {
  EDGENEXT_ASSIGN_OR_RETURN(const RgbView pixel, decoder_->Decode(OnePixelFile()));
  EDGENEXT_RETURN_IF_ERROR(preprocessor_->Run(pixel, absl::MakeSpan(rgb_)));
  NetworkInput black;
  black.rgb = rgb_.data();
  EDGENEXT_RETURN_IF_ERROR(Execute(black, alone_));
  std::vector<CostTable::Entry> entries;
  int images = 0;
  absl::Duration per_image;
  do {
    images = std::clamp(2 * images, 1, max_batch_size);
    EDGENEXT_ASSIGN_OR_RETURN(const absl::Duration duration, TimeBatch(black, images));
    entries.push_back({images, duration});
    per_image = duration / images;
  } while (images < max_batch_size && per_image * std::min(2 * images, max_batch_size) <= kLongestTimedBatch);
  return CostTable(std::move(entries));
}

absl::StatusOr<absl::Duration> ClassifyWorker::TimeBatch(const NetworkInput& image, int images) {
  absl::Duration shortest = absl::InfiniteDuration();
  absl::Duration spent;
  for (int i = 0; i < kRepetitions && spent < kEnoughRepetition; ++i) {
    const MonotonicTime began = observer_->clock->Now();
    for (int j = 0; j < images; ++j) EDGENEXT_RETURN_IF_ERROR(Execute(image, alone_));
    const absl::Duration duration = observer_->clock->Now() - began;
    shortest = std::min(shortest, duration);
    spent += duration;
  }
  return shortest;
}

void ClassifyWorker::Run(Batch batch) {
  observer_->metrics->ObserveBatch(TriggerOf(batch.reason()), batch.size());
  // Where one image follows on another, what lies between them is a part of how long each takes.
  if (batch.waited() || ended_ == MonotonicTime()) ended_ = observer_->clock->Now();
  while (std::unique_ptr<Task> task = batch.Next()) {
    const Stage reached = RunTask(static_cast<ClassifyTask&>(*task), batch.size());
    const MonotonicTime began = std::exchange(ended_, observer_->clock->Now());
    // What was given up before its execution says nothing of how long images take.
    if (reached != Stage::kPreprocess) observer_->admission->ObserveServiceTime(ended_ - began);
  }
}

Stage ClassifyWorker::RunTask(ClassifyTask& task, int batch_size) {
  StageTimer timer(observer_->metrics, observer_->clock);
  ImageTimings timings;
  timings.queue = task.queue_duration();
  timings.batch_size = batch_size;
  Stage stage = Stage::kDecode;
  absl::Status status = Compute(task, timer, timings, stage);
  if (!status.ok()) {
    task.Finish(std::move(status), stage);
    return stage;
  }

  ImageResult result = Postprocess(logits_, task.outputs(), absl::MakeSpan(probabilities_));
  timings.postprocess = timer.End(Stage::kPostprocess);
  result.timings = timings;
  task.Finish(std::move(result), Stage::kPostprocess);
  return Stage::kPostprocess;
}

absl::Status ClassifyWorker::Compute(const ClassifyTask& task, StageTimer& timer, ImageTimings& timings,
                                     Stage& stage) {
  const ComputeCpuTimer cpu_timer(observer_->metrics);
  stage = Stage::kDecode;
  EDGENEXT_ASSIGN_OR_RETURN(const NetworkInput input, Prepare(task.image(), timer, timings));
  stage = Stage::kPreprocess;
  EDGENEXT_RETURN_IF_ERROR(CheckRunnable(task, observer_->clock->Now()));

  stage = Stage::kExecute;
  observer_->metrics->CountInferences(1);
  // Bulk images leave idle workers free for the interactive one that may come.
  const bool interactive = task.attributes().task_class == TaskClass::kInteractive;
  const absl::Status executed = interactive ? Execute(input, team_) : Execute(input, alone_);
  timings.execute = timer.End(Stage::kExecute);
  if (!executed.ok()) return ExplainFailure(executed, task.image());
  return CheckRunnable(task, observer_->clock->Now());
}

absl::StatusOr<NetworkInput> ClassifyWorker::Prepare(const ImageInput& image, StageTimer& timer,
                                                     ImageTimings& timings) {
  NetworkInput input;
  if (const auto* encoded = absl::get_if<EncodedImage>(&image)) {
    absl::StatusOr<RgbView> decoded = decoder_->Decode(encoded->file);
    timings.decode = timer.End(Stage::kDecode);
    if (!decoded.ok()) return std::move(decoded).status();
    absl::Status preprocessed = preprocessor_->Run(*decoded, absl::MakeSpan(rgb_));
    timings.preprocess = timer.End(Stage::kPreprocess);
    if (!preprocessed.ok()) return preprocessed;
    input.rgb = rgb_.data();
  } else if (const auto* rgb = absl::get_if<RgbPixels>(&image)) {
    if (rgb->pixels.size() != rgb_.size()) return WrongValueCount(rgb_.size(), rgb->pixels.size());
    input.rgb = rgb->pixels.data();
  } else {
    const auto& normalised = absl::get<NormalisedPixels>(image);
    if (normalised.pixels.size() != rgb_.size())
      return WrongValueCount(rgb_.size(), normalised.pixels.size());
    input.normalised = normalised.pixels.data();
  }
  return input;
}

absl::Status ClassifyWorker::Execute(const NetworkInput& input, ThreadTeam& team) {
  EDGENEXT_RETURN_IF_ERROR(executor_->Execute({&input, 1}, absl::MakeSpan(logits_), team));
  if (!std::all_of(logits_.begin(), logits_.end(), [](float logit) { return std::isfinite(logit); })) {
    return absl::InternalError("a logit is not finite");
  }
  return absl::OkStatus();
}

absl::Status ClassifyWorker::ExplainFailure(const absl::Status& status, const ImageInput& image) const {
  if (HasUnreasonablePixel(image)) {
    return WithReason(
        absl::InvalidArgumentError("the image has values that are not finite or far out of range"),
        kReasonBadTensor);
  }
  return WithReason(absl::InternalError(status.ToString()), kReasonExecutionFailed);
}

}  // namespace edgenext::serving
