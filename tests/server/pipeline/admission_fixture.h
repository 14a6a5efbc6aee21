#ifndef TESTS_SERVER_PIPELINE_ADMISSION_FIXTURE_H_
#define TESTS_SERVER_PIPELINE_ADMISSION_FIXTURE_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/pipeline/admission_controller.h"
#include "tests/testing/simulated_clock.h"

namespace edgenext::serving {

// A controller for one worker with 10 places, 1000 bytes, 2 open calls and a longest wait of 5 s, on a
// simulated clock.
class AdmissionTest : public ::testing::Test {
 protected:
  static AdmissionLimits Limits() {
    AdmissionLimits limits;
    limits.queue_capacity = 10;
    limits.max_inflight_bytes = 1000;
    limits.max_queue_wait = absl::Seconds(5);
    limits.max_open_calls = 2;
    return limits;
  }
  static AdmissionRequest Request(int images, size_t bytes,
                                  MonotonicTime deadline = MonotonicTime::InfiniteFuture()) {
    AdmissionRequest request;
    request.images = images;
    request.bytes = bytes;
    request.deadline = deadline;
    return request;
  }

  // With all its bytes.
  Admission MustAdmit(int images, size_t bytes) {
    absl::StatusOr<Admission> admission = controller_.Admit(Request(images, bytes));
    EXPECT_TRUE(admission.ok()) << admission.status();
    if (!admission.ok()) return Admission();
    EXPECT_EQ(admission->bytes(), bytes);
    return *std::move(admission);
  }
  void ExpectUsage(int images, int64_t bytes, int executing = 0) {
    const AdmissionController::Usage usage = controller_.usage();
    EXPECT_EQ(usage.images, images);
    EXPECT_EQ(usage.bytes, bytes);
    EXPECT_EQ(usage.executing, executing);
  }

  testing::SimulatedClock clock_;
  double random_ = 0.5;
  std::vector<int> refused_;  // images of each refusal
  AdmissionController controller_{Limits(), &clock_, [this](int images) { refused_.push_back(images); },
                                  [this] { return random_; }};
};

}  // namespace edgenext::serving

#endif  // TESTS_SERVER_PIPELINE_ADMISSION_FIXTURE_H_
