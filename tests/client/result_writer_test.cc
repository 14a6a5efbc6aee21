#include "client/result_writer.h"

#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace edgenext {
namespace {

ImageResult Classified() {
  ImageResult result;
  result.file = "a/clock.jpg";
  result.total = absl::Microseconds(7123);
  result.response.set_model("pictograms");
  result.response.set_model_version("1");
  const auto add = [&](uint32_t index, const char* label, float probability) {
    edgenext::v1::Prediction* prediction = result.response.add_predictions();
    prediction->set_index(index);
    prediction->set_label(label);
    prediction->set_probability(probability);
  };
  add(12, "alarm clock", 0.9322F);
  add(3, "clip, \"board\"", 0.0085F);
  result.response.mutable_timings()->mutable_queue()->set_nanos(123'456);
  result.response.mutable_timings()->mutable_decode()->set_nanos(2'300'000);
  result.response.mutable_timings()->mutable_execute()->set_nanos(4'500'000);
  return result;
}

ImageResult Failed() {
  ImageResult result;
  result.file = "b.jpg";
  result.status = absl::InvalidArgumentError("not a\nJPEG");
  result.reason = "IMAGE_CORRUPT";
  result.total = absl::Milliseconds(2);
  return result;
}

TEST(JsonWriter, WritesAnObjectALine) {
  std::ostringstream out;
  const auto writer = MakeJsonWriter(out);
  writer->Write(Classified());
  writer->Write(Failed());
  EXPECT_EQ(
      out.str(),
      R"({"file":"a/clock.jpg","predictions":[{"index":12,"label":"alarm clock","probability":0.9322},)"
      R"({"index":3,"label":"clip, \"board\"","probability":0.0085}],"model":"pictograms","version":"1",)"
      R"("timings_ms":{"queue":0.123,"decode":2.3,"execute":4.5,"total":7.123}})"
      "\n"
      R"({"file":"b.jpg","predictions":[],"model":"","version":"","timings_ms":{"queue":0.0,"decode":0.0,)"
      R"("execute":0.0,"total":2.0},"error":{"code":"INVALID_ARGUMENT",)"
      R"("message":"IMAGE_CORRUPT: not a\nJPEG"}})"
      "\n");
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8) {
  std::ostringstream out;
  ImageResult result = Failed();
  result.file = "b\xff.jpg";
  MakeJsonWriter(out)->Write(result);
  EXPECT_EQ(out.str().substr(0, 19), "{\"file\":\"b\uFFFD.jpg\",");
}

TEST(CsvWriter, WritesARowPerPrediction) {
  std::ostringstream out;
  const auto writer = MakeCsvWriter(out);
  writer->Write(Classified());
  writer->Write(Failed());
  EXPECT_EQ(
      out.str(),
      "file,rank,index,label,probability,model,version,queue_ms,decode_ms,execute_ms,total_ms,error_code,"
      "error_message\n"
      "a/clock.jpg,1,12,alarm clock,0.9322,pictograms,1,0.123,2.300,4.500,7.123,,\n"
      "a/clock.jpg,2,3,\"clip, \"\"board\"\"\",0.0085,pictograms,1,0.123,2.300,4.500,7.123,,\n"
      "b.jpg,,,,,,,0.000,0.000,0.000,2.000,INVALID_ARGUMENT,\"IMAGE_CORRUPT: not a\nJPEG\"\n");
}

TEST(TableWriter, AlignsItsColumns) {
  std::ostringstream out;
  TableStyle style;
  style.name_width = 12;
  const auto writer = MakeTableWriter(out, style);
  writer->Write(Classified());
  writer->Write(Failed());
  EXPECT_EQ(out.str(),
            "FILE          QUEUE DECODE EXECUTE TOTAL ms   PROB    LABEL\n"
            "a/clock.jpg     0.1    2.3     4.5      7.1   93.2 %  alarm clock\n"
            "                                               0.9 %  clip, \"board\"\n"
            "b.jpg         INVALID_ARGUMENT IMAGE_CORRUPT: not a?JPEG\n");
}

TEST(TableWriter, ShortensNamesAndDrawsBarsOnATerminal) {
  std::ostringstream out;
  TableStyle style;
  style.name_width = 10;
  style.label_width = 10;
  style.shorten = true;
  style.bar_width = 4;
  MakeTableWriter(out, style)->Write(Classified());
  EXPECT_EQ(out.str(),
            "FILE        QUEUE DECODE EXECUTE TOTAL ms   PROB          LABEL\n"
            "…clock.jpg    0.1    2.3     4.5      7.1   93.2 %  ███▊  alarm clo…\n"
            "                                             0.9 %        clip, \"bo…\n");
}

TEST(TableWriter, ColoursOnlyOnRequest) {
  std::ostringstream out;
  TableStyle style;
  style.name_width = 6;
  style.colours = true;
  MakeTableWriter(out, style)->Write(Failed());
  EXPECT_EQ(out.str(),
            "\033[2mFILE    QUEUE DECODE EXECUTE TOTAL ms   PROB    LABEL\033[0m\n"
            "\033[1mb.jpg \033[0m  \033[31mINVALID_ARGUMENT IMAGE_CORRUPT: not a?JPEG\033[0m\n");
}

}  // namespace
}  // namespace edgenext
