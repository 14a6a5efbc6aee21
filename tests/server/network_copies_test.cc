#include "server/network_copies.h"

#include <sched.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/machine/machine.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kWeightsBytes = 1000;

// Knows its place among the copies; never run.
class FakeNetwork final : public Network {
 public:
  explicit FakeNetwork(int index) : index_(index) {}
  int index() const { return index_; }

  absl::StatusOr<std::unique_ptr<Executor>> MakeExecutor(const ExecutorOptions& /*options*/) const override {
    return absl::UnimplementedError("fake");
  }
  absl::Status Trace(const NetworkInput& /*input*/, absl::Span<float> /*logits*/,
                     ActivationTrace* /*trace*/) const override {
    return absl::UnimplementedError("fake");
  }
  absl::StatusOr<std::vector<OpTime>> Profile(const NetworkInput& /*input*/,
                                              int /*repetitions*/) const override {
    return absl::UnimplementedError("fake");
  }
  const EdgeNextConfig& config() const override { return config_; }
  const NetworkOptions& options() const override { return options_; }
  size_t weights_bytes() const override { return kWeightsBytes; }
  size_t arena_bytes() const override { return 0; }

 private:
  const int index_;
  const EdgeNextConfig config_{};
  const NetworkOptions options_;
};

int IndexOf(const Network& network) { return static_cast<const FakeNetwork&>(network).index(); }

// A machine whose CPUs are numbers that the test sets, and whose packing is counted.
class NetworkCopiesTest : public ::testing::Test {
 protected:
  static constexpr int kUnpinned = -1;

  NetworkCopies Copies(std::vector<std::vector<int>> nodes, size_t max_extra_bytes) {
    NetworkCopies::Options options;
    options.nodes = std::move(nodes);
    options.max_extra_bytes = max_extra_bytes;
    options.run_on_cpu = [this](int cpu, const std::function<void()>& work) -> absl::Status {
      if (cpu == forbidden_) return absl::FailedPreconditionError(absl::StrCat("no CPU ", cpu));
      const int before = std::exchange(cpu_, cpu);
      work();
      cpu_ = before;
      return absl::OkStatus();
    };
    options.this_cpu = [this] { return cpu_; };
    return NetworkCopies(std::move(options));
  }
  PackFunction Pack() {
    return [this]() -> absl::StatusOr<std::shared_ptr<const Network>> {
      packed_on_.push_back(cpu_);
      if (static_cast<int>(packed_on_.size()) == fails_at_) return absl::InternalError("cannot be packed");
      return std::make_shared<FakeNetwork>(static_cast<int>(packed_on_.size()) - 1);
    };
  }
  // Which copy a worker on that CPU gets.
  int CopyOf(const NetworkCopies& copies, int cpu) {
    cpu_ = cpu;
    return IndexOf(copies.ForThisThread());
  }

  int cpu_ = kUnpinned;  // of the thread that runs
  int forbidden_ = -2;
  int fails_at_ = 0;            // the call of the packing that fails, from 1
  std::vector<int> packed_on_;  // the CPU of each call
};

TEST_F(NetworkCopiesTest, WithoutPinnedWorkersOrOnOneNodeTheLoadingThreadPacksTheOnlyCopy) {
  for (const std::vector<std::vector<int>>& nodes : {std::vector<std::vector<int>>{}, {{2, 3}}}) {
    packed_on_.clear();
    cpu_ = kUnpinned;
    NetworkCopies copies = Copies(nodes, 1 << 20);
    ASSERT_OK_AND_ASSIGN(const std::shared_ptr<const Network> first, copies.Pack(Pack()));
    EXPECT_EQ(IndexOf(*first), 0);
    EXPECT_THAT(packed_on_, ElementsAre(kUnpinned));
    EXPECT_EQ(copies.size(), 1u);
    EXPECT_EQ(CopyOf(copies, 3), 0);
    EXPECT_EQ(CopyOf(copies, 77), 0);
  }
}

TEST_F(NetworkCopiesTest, EachNodesCopyIsPackedOnItAndGoesToItsWorkers) {
  NetworkCopies copies = Copies({{1, 9}, {4}, {6, 14}}, 2 * kWeightsBytes);
  ASSERT_OK_AND_ASSIGN(const std::shared_ptr<const Network> first, copies.Pack(Pack()));
  EXPECT_EQ(IndexOf(*first), 0);
  EXPECT_THAT(packed_on_, ElementsAre(1, 4, 6));
  EXPECT_EQ(copies.size(), 3u);
  EXPECT_THAT((std::vector<int>{CopyOf(copies, 14), CopyOf(copies, 1), CopyOf(copies, 4), CopyOf(copies, 9),
                                CopyOf(copies, 6)}),
              ElementsAre(2, 0, 1, 0, 2));
}

TEST_F(NetworkCopiesTest, WhereMemoryIsShortAllWorkersShareTheFirst) {
  NetworkCopies copies = Copies({{1}, {4}, {6}}, 2 * kWeightsBytes - 1);
  ASSERT_THAT(copies.Pack(Pack()), IsOk());
  EXPECT_THAT(packed_on_, ElementsAre(1));
  EXPECT_EQ(copies.size(), 1u);
  EXPECT_EQ(CopyOf(copies, 6), 0);
}

TEST_F(NetworkCopiesTest, ErrorsAreReturned) {
  fails_at_ = 2;
  NetworkCopies copies = Copies({{1}, {4}}, kWeightsBytes);
  EXPECT_THAT(copies.Pack(Pack()), StatusIs(absl::StatusCode::kInternal, HasSubstr("cannot be packed")));
  packed_on_.clear();
  forbidden_ = 1;
  NetworkCopies forbidden = Copies({{1}, {4}}, kWeightsBytes);
  EXPECT_THAT(forbidden.Pack(Pack()), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("CPU 1")));
  EXPECT_THAT(packed_on_, IsEmpty());
}

// Two nodes of two CPUs; who is pinned where decides how many copies there are.
TEST_F(NetworkCopiesTest, NodesAreThoseOfThePinnedWorkers) {
  Machine machine;
  machine.allowed_cpus = {0, 1, 2, 3};
  machine.cores = {{0}, {1}, {2}, {3}};
  machine.numa_nodes = {{0, 1}, {2, 3}};
  EXPECT_THAT(NodesOf(machine, PinnedCpus(machine, PinMode::kAuto, 4)),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
  EXPECT_THAT(NodesOf(machine, PinnedCpus(machine, PinMode::kOn, 3)),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2)));
  EXPECT_THAT(NodesOf(machine, PinnedCpus(machine, PinMode::kOn, 2)), ElementsAre(ElementsAre(0, 1)));
  machine.cpu_quota = 3.0;
  EXPECT_THAT(NodesOf(machine, PinnedCpus(machine, PinMode::kAuto, 3)), IsEmpty()) << "not pinned";
}

TEST(RunOnCpuTest, WorksOnThatCpuAndLeavesTheCallerAlone) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  const int cpu = ReadMachine().allowed_cpus.back();
  std::thread::id thread;
  int ran_on = -1;
  cpu_set_t within;
  ASSERT_THAT(RunOnCpu(cpu,
                       [&] {
                         thread = std::this_thread::get_id();
                         ran_on = sched_getcpu();
                         sched_getaffinity(0, sizeof(within), &within);
                       }),
              IsOk());
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(ran_on, cpu);
  EXPECT_EQ(CPU_COUNT(&within), 1);
  cpu_set_t after;
  ASSERT_EQ(sched_getaffinity(0, sizeof(after), &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(RunOnCpuTest, WithoutThatCpuNothingRuns) {
  bool ran = false;
  EXPECT_THAT(RunOnCpu(1023, [&ran] { ran = true; }),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("CPU 1023")));
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace edgenext::serving
