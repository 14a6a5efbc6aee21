#ifndef TESTS_SERVER_PIPELINE_PIPELINE_FIXTURE_H_
#define TESTS_SERVER_PIPELINE_PIPELINE_FIXTURE_H_

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
#include "model/kernels/kernels.h"
#include "server/pipeline/classify_pipeline.h"
#include "tests/testing/fake_executor.h"
#include "tests/testing/recording_metrics.h"
#include "tests/testing/simulated_clock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {

// A BMP file of one colour.
inline std::string SolidBmp(int width, int height, uint8_t red, uint8_t green, uint8_t blue) {
  const size_t row_bytes = (static_cast<size_t>(width) * 3 + 3) / 4 * 4;
  const size_t pixels_bytes = row_bytes * static_cast<size_t>(height);
  std::string file = "BM";
  const auto append = [&file](uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  };
  append(54 + pixels_bytes, 4);
  append(0, 4);
  append(54, 4);
  append(40, 4);
  append(static_cast<uint64_t>(width), 4);
  append(static_cast<uint64_t>(height), 4);
  append(1, 2);
  append(24, 2);
  append(0, 4);
  append(pixels_bytes, 4);
  for (int i = 0; i < 4; ++i) append(0, 4);
  std::string row;
  for (int x = 0; x < width; ++x)
    row += {static_cast<char>(blue), static_cast<char>(green), static_cast<char>(red)};
  row.resize(row_bytes);
  for (int y = 0; y < height; ++y) file += row;
  return file;
}

// A pipeline with the real decoder and preprocessor around a fake network that takes kExecution, on a
// simulated clock. The model "fake", version "3", reads kSide x kSide pixels and has kClasses classes.
class PipelineTest : public ::testing::Test {
 protected:
  static constexpr int kSide = 8;
  static constexpr int kClasses = 5;
  static constexpr absl::Duration kExecution = absl::Milliseconds(10);
  static constexpr MonotonicTime kNever = MonotonicTime::InfiniteFuture();

  PipelineTest() {
    network_.SetOnExecute([this] { clock_.Advance(kExecution); });
    options_.metrics = &metrics_;
    options_.clock = &clock_;
    options_.max_batch_size = 1;
    options_.retry_random = [] { return 0.5; };
  }
  // Lets go of workers that a failed test has left at the gate.
  ~PipelineTest() override { network_.gate().Open(); }

  static std::shared_ptr<ServedModel> MakeModel(ExecutorFactory factory) {
    auto model = std::make_shared<ServedModel>();
    model->name = "fake";
    model->version = "3";
    for (int i = 0; i < kClasses; ++i) model->labels.push_back("label " + std::to_string(i));
    model->preprocess.height = model->preprocess.width = kSide;
    model->preprocess.crop_pct = 1;
    model->make_executor = std::move(factory);
    model->kernels = kernels::FindKernelTable(kernels::Isa::kScalar);
    return model;
  }

  void MakePipeline() { pipeline_ = std::make_unique<ClassifyPipeline>(options_); }
  // From `options_`; ready afterwards.
  void Serve() {
    MakePipeline();
    const absl::Status status = pipeline_->Serve(MakeModel(network_.factory()));
    ASSERT_TRUE(status.ok()) << status;
    warm_ups_ = network_.executions();
  }
  // As Serve, and has the only worker busy with an image whose result is `held_`.
  void ServeAndHold() {
    Serve();
    network_.gate().Close();
    held_ = Classify(RgbPixels{Image({1})});
    network_.gate().AwaitArrivals(warm_ups_ + 1);
  }

  // An 8-bit image that begins with `values`, the first logits times kScale. Kept until the test ends.
  absl::Span<const uint8_t> Image(std::vector<uint8_t> values) {
    values.resize(3 * kSide * kSide);
    images_.push_back(std::make_unique<std::vector<uint8_t>>(std::move(values)));
    return *images_.back();
  }
  absl::Span<const float> NormalisedImage(std::vector<float> values) {
    values.resize(3 * kSide * kSide);
    normalised_.push_back(std::make_unique<std::vector<float>>(std::move(values)));
    return *normalised_.back();
  }

  using Result = std::future<absl::StatusOr<ImageResult>>;

  Result Classify(ImageInput image, TaskAttributes attributes = {},
                  std::shared_ptr<Cancellation> cancellation = nullptr,
                  OutputSpec outputs = {kClasses, false, false}) {
    AdmissionRequest request;
    request.bytes = 100;
    absl::StatusOr<Admission> admission = pipeline_->admission().Admit(request);
    if (!admission.ok()) {
      ADD_FAILURE() << admission.status();
      return {};
    }
    return Schedule(image, *std::move(admission), std::move(attributes), std::move(cancellation), outputs);
  }
  Result Schedule(ImageInput image, Admission admission, TaskAttributes attributes = {},
                  std::shared_ptr<Cancellation> cancellation = nullptr,
                  OutputSpec outputs = {kClasses, false, false}) {
    // A second call of `done` would throw in set_value.
    auto promise = std::make_shared<std::promise<absl::StatusOr<ImageResult>>>();
    ImageRequest request;
    request.image = image;
    request.outputs = outputs;
    request.attributes = std::move(attributes);
    request.cancellation = std::move(cancellation);
    request.done = [promise](absl::StatusOr<ImageResult> result) { promise->set_value(std::move(result)); };
    Result result = promise->get_future();
    pipeline_->Schedule(std::move(request), std::move(admission));
    return result;
  }

  // After ServeAndHold: stops the pipeline, whose time to finish passes while the worker is held. All of
  // `results` are cut off, and nothing else.
  void ExpectStopCutsOff(std::vector<Result> results) {
    const MonotonicTime deadline = clock_.Now() + absl::Seconds(20);
    int cut_off = 0;
    std::thread stop([&] { cut_off = pipeline_->Stop(deadline); });
    clock_.AwaitWaiters(1, deadline);
    clock_.SetTime(deadline);
    for (Result& result : results) {
      const absl::Status status = result.get().status();
      EXPECT_THAT(status, testing::StatusIs(absl::StatusCode::kUnavailable));
      EXPECT_EQ(GetReason(status), kReasonDraining);
    }
    network_.gate().Open();
    stop.join();
    EXPECT_EQ(cut_off, static_cast<int>(results.size()));
    EXPECT_THAT(held_.get(), testing::IsOk()) << "what was running is finished";
  }

  // `duration` from now.
  TaskAttributes Deadline(absl::Duration duration) const {
    TaskAttributes attributes;
    attributes.deadline = clock_.Now() + duration;
    return attributes;
  }

  testing::SimulatedClock clock_;
  testing::RecordingMetrics metrics_;
  testing::FakeNetwork network_{kSide, kSide, kClasses};
  std::vector<std::unique_ptr<std::vector<uint8_t>>> images_;
  std::vector<std::unique_ptr<std::vector<float>>> normalised_;
  ClassifyPipeline::Options options_;
  int warm_ups_ = 0;  // executions before serving
  Result held_;
  std::unique_ptr<ClassifyPipeline> pipeline_;
};

}  // namespace edgenext::serving

#endif  // TESTS_SERVER_PIPELINE_PIPELINE_FIXTURE_H_
