// Whatever threads do, the budget is never exceeded, all of it comes back, and everybody who waits is
// answered once.

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/pipeline/admission_controller.h"

namespace edgenext::serving {
namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 20'000;
constexpr int kPlaces = 7;
constexpr int kBytes = 700;

AdmissionLimits Limits() {
  AdmissionLimits limits;
  limits.workers = 2;
  limits.queue_capacity = kPlaces;
  limits.max_inflight_bytes = kBytes;
  limits.max_open_calls = 5;
  return limits;
}

// One thread's part: random steps of random requests.
class Client {
 public:
  Client(AdmissionController& controller, unsigned seed) : controller_(controller), random_(seed) {}

  void Run() {
    for (int round = 0; round < kRounds; ++round) {
      CheckBudget();
      Step();
    }
    GiveBackAll();
  }
  // Whether there was anything.
  bool GiveBackAll() {
    std::deque<Admission> all;
    std::lock_guard<std::mutex> lock(mu_);
    all.swap(held_);
    return !all.empty();
  }
  int asked() const { return asked_; }
  int answered() const { return answered_; }

 private:
  int Number(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

  AdmissionRequest RandomRequest() {
    AdmissionRequest request;
    request.images = Number(3);
    request.bytes = static_cast<size_t>(Number(kBytes / 2));
    request.client = std::to_string(Number(2));
    if (Number(2) == 0) request.task_class = TaskClass::kBulk;
    if (Number(1) == 0) request.deadline = Clock::Real().Now() + absl::Microseconds(Number(2000));
    return request;
  }

  void CheckBudget() const {
    const AdmissionController::Usage usage = controller_.usage();
    EXPECT_GE(usage.images, 0);
    EXPECT_LE(usage.images, kPlaces);
    EXPECT_GE(usage.bytes, 0);
    EXPECT_LE(usage.bytes, kBytes);
    EXPECT_GE(usage.executing, 0);
    EXPECT_LE(usage.open_calls, 5);
  }

  void Keep(Admission admission) {
    Admission first;  // given back with no lock held
    std::lock_guard<std::mutex> lock(mu_);
    held_.push_back(std::move(admission));
    if (held_.size() > 2) {
      first = std::move(held_.front());
      held_.pop_front();
    }
  }
  Admission TakeHeld() {
    std::lock_guard<std::mutex> lock(mu_);
    if (held_.empty()) return Admission();
    Admission first = std::move(held_.front());
    held_.pop_front();
    return first;
  }
  AdmissionController::Admitted OnAnswer() {
    ++asked_;
    return [this](absl::StatusOr<Admission> admission) {
      ++answered_;
      if (admission.ok()) Keep(*std::move(admission));
    };
  }

  void Step() {
    const AdmissionRequest request = RandomRequest();
    switch (Number(7)) {
      case 0:
      case 1:
        if (absl::StatusOr<Admission> admission = controller_.Admit(request); admission.ok()) {
          if (admission->bytes() == request.bytes) {
            Keep(*std::move(admission));
          } else {
            wait_ = controller_.AwaitBytes(*std::move(admission), request.bytes, OnAnswer());
          }
        }
        break;
      case 2: {
        AdmissionRequest bytes = request;
        bytes.images = 0;
        absl::StatusOr<Admission> admission = controller_.Admit(bytes);
        if (!admission.ok() || admission->bytes() < bytes.bytes) break;
        wait_ = controller_.AwaitPlaces(*std::move(admission), request, OnAnswer());
        break;
      }
      case 3:
        controller_.EndWait(wait_, absl::CancelledError("enough"));
        break;
      case 4:
        if (Admission admission = TakeHeld(); admission.bytes() > 0) {
          const int images = admission.images();
          const bool settled = admission.Settle(request).ok();
          EXPECT_EQ(admission.images(), settled ? request.images : images);
          admission.ReleasePlaces();
          Keep(std::move(admission));
        }
        break;
      case 5:
        controller_.ObserveServiceTime(absl::Microseconds(Number(50)));
        if (controller_.OpenCall().ok()) controller_.CloseCall();
        break;
      case 6: {
        const auto offer = controller_.OfferBytes([this] { TakeHeld(); });
        if (Number(1) == 0) controller_.Withdraw(offer);
        break;
      }
      default:
        TakeHeld();
    }
  }

  AdmissionController& controller_;
  std::mt19937 random_;
  AdmissionController::WaitId wait_ = 0;
  std::mutex mu_;
  std::deque<Admission> held_;  // guarded by mu_
  std::atomic<int> asked_{0}, answered_{0};
};

TEST(AdmissionRaceTest, TheBudgetHoldsAndEverybodyIsAnswered) {
  AdmissionController controller(Limits(), &Clock::Real());
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) clients.push_back(std::make_unique<Client>(controller, i));
  for (const auto& client : clients) threads.emplace_back([&client] { client->Run(); });
  for (std::thread& thread : threads) thread.join();
  controller.Close();
  // Who waits for places is served on, and holds them then.
  for (bool more = true; more;) {
    more = false;
    for (const auto& client : clients) more = client->GiveBackAll() || more;
  }
  int asked = 0;
  for (const auto& client : clients) {
    EXPECT_EQ(client->answered(), client->asked());
    asked += client->asked();
  }
  EXPECT_GT(asked, kRounds / 10) << "or the test says little";
  clients.clear();
  EXPECT_TRUE(controller.AwaitIdle(Clock::Real().Now()));
  EXPECT_EQ(controller.usage().open_calls, 0);
}

}  // namespace
}  // namespace edgenext::serving
