#include "server/pipeline/single_flight.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "gtest/gtest.h"
#include "model/base/error_reason.h"
#include "server/batching/task_status.h"
#include "tests/testing/recording_metrics.h"
#include "tests/testing/simulated_clock.h"

namespace edgenext::serving {
namespace {

using testing::RecordingMetrics;
using testing::SimulatedClock;

constexpr int kClasses = 3;

// Image `i` has the logits i, 0, 0.
std::vector<float> LogitsOf(int image) { return {static_cast<float>(image), 0, 0}; }

ImageKey KeyOf(int image) {
  ImageKey key{};
  key[5] = static_cast<uint8_t>(image);
  return key;
}

// One task as the client sees it.
struct Client {
  int image = 0;
  TaskAttributes attributes;
  bool wants_logits = false;
  std::shared_ptr<Cancellation> cancellation = std::make_shared<Cancellation>();
  int scheduled = 0;
  std::vector<absl::StatusOr<ImageResult>> answers;
  MonotonicTime answered_at;
};

// Tasks that are scheduled wait here until the test ends them, as workers would.
class SingleFlightTest : public ::testing::Test {
 protected:
  Client& Arrive(int image, TaskAttributes attributes = {}, bool wants_logits = false) {
    clients_.push_back(std::make_unique<Client>());
    Client& client = *clients_.back();
    client.image = image;
    client.attributes = attributes;
    client.wants_logits = wants_logits;
    ImageRequest request;
    request.attributes = std::move(attributes);
    request.attributes.client_key = std::to_string(clients_.size() - 1);
    request.outputs.top_k = 1;
    request.outputs.logits = wants_logits;
    request.cancellation = client.cancellation;
    request.done = [this, &client](absl::StatusOr<ImageResult> result) {
      client.answers.push_back(std::move(result));
      client.answered_at = clock_.Now();
    };
    AdmissionRequest room;
    room.bytes = 10;
    auto task =
        std::make_unique<ClassifyTask>(std::move(request), admission_.Admit(room).value(), &observer_);
    flights_.Classify(KeyOf(image), std::move(task));
    return client;
  }

  Client& ClientOf(const ClassifyTask& task) {
    return *clients_.at(static_cast<size_t>(std::stoi(task.attributes().client_key)));
  }

  // A worker takes the i-th scheduled task and ends it with `status`, or in time's or the client's name.
  void Run(size_t i, absl::Status status = absl::OkStatus()) {
    const std::unique_ptr<ClassifyTask> task = std::move(scheduled_.at(i));
    scheduled_.erase(scheduled_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!task->begun()) task->OnBegin();
    absl::Status runnable = CheckRunnable(*task, clock_.Now());
    if (!runnable.ok()) return task->Abandon(std::move(runnable));
    if (!status.ok()) return task->Finish(std::move(status), Stage::kExecute);
    ImageResult result;
    result.predictions = {{0, LogitsOf(ClientOf(*task).image)[0], 1}};
    EXPECT_TRUE(task->outputs().logits) << "they are to be kept";
    result.logits = LogitsOf(ClientOf(*task).image);
    result.timings.batch_size = 1;
    task->Finish(std::move(result), Stage::kPostprocess);
  }

  TaskAttributes Attributes(TaskClass task_class, absl::Duration until_deadline = absl::InfiniteDuration()) {
    TaskAttributes attributes;
    attributes.task_class = task_class;
    attributes.deadline = clock_.Now() + until_deadline;
    return attributes;
  }

  SimulatedClock clock_;
  RecordingMetrics metrics_;
  AdmissionController admission_{{1 << 20, size_t{1} << 30}, &clock_};
  const TaskObserver observer_{&metrics_, &clock_, absl::Milliseconds(100), &admission_};
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<ClassifyTask>> scheduled_;
  size_t cache_bytes_ = 4 * ResultCache::BytesOf(LogitsOf(0));
  absl::optional<absl::Status> refused_;  // with which scheduling is refused
  int refusals_ = 0;                      // under way
  int deepest_refusal_ = 0;
  SingleFlight flights_{cache_bytes_, &clock_, [this](std::unique_ptr<ClassifyTask> task) {
                          ++ClientOf(*task).scheduled;
                          if (!refused_) return scheduled_.push_back(std::move(task));
                          deepest_refusal_ = std::max(deepest_refusal_, ++refusals_);
                          task->Abandon(*refused_);
                          --refusals_;
                        }};
};

TEST_F(SingleFlightTest, AFollowerGivesItsPlaceBackAndKeepsItsBytes) {
  Arrive(1);
  Arrive(1);
  Arrive(1);
  EXPECT_EQ(admission_.usage().images, 1);
  EXPECT_EQ(admission_.usage().bytes, 30);
  Run(0);
  EXPECT_EQ(admission_.usage().images, 0);
  EXPECT_EQ(admission_.usage().bytes, 0);
}

TEST_F(SingleFlightTest, ALeaderThatTakesOverHasAPlaceAgain) {
  Client& leader = Arrive(1);
  Arrive(1);
  leader.cancellation->Cancel();
  Run(0);
  EXPECT_EQ(scheduled_.size(), 1u);
  EXPECT_EQ(admission_.usage().images, 1);
  EXPECT_EQ(admission_.usage().bytes, 10);
  Run(0);
  EXPECT_EQ(admission_.usage().images, 0);
}

TEST_F(SingleFlightTest, LogitsAreGivenToWhoWantsThem) {
  Client& leader = Arrive(2);
  Client& follower = Arrive(2, {}, true);
  Run(0);
  EXPECT_TRUE(leader.answers.at(0)->logits.empty());
  EXPECT_EQ(follower.answers.at(0)->logits, LogitsOf(2));
  Client& other_leader = Arrive(3, {}, true);
  Run(0);
  EXPECT_EQ(other_leader.answers.at(0)->logits, LogitsOf(3));
}

TEST_F(SingleFlightTest, FollowsOnlyWhoIsServedNoLater) {
  const TaskClass bulk = TaskClass::kBulk, interactive = TaskClass::kInteractive;
  Arrive(1, Attributes(bulk, absl::Seconds(5)));
  Arrive(1, Attributes(bulk, absl::Seconds(5)));
  Arrive(1, Attributes(bulk, absl::Seconds(9)));
  EXPECT_EQ(scheduled_.size(), 1u) << "equal or later deadlines follow";
  Arrive(1, Attributes(bulk, absl::Seconds(4)));
  EXPECT_EQ(scheduled_.size(), 2u) << "a sooner one leads";
  Arrive(1, Attributes(interactive, absl::Seconds(7)));
  EXPECT_EQ(scheduled_.size(), 3u) << "an interactive one does not wait for bulk";
  Arrive(1, Attributes(bulk, absl::Seconds(1)));
  Arrive(1, Attributes(interactive, absl::Seconds(7)));
  EXPECT_EQ(scheduled_.size(), 3u) << "both follow the interactive one";
  scheduled_[2]->OnBegin();
  Arrive(1, Attributes(interactive, absl::Seconds(1)));
  EXPECT_EQ(scheduled_.size(), 3u) << "a worker is at it: nothing is sooner";
  Run(2);
  EXPECT_EQ(flights_.counts().shared, 5) << "whomever of the leaders they followed";
  Run(0);
  Run(0);
  EXPECT_EQ(flights_.counts().misses, 3);
}

TEST_F(SingleFlightTest, FollowersOfALeaderThatFailsStayWithAnother) {
  Client& sooner = Arrive(1, Attributes(TaskClass::kBulk, absl::Seconds(1)));
  Client& follower = Arrive(1, Attributes(TaskClass::kBulk, absl::Seconds(9)));
  Arrive(1, Attributes(TaskClass::kInteractive));
  sooner.cancellation->Cancel();
  Run(0);
  EXPECT_EQ(scheduled_.size(), 1u);
  EXPECT_TRUE(follower.answers.empty());
  Run(0);
  EXPECT_TRUE(follower.answers.at(0).ok());
  EXPECT_EQ(follower.scheduled, 0);
}

TEST_F(SingleFlightTest, FollowersThatAreOverEndWhenAnotherComes) {
  Arrive(1);
  Client& cancelled = Arrive(1);
  Client& expired = Arrive(1, Attributes(TaskClass::kBulk, absl::Seconds(1)));
  Client& patient = Arrive(1);
  cancelled.cancellation->Cancel();
  clock_.Advance(absl::Seconds(1));
  Arrive(1);
  EXPECT_TRUE(absl::IsCancelled(cancelled.answers.at(0).status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(expired.answers.at(0).status()));
  EXPECT_TRUE(patient.answers.empty());
  EXPECT_EQ(admission_.usage().bytes, 30);
  Run(0);
  EXPECT_TRUE(patient.answers.at(0).ok());
}

TEST_F(SingleFlightTest, ManyThatAreRefusedTogetherEndOneAfterTheOther) {
  Client& leader = Arrive(1);
  for (int i = 0; i < 100; ++i) Arrive(1);
  refused_ = DrainingStatus();
  scheduled_[0]->Abandon(DrainingStatus());
  scheduled_.clear();
  EXPECT_TRUE(absl::IsUnavailable(leader.answers.at(0).status()));
  for (const auto& client : clients_) {
    ASSERT_EQ(client->answers.size(), 1u);
    ASSERT_TRUE(absl::IsUnavailable(client->answers[0].status()));
  }
  EXPECT_EQ(deepest_refusal_, 1) << "none within another's, whatever their number";
}

// Any mix of images, classes, deadlines, cancellations and ends of leaders.
TEST_F(SingleFlightTest, EveryTaskEndsOnceInTimeAndWithItsOwnResult) {
  std::mt19937 random(1);
  const auto up_to = [&random](int most) { return static_cast<int>(random() % static_cast<unsigned>(most)); };
  int at_once = 0;
  for (int step = 0; step < 20'000; ++step) {
    switch (up_to(8)) {
      case 0:
      case 1:
      case 2: {
        const absl::Duration deadlines[] = {absl::InfiniteDuration(), absl::Seconds(2), absl::Seconds(30)};
        Client& client = Arrive(
            up_to(8),
            Attributes(up_to(2) == 0 ? TaskClass::kBulk : TaskClass::kInteractive, deadlines[up_to(3)]),
            up_to(2) == 0);
        at_once += client.answers.empty() ? 0 : 1;
        break;
      }
      case 3:
        clock_.Advance(absl::Milliseconds(up_to(1000)));
        break;
      case 4:
        if (!clients_.empty()) {
          const size_t recent = std::min<size_t>(clients_.size(), 20);
          clients_[clients_.size() - 1 - random() % recent]->cancellation->Cancel();
        }
        break;
      case 5:
        if (!scheduled_.empty()) {
          ClassifyTask& task = *scheduled_[random() % scheduled_.size()];
          if (!task.begun()) task.OnBegin();
        }
        break;
      default:
        if (!scheduled_.empty()) {
          const absl::Status ends[] = {absl::OkStatus(), absl::OkStatus(),
                                       absl::InvalidArgumentError("image"), absl::InternalError("executor"),
                                       absl::ResourceExhaustedError("full")};
          Run(random() % scheduled_.size(), ends[up_to(5)]);
        }
    }
  }
  while (!scheduled_.empty()) Run(0);

  int64_t good = 0, led = 0;
  for (const auto& client : clients_) {
    ASSERT_EQ(client->answers.size(), 1u);
    ASSERT_LE(client->scheduled, 1);
    led += client->scheduled;
    const absl::StatusOr<ImageResult>& answer = client->answers[0];
    if (!answer.ok()) continue;
    ++good;
    EXPECT_LT(client->answered_at, client->attributes.deadline);
    ASSERT_EQ(answer->predictions.size(), 1u);
    EXPECT_EQ(answer->predictions[0].logit, static_cast<float>(client->image));
    EXPECT_EQ(answer->logits, client->wants_logits ? LogitsOf(client->image) : std::vector<float>());
    EXPECT_EQ(answer->timings.batch_size, client->scheduled);
  }
  const SingleFlight::Counts counts = flights_.counts();
  EXPECT_EQ(counts.misses, led);
  EXPECT_GT(counts.hits, 100);
  EXPECT_LE(counts.hits, at_once);
  EXPECT_GT(counts.shared, 100);
  EXPECT_LE(counts.bytes, cache_bytes_);
  EXPECT_EQ(counts.entries, 4u);
  EXPECT_GT(good, led / 2);
  EXPECT_EQ(admission_.usage().images, 0);
  EXPECT_EQ(admission_.usage().bytes, 0);
}

}  // namespace
}  // namespace edgenext::serving
