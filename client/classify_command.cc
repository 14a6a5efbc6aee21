#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <vector>

#include "client/base/input_files.h"
#include "client/base/report_error.h"
#include "client/base/server_address.h"
#include "client/base/terminal.h"
#include "client/base/text_layout.h"
#include "client/classify_session.h"
#include "client/commands.h"
#include "client/result_writer.h"
#include "client/tally.h"

namespace edgenext {
namespace {

constexpr size_t kManyFiles = 20;
constexpr absl::Duration kProgressPeriod = absl::Milliseconds(100);

// The names' column is as wide as the longest, but on a terminal it leaves room for the other columns; bars
// are for terminals that have room to spare.
TableStyle StyleFor(const std::vector<InputFile>& inputs, const Terminal& terminal) {
  constexpr size_t kTimesAndProbability = 42;
  constexpr size_t kLeastNameWidth = 16;
  constexpr size_t kLeastLabelWidth = 20;
  constexpr size_t kBarColumn = 12;
  TableStyle style;
  style.name_width = kLeastNameWidth;
  for (const InputFile& input : inputs) style.name_width = std::max(style.name_width, TextWidth(input.name));
  style.colours = terminal.has_colours;
  style.shorten = terminal.is_terminal;
  if (!terminal.is_terminal) return style;
  size_t room = std::max(terminal.width, kTimesAndProbability + kLeastNameWidth + kLeastLabelWidth) -
                kTimesAndProbability - kLeastLabelWidth;
  if (room >= kLeastNameWidth + kBarColumn) {
    style.bar_width = kBarColumn - 2;
    room -= kBarColumn;
  }
  style.name_width = std::min(style.name_width, room);
  style.label_width = kLeastLabelWidth + room - style.name_width;
  return style;
}

std::unique_ptr<ResultWriter> MakeWriter(OutputFormat format, const std::vector<InputFile>& inputs,
                                         const Terminal& terminal) {
  switch (format) {
    case OutputFormat::kJson:
      return MakeJsonWriter(std::cout);
    case OutputFormat::kCsv:
      return MakeCsvWriter(std::cout);
    case OutputFormat::kTable:
      break;
  }
  return MakeTableWriter(std::cout, StyleFor(inputs, terminal));
}

// One line on standard error that is written over: only where it disturbs nothing, with the results going
// elsewhere.
class ProgressLine {
 public:
  ProgressLine(size_t images, const Terminal& out, const Terminal& err)
      : images_(images), is_shown_(err.is_terminal && !out.is_terminal && images >= kManyFiles) {}

  void Update(const Tally& tally) {
    const SteadyTime now = SteadyNow();
    if (!is_shown_ || now < next_) return;
    next_ = now + kProgressPeriod;
    std::cerr << "\r\033[K" << tally.Progress(images_, now) << std::flush;
  }
  void Clear() const {
    if (is_shown_) std::cerr << "\r\033[K";
  }

 private:
  const size_t images_;
  const bool is_shown_;
  SteadyTime next_ = absl::InfinitePast();
};

ClassifySession::Options SessionOptions(const ClassifyOptions& options) {
  ClassifySession::Options session;
  session.timeout = options.server.timeout;
  session.request.set_model(options.model);
  session.request.set_model_version(options.model_version);
  session.request.set_top_k(options.top_k);
  session.request.set_priority(options.is_bulk ? edgenext::v1::BULK : edgenext::v1::INTERACTIVE);
  return session;
}

}  // namespace

ExitCode Classify(const ClassifyOptions& options) {
  const std::vector<InputFile> inputs = ExpandInputs(options.inputs);
  const Terminal out = DescribeTerminal(STDOUT_FILENO);
  const std::unique_ptr<ResultWriter> writer = MakeWriter(options.format, inputs, out);
  ProgressLine progress(inputs.size(), out, DescribeTerminal(STDERR_FILENO));
  Tally tally(SteadyNow());
  const auto emit = [&](const ImageResult& result) {
    writer->Write(result);
    std::cout.flush();
    tally.Count(result);
    progress.Update(tally);
  };

  ClassifySession session(OpenChannel(options.server.target), SessionOptions(options), inputs, emit);
  const ClassifySession::End end = session.Run();
  progress.Clear();
  if (tally.images() > 0) std::cerr << tally.Summary(SteadyNow()) << '\n';
  if (!std::cout) {
    std::cerr << "edgenext: cannot write the results\n";
    return kExitFailed;
  }
  return end.status.ok() ? tally.exit_code() : ReportError(options.server.target, end.status);
}

}  // namespace edgenext
