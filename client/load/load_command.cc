#include "client/load/load_command.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/base/grpc_time.h"
#include "client/base/input_files.h"
#include "client/base/report_error.h"
#include "client/base/server_address.h"
#include "client/base/server_error.h"
#include "client/base/terminal.h"
#include "client/base/text_layout.h"
#include "client/load/live_line.h"
#include "client/load/load_limits.h"
#include "client/load/load_trial.h"
#include "client/load/rate_search.h"
#include "client/load/report.h"
#include "client/load/sender_thread.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace edgenext {
namespace {

// Of a rate in a search, while they are void.
constexpr int kTrials = 3;

std::atomic<bool> interrupted{false};

void StopAtFirstInterrupt() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

// Opens a connection of each channel, by a question that every server has some answer to.
absl::Status Connect(const std::vector<std::shared_ptr<grpc::Channel>>& channels, absl::Duration timeout) {
  const SteadyTime deadline = SteadyNow() + timeout;
  for (const auto& channel : channels) {
    grpc::ClientContext context;
    context.set_deadline(ToGrpcTime(deadline));
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = grpc::health::v1::Health::NewStub(channel)->Check(
        &context, grpc::health::v1::HealthCheckRequest(), &response);
    const absl::Status error = ErrorFromCall(status, context).status;
    if (absl::IsUnavailable(error) || absl::IsDeadlineExceeded(error)) return error;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Arrival>> ReadTrace(const std::string& file) {
  if (file.empty()) return std::vector<Arrival>();
  const absl::StatusOr<std::string> text = ReadInput({file, absl::OkStatus()});
  if (!text.ok()) return text.status();
  return ParseTrace(*text);
}

std::string Processor() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line)) {
    if (line.rfind("model name", 0) == 0) return line.substr(std::min(line.size(), line.find(':') + 2));
  }
  return "an unknown processor";
}

class LoadCommand {
 public:
  LoadCommand(const TrialSetup& setup, SenderThread& sender)
      : setup_(setup), sender_(sender), terminal_(DescribeTerminal(STDERR_FILENO)) {
    report_.options = setup.options;
    report_.description = setup.payloads->description();
    report_.mean_bytes = setup.payloads->mean_bytes();
    report_.date = absl::Now();
    report_.processor = Processor();
    report_.version = EDGENEXT_VERSION;
    report_.rate = setup.options.rate;
  }

  const LoadReport& Run() {
    if (setup_.options.find_rate) {
      Search();
    } else {
      Keep(Measure(setup_.options.rate), setup_.options.rate);
    }
    return report_;
  }

 private:
  Trial Measure(double rate) {
    Trial trial = RunTrial(setup_, rate, sender_, [this](const LiveView& view) {
      if (terminal_.is_terminal) std::cerr << "\r\033[K" << LiveLine(view, terminal_.width - 1) << std::flush;
    });
    if (terminal_.is_terminal) std::cerr << "\r\033[K" << std::flush;
    return trial;
  }

  void Search() {
    const double seconds = absl::ToDoubleSeconds(TrialLength(setup_));
    RateSearch search(setup_.options.rate, static_cast<double>(kMostSamples) / seconds);
    while (const absl::optional<double> rate = search.Next()) {
      const SearchStep step = Try(*rate, search.best().has_value());
      if (interrupted) break;
      search.Report(step.passed);
    }
    report_.best_rate = search.best();
    for (const SearchStep& step : report_.search) {
      if (step.is_void && step.rate == search.failed()) {
        report_.figures.void_reasons.push_back(absl::StrFormat(
            "at %.6g requests/s the generator was late in every trial: the server may take more", step.rate));
        return;
      }
    }
  }

  // Judges the rate by a trial that is not void, if one of kTrials is not.
  SearchStep Try(double rate, bool has_passed) {
    SearchStep step;
    for (int i = 0; i < kTrials && !interrupted; ++i) {
      Trial trial = Measure(rate);
      step = JudgeTrial(trial.figures, rate, setup_.options.limit, setup_.options.percentile);
      if (step.passed || !has_passed) Keep(std::move(trial), rate);
      if (!step.is_void) break;
    }
    if (!interrupted) {
      report_.search.push_back(step);
      if (terminal_.is_terminal) {
        std::cerr << absl::StrFormat("%.6g requests/s: ", rate) << (step.passed ? "passed" : step.why)
                  << '\n';
      }
    }
    return step;
  }

  void Keep(Trial trial, double rate) {
    report_.rate = rate;
    report_.figures = std::move(trial.figures);
    report_.cost = std::move(trial.cost);
  }

  const TrialSetup& setup_;
  SenderThread& sender_;
  const Terminal terminal_;
  LoadReport report_;
};

ExitCode ExitCodeOf(const LoadReport& report) {
  const bool found = report.search.empty() || report.best_rate.has_value();
  return found && report.figures.void_reasons.empty() && report.figures.ok.count() > 0 ? kExitOk
                                                                                       : kExitFailed;
}

ExitCode CannotBegin(absl::string_view what, const absl::Status& status) {
  std::cerr << "edgenext: " << Printable(absl::StrCat(what, status.message())) << '\n';
  return kExitFailed;
}

}  // namespace

ExitCode Load(const LoadOptions& options) {
  SenderThread sender;
  GiveWayToSender();
  // Debian builds abseil with a search for deadlocks at every lock, which is a tenth of gRPC's time.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  TrialSetup setup{options, Payloads::Make(options), {}, {}, options.metrics_address, &interrupted};
  if (!setup.payloads.ok()) return CannotBegin("", setup.payloads.status());
  absl::StatusOr<std::vector<Arrival>> trace = ReadTrace(options.trace_file);
  if (!trace.ok()) return CannotBegin(absl::StrCat(options.trace_file, ": "), trace.status());
  setup.trace = *std::move(trace);
  std::ofstream html;
  if (!options.html_file.empty()) {
    html.open(options.html_file);
    if (!html) return CannotBegin(options.html_file, absl::UnknownError(": cannot be written"));
  }
  for (int i = 0; i < options.connections; ++i) setup.channels.push_back(OpenChannelOfItsOwn(options.target));
  if (const absl::Status status = Connect(setup.channels, options.connect_timeout); !status.ok()) {
    return ReportError(options.target, status);
  }

  StopAtFirstInterrupt();
  LoadCommand command(setup, sender);
  const LoadReport& report = command.Run();
  if (html.is_open()) WriteHtmlReport(html, report);
  if (options.json) {
    WriteJsonReport(std::cout, report);
  } else {
    WriteTableReport(std::cout, report, DescribeTerminal(STDOUT_FILENO).has_colours);
  }
  std::cout.flush();
  if (html.is_open()) html.close();
  if (!std::cout || html.fail()) return CannotBegin("", absl::UnknownError("cannot write the report"));
  return ExitCodeOf(report);
}

}  // namespace edgenext
