#include "client/load/load_trial.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/base/steady_time.h"
#include "client/load/http_get.h"
#include "client/load/load_run.h"
#include "client/load/metrics_text.h"
#include "client/load/recorder.h"

namespace edgenext {
namespace {

// Between two probes of the receiver, and two looks at the clock.
constexpr absl::Duration kTick = absl::Milliseconds(10);
constexpr absl::Duration kShowPeriod = absl::Seconds(1);
constexpr absl::Duration kMetricsTimeout = absl::Seconds(2);
// For the threads to start before the first request is due.
constexpr absl::Duration kLeadTime = absl::Milliseconds(50);

absl::StatusOr<MetricsText> ReadMetrics(const std::string& address) {
  if (address.empty()) return absl::UnavailableError("there is no --metrics address");
  const absl::StatusOr<std::string> text = HttpGet(address, "/metrics", kMetricsTimeout);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        absl::StrCat("http://", address, "/metrics: ", text.status().message()));
  }
  return MetricsText(*text);
}

LoadRun::Options RunOptions(const TrialSetup& setup, double rate) {
  const LoadOptions& options = setup.options;
  LoadRun::Options run;
  run.attempts = options.attempts;
  run.cancel_after = options.cancel_after;
  run.headers = options.headers;
  run.seed = options.seed;
  run.length = TrialLength(setup);
  switch (options.arrivals) {
    case LoadOptions::Arrivals::kPoisson:
      run.arrivals = PoissonArrivals(rate, run.length, options.seed);
      break;
    case LoadOptions::Arrivals::kConstant:
      run.arrivals = ConstantArrivals(rate, run.length);
      break;
    case LoadOptions::Arrivals::kTrace:
      run.arrivals = TraceArrivals(setup.trace, run.length);
      break;
    case LoadOptions::Arrivals::kClosedLoop:
      run.concurrency = options.concurrency;
      break;
  }
  return run;
}

// What happens beside the requests, at its time: probes, looks at the metrics, the live view.
class Attendant {
 public:
  Attendant(const TrialSetup& setup, LoadRun& run, Recorder& recorder, SteadyTime start,
            const std::function<void(const LiveView&)>& show)
      : setup_(setup),
        run_(run),
        recorder_(recorder),
        show_(show),
        start_(start),
        measured_from_(start + setup.options.warm_up),
        end_(start + TrialLength(setup)),
        last_shown_(start) {}

  // Until the run is over. Returns how much of the time after the warm-up has been used.
  absl::Duration Attend() {
    while (!run_.is_over()) {
      run_.Probe();
      const SteadyTime now = SteadyNow();
      if (*setup_.stopped && now < end_) {
        run_.Stop();
        end_ = std::max(now, measured_from_);
      }
      if (now >= measured_from_ && !before_.has_value()) before_ = ReadMetrics(setup_.metrics_address);
      if (now >= end_ && !after_.has_value()) after_ = ReadMetrics(setup_.metrics_address);
      if (now - last_shown_ >= kShowPeriod) Show(now);
      absl::SleepFor(kTick);
    }
    return end_ - measured_from_;
  }

  absl::StatusOr<ServerCost> Cost() {
    if (!before_.has_value()) return absl::UnavailableError("the run ended in its warm-up");
    if (!before_->ok()) return before_->status();
    if (!after_.has_value()) after_ = ReadMetrics(setup_.metrics_address);
    if (!after_->ok()) return after_->status();
    return CostBetween(**before_, **after_);
  }

 private:
  void Show(SteadyTime now) {
    LiveView view;
    view.elapsed = now - start_;
    view.total = end_ - start_;
    view.warm_up = setup_.options.warm_up;
    view.period = now - last_shown_;
    view.recent = recorder_.TakeRecent();
    view.in_flight = run_.in_flight();
    last_shown_ = now;
    show_(view);
  }

  const TrialSetup& setup_;
  LoadRun& run_;
  Recorder& recorder_;
  const std::function<void(const LiveView&)>& show_;
  const SteadyTime start_;
  const SteadyTime measured_from_;
  SteadyTime end_;
  SteadyTime last_shown_;
  absl::optional<absl::StatusOr<MetricsText>> before_;
  absl::optional<absl::StatusOr<MetricsText>> after_;
};

}  // namespace

absl::Duration TrialLength(const TrialSetup& setup) {
  const LoadOptions& options = setup.options;
  if (options.arrivals == LoadOptions::Arrivals::kTrace && !options.duration.has_value()) {
    return setup.trace.back().offset + absl::Milliseconds(1);  // the last one too
  }
  return options.warm_up + options.duration.value_or(absl::Seconds(10));
}

Trial RunTrial(const TrialSetup& setup, double rate, SenderThread& sender,
               const std::function<void(const LiveView&)>& show) {
  Recorder recorder;
  LoadRun run(RunOptions(setup, rate), setup.channels, *setup.payloads,
              RequestMix(setup.options, setup.payloads->size()), sender, recorder);
  const SteadyTime start = SteadyNow() + kLeadTime;
  run.Start(start);
  Attendant attendant(setup, run, recorder, start, show);
  RunFacts facts;
  facts.warm_up = setup.options.warm_up;
  facts.duration = attendant.Attend();
  facts.receive_lags_us = run.ReceiveLags(start + facts.warm_up);
  facts.most_in_flight = run.most_in_flight();
  return {Summarise(recorder, std::move(facts)), attendant.Cost()};
}

}  // namespace edgenext
