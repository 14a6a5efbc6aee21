#include "absl/status/status.h"
#include "client/base/server_error.h"
#include "client/json.h"
#include "client/result_writer.h"
#include "client/timings.h"

namespace edgenext {
namespace {

class JsonWriter : public ResultWriter {
 public:
  explicit JsonWriter(std::ostream& out) : out_(out) {}

  void Write(const ImageResult& result) override {
    Json predictions = Json::array();
    for (const edgenext::v1::Prediction& prediction : result.response.predictions()) {
      predictions.push_back({{"index", prediction.index()},
                             {"label", prediction.label()},
                             {"probability", prediction.probability()}});
    }
    const TimingsMs times = TimingsOf(result);
    Json line = {
        {"file", result.file},
        {"predictions", predictions},
        {"model", result.response.model()},
        {"version", result.response.model_version()},
        {"timings_ms",
         {{"queue", times.queue},
          {"decode", times.decode},
          {"execute", times.execute},
          {"total", times.total}}},
    };
    if (!result.status.ok()) {
      line["error"] = {{"code", absl::StatusCodeToString(result.status.code())},
                       {"message", ErrorText(result.status, result.reason)}};
    }
    WriteJsonLine(out_, line);
  }

 private:
  std::ostream& out_;
};

}  // namespace

std::unique_ptr<ResultWriter> MakeJsonWriter(std::ostream& out) { return std::make_unique<JsonWriter>(out); }

}  // namespace edgenext
