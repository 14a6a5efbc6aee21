#include <array>
#include <charconv>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "client/base/server_error.h"
#include "client/result_writer.h"
#include "client/timings.h"

namespace edgenext {
namespace {

constexpr char kHeading[] =
    "file,rank,index,label,probability,model,version,queue_ms,decode_ms,execute_ms,total_ms,error_code,"
    "error_message\n";

std::string Field(absl::string_view text) {
  if (text.find_first_of(",\"\r\n") == absl::string_view::npos) return std::string(text);
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

// The shortest text that reads back as the same float.
std::string Shortest(float value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.begin(), text.end(), value).ptr;
  return std::string(text.begin(), end);
}

class CsvWriter : public ResultWriter {
 public:
  explicit CsvWriter(std::ostream& out) : out_(out) { out_ << kHeading; }

  void Write(const ImageResult& result) override {
    const TimingsMs times = TimingsOf(result);
    const std::string file = Field(result.file);
    const std::string tail = absl::StrCat(
        Field(result.response.model()), ",", Field(result.response.model_version()), ",",
        absl::StrFormat("%.3f,%.3f,%.3f,%.3f", times.queue, times.decode, times.execute, times.total));
    if (!result.status.ok()) {
      out_ << file << ",,,,," << tail << ',' << absl::StatusCodeToString(result.status.code()) << ','
           << Field(ErrorText(result.status, result.reason)) << "\n";
      return;
    }
    int rank = 0;
    for (const edgenext::v1::Prediction& prediction : result.response.predictions()) {
      out_ << file << ',' << ++rank << ',' << prediction.index() << ',' << Field(prediction.label()) << ','
           << Shortest(prediction.probability()) << ',' << tail << ",,\n";
    }
  }

 private:
  std::ostream& out_;
};

}  // namespace

std::unique_ptr<ResultWriter> MakeCsvWriter(std::ostream& out) { return std::make_unique<CsvWriter>(out); }

}  // namespace edgenext
