#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "client/base/server_error.h"
#include "client/base/text_layout.h"
#include "client/result_writer.h"
#include "client/timings.h"

namespace edgenext {
namespace {

constexpr char kBold[] = "\033[1m";
constexpr char kDim[] = "\033[2m";
constexpr char kRed[] = "\033[31m";
constexpr char kPlain[] = "\033[0m";

// The widths of QUEUE, DECODE, EXECUTE and TOTAL, and of the probability, each with the space before it.
constexpr size_t kTimesWidth = 7 + 7 + 8 + 9;
constexpr size_t kProbabilityWidth = 9;

class TableWriter : public ResultWriter {
 public:
  TableWriter(std::ostream& out, const TableStyle& style) : out_(out), style_(style) {}

  void Write(const ImageResult& result) override {
    WriteHeadingOnce();
    std::string name = Printable(result.file);
    if (style_.shorten) name = ShortenLeft(name, style_.name_width);
    name = PadRight(name, style_.name_width);
    if (!result.status.ok()) {
      const std::string text = absl::StrCat(absl::StatusCodeToString(result.status.code()), " ",
                                            Printable(ErrorText(result.status, result.reason)));
      out_ << Styled(kBold, name) << "  " << Styled(kRed, text) << '\n';
      return;
    }
    const TimingsMs times = TimingsOf(result);
    std::string left =
        Styled(kBold, name) + Styled(kDim, absl::StrFormat("%7.1f%7.1f%8.1f%9.1f", times.queue, times.decode,
                                                           times.execute, times.total));
    for (const edgenext::v1::Prediction& prediction : result.response.predictions()) {
      WriteRow(left, prediction);
      left = std::string(style_.name_width + kTimesWidth, ' ');
    }
  }

 private:
  void WriteHeadingOnce() {
    if (has_heading_) return;
    has_heading_ = true;
    out_ << Styled(kDim, absl::StrCat(PadRight("FILE", style_.name_width), "  QUEUE DECODE EXECUTE TOTAL ms",
                                      PadLeft("PROB", kProbabilityWidth - 2), BarColumn(0), "    LABEL"))
         << '\n';
  }

  void WriteRow(const std::string& left, const edgenext::v1::Prediction& prediction) {
    const auto probability = static_cast<double>(prediction.probability());
    out_ << left << absl::StrFormat("%7.1f %%", 100 * probability) << BarColumn(probability) << "  "
         << Label(prediction) << '\n';
  }

  std::string Label(const edgenext::v1::Prediction& prediction) const {
    const std::string label = Printable(prediction.label());
    return style_.shorten ? ShortenRight(label, style_.label_width) : label;
  }

  std::string BarColumn(double share) const {
    return style_.bar_width == 0 ? "" : absl::StrCat("  ", Bar(share, style_.bar_width));
  }

  std::string Styled(absl::string_view escape, absl::string_view text) const {
    return style_.colours ? absl::StrCat(escape, text, kPlain) : std::string(text);
  }

  std::ostream& out_;
  const TableStyle style_;
  bool has_heading_ = false;
};

}  // namespace

std::unique_ptr<ResultWriter> MakeTableWriter(std::ostream& out, const TableStyle& style) {
  return std::make_unique<TableWriter>(out, style);
}

}  // namespace edgenext
