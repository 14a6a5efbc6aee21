#include "tests/client/session_run.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "client/base/server_address.h"

namespace edgenext::testing {

ClassifySession::Options QuickOptions() {
  ClassifySession::Options options;
  options.timeout = absl::Seconds(10);
  options.backoff.first = absl::Milliseconds(1);
  options.backoff.longest = absl::Milliseconds(2);
  return options;
}

SessionRun::SessionRun(size_t count) {
  for (size_t i = 0; i < count; ++i) {
    inputs_.push_back({dir_.Write(std::to_string(i), ImageBytes(i)), absl::OkStatus()});
  }
}

void SessionRun::SetImage(size_t index, const std::string& bytes) {
  dir_.Write(std::to_string(index), bytes);
}

void SessionRun::RemoveImage(size_t index) { std::filesystem::remove(inputs_[index].name); }

std::string SessionRun::MakePipe(size_t index) {
  RemoveImage(index);
  EXPECT_EQ(mkfifo(inputs_[index].name.c_str(), 0600), 0);
  return inputs_[index].name;
}

ClassifySession::End SessionRun::Run(const ScriptedClassifier& server,
                                     const ClassifySession::Options& options) {
  ClassifySession session(OpenChannel(server.target()), options, inputs_, [this](const ImageResult& result) {
    results_.push_back(result);
    on_result_(results_.size());
  });
  return session.Run();
}

void SessionRun::ExpectAllClassified(const std::vector<size_t>& others) const {
  ASSERT_EQ(results_.size(), inputs_.size());
  for (size_t i = 0; i < results_.size(); ++i) {
    EXPECT_EQ(results_[i].file, inputs_[i].name);
    if (std::find(others.begin(), others.end(), i) != others.end()) continue;
    EXPECT_TRUE(results_[i].status.ok()) << i << ": " << results_[i].status;
    ASSERT_EQ(results_[i].response.predictions_size(), 1) << i;
    EXPECT_EQ(results_[i].response.predictions(0).label(), ImageBytes(i));
  }
}

}  // namespace edgenext::testing
