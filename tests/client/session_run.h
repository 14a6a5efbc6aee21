#ifndef TESTS_CLIENT_SESSION_RUN_H_
#define TESTS_CLIENT_SESSION_RUN_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "client/classify_session.h"
#include "gmock/gmock.h"
#include "tests/client/scripted_classifier.h"
#include "tests/testing/temp_dir.h"

namespace edgenext::testing {

// Options with short waits, so that tests of retries are quick.
ClassifySession::Options QuickOptions();

// Image files named "0" to "COUNT-1" whose bytes are "image N", a session over them, and its results.
class SessionRun {
 public:
  explicit SessionRun(size_t count);

  // Puts `bytes` into file `index` instead.
  void SetImage(size_t index, const std::string& bytes);
  // File `index` is not there.
  void RemoveImage(size_t index);
  // File `index` is a pipe, whose path is returned.
  std::string MakePipe(size_t index);
  // Called with the number of results after each.
  void set_on_result(std::function<void(size_t)> on_result) { on_result_ = std::move(on_result); }

  ClassifySession::End Run(const ScriptedClassifier& server,
                           const ClassifySession::Options& options = QuickOptions());

  const std::vector<ImageResult>& results() const { return results_; }
  // Every file has one result, in order, and all but `others` carry the label of their own image.
  void ExpectAllClassified(const std::vector<size_t>& others = {}) const;

  static std::string ImageBytes(size_t index) { return "image " + std::to_string(index); }

 private:
  TempDir dir_;
  std::vector<InputFile> inputs_;
  std::vector<ImageResult> results_;
  std::function<void(size_t)> on_result_ = [](size_t) {};
};

}  // namespace edgenext::testing

#endif  // TESTS_CLIENT_SESSION_RUN_H_
