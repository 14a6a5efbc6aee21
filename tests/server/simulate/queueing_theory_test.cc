// The simulator against formulas of queueing theory, whose values it does not know.

#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"
#include "server/simulate/random.h"
#include "server/simulate/simulation.h"

namespace edgenext::serving {
namespace {

constexpr absl::Duration kService = absl::Milliseconds(10);
constexpr int kRuns = 20;
constexpr int kRequests = 20000;  // of a run, about

// Poisson arrivals whose work is exponential, or always 1.
class MarkovArrivals final : public ArrivalSource {
 public:
  MarkovArrivals(double rate, bool exponential, uint64_t seed)
      : rate_(rate), exponential_(exponential), random_(seed) {}

  absl::optional<Arrival> Next() override {
    at_ += absl::Seconds(random_.Exponential() / rate_);
    Arrival arrival;
    arrival.at = at_;
    const double work = random_.Exponential();
    arrival.work = exponential_ ? work : 1;
    return arrival;
  }

 private:
  const double rate_;
  const bool exponential_;
  Random random_;
  absl::Duration at_ = absl::ZeroDuration();
};

// The mean latencies of independent runs, in units of the mean service time.
std::vector<double> MeanLatencies(double load, int workers, bool exponential, ServingPolicy::Kind kind) {
  std::vector<double> means;
  for (int run = 0; run < kRuns; ++run) {
    const double rate = load * workers / absl::ToDoubleSeconds(kService);
    SimulationOptions options;
    options.policy.kind = kind;
    options.policy.admission.workers = workers;
    options.policy.admission.queue_capacity = 1 << 20;
    options.policy.admission.max_queue_wait = absl::Hours(1);
    options.service.execution = options.service.believed = CostTable::Constant(kService);
    options.fleet.replica.workers = workers;
    options.duration = absl::Seconds(kRequests / rate);
    MarkovArrivals arrivals(rate, exponential, static_cast<uint64_t>(1000 + run));
    const SimulationResult result = Simulate(options, arrivals);
    EXPECT_EQ(result.outcomes.good, result.outcomes.requests);
    means.push_back(absl::FDivDuration(result.latencies.mean, kService));
  }
  return means;
}

// The expected value lies within 4 standard errors of the mean of the runs, which are narrow enough to tell.
// A run begins with nobody waiting, which lowers its mean by a few hundred of its 20,000 requests' waits at
// most.
void ExpectMean(const std::vector<double>& samples, double expected) {
  const auto n = static_cast<double>(samples.size());
  const double mean = std::accumulate(samples.begin(), samples.end(), 0.0) / n;
  double variance = 0;
  for (const double sample : samples) variance += (sample - mean) * (sample - mean) / (n - 1);
  const double error = std::sqrt(variance / n);
  EXPECT_NEAR(mean, expected, 4 * error);
  EXPECT_LT(error, 0.02 * expected);
}

// Pollaczek and Khinchine: the mean wait is load x (1 + cv^2) / (2 (1 - load)), cv being the service time's
// standard deviation over its mean.
double WithWait(double load, double cv) { return 1 + load * (1 + cv * cv) / (2 * (1 - load)); }

TEST(QueueingTheoryTest, OneWorkerWithExponentialWork) {
  for (const double load : {0.3, 0.6, 0.8}) {
    SCOPED_TRACE(load);
    ExpectMean(MeanLatencies(load, 1, true, ServingPolicy::Kind::kFifo), WithWait(load, 1));
  }
}

TEST(QueueingTheoryTest, OneWorkerWithConstantWork) {
  for (const double load : {0.3, 0.6, 0.8, 0.9}) {
    SCOPED_TRACE(load);
    ExpectMean(MeanLatencies(load, 1, false, ServingPolicy::Kind::kFifo), WithWait(load, 0));
  }
}

TEST(QueueingTheoryTest, OursIsTheSameQueueWithoutDeadlines) {
  ExpectMean(MeanLatencies(0.8, 1, false, ServingPolicy::Kind::kOurs), WithWait(0.8, 0));
}

// Erlang's C: the share of requests that wait for one of c workers, for exponential work.
TEST(QueueingTheoryTest, SeveralWorkersWithExponentialWork) {
  for (const int workers : {2, 8}) {
    SCOPED_TRACE(workers);
    const double load = 0.8, offered = load * workers;
    double term = 1, sum = 0;
    for (int k = 0; k < workers; ++k) {
      sum += term;
      term *= offered / (k + 1);
    }
    const double waits = term / (1 - load) / (sum + term / (1 - load));
    ExpectMean(MeanLatencies(load, workers, true, ServingPolicy::Kind::kFifo),
               1 + waits / (workers * (1 - load)));
  }
}

// M/D/c: looked at every D, the number of requests inside is a Markov chain (Crommelin): all that were in
// service have gone, and a Poisson number has come. Little's law turns its stationary mean queue into a wait.
double MeanWaitWithConstantWork(double load, int workers) {
  constexpr size_t kStates = 400;
  const double arrivals = load * workers;
  std::vector<double> poisson(kStates);
  poisson[0] = std::exp(-arrivals);
  for (size_t k = 1; k < kStates; ++k) poisson[k] = poisson[k - 1] * arrivals / static_cast<double>(k);
  std::vector<double> inside(kStates, 0);
  inside[0] = 1;
  const auto c = static_cast<size_t>(workers);
  for (int step = 0; step < 2000; ++step) {
    std::vector<double> next(kStates, 0);
    for (size_t n = 0; n < kStates; ++n) {
      const size_t left = n > c ? n - c : 0;
      for (size_t k = 0; left + k < kStates; ++k) next[left + k] += inside[n] * poisson[k];
    }
    inside = next;
  }
  double queued = 0;
  for (size_t n = c; n < kStates; ++n) queued += static_cast<double>(n - c) * inside[n];
  return queued / arrivals;
}

TEST(QueueingTheoryTest, SeveralWorkersWithConstantWork) {
  for (const int workers : {2, 4}) {
    SCOPED_TRACE(workers);
    ExpectMean(MeanLatencies(0.8, workers, false, ServingPolicy::Kind::kFifo),
               1 + MeanWaitWithConstantWork(0.8, workers));
  }
}

}  // namespace
}  // namespace edgenext::serving
