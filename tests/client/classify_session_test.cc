// One stream that is not lost: order, window, errors of single images. For lost streams see
// classify_session_retry_test.cc.
#include "client/classify_session.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "tests/client/scripted_classifier.h"
#include "tests/client/session_run.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::AnswerAll;
using ::edgenext::testing::CallStatus;
using ::edgenext::testing::ErrorOf;
using ::edgenext::testing::IsOk;
using ::edgenext::testing::QuickOptions;
using ::edgenext::testing::ScriptedClassifier;
using ::edgenext::testing::ScriptedStream;
using ::edgenext::testing::SessionRun;
using ::edgenext::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ClassifySession, ClassifiesEveryFileOverOneStream) {
  ScriptedClassifier server({AnswerAll});
  SessionRun run(50);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
  EXPECT_EQ(server.streams(), 1U);
}

TEST(ClassifySession, FillsTheWindowAndBringsAnswersBackIntoOrder) {
  constexpr size_t kWindow = 4;
  ScriptedClassifier server({[](ScriptedStream& stream) {
                              // Waits for a full window each time: less would hang.
                              for (int round = 0; round < 3; ++round) {
                                std::vector<uint64_t> ids(kWindow);
                                for (uint64_t& id : ids) EXPECT_TRUE(stream.Read(&id));
                                for (size_t i = kWindow; i > 0; --i) stream.Answer(ids[i - 1]);
                              }
                              return AnswerAll(stream);
                            }},
                            kWindow);
  SessionRun run(3 * kWindow);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
}

TEST(ClassifySession, SendsWhatWasAskedForAndTheTimeLeft) {
  ScriptedClassifier server({AnswerAll});
  SessionRun run(1);
  ClassifySession::Options options = QuickOptions();
  options.request.set_model("pictograms");
  options.request.set_top_k(3);
  options.request.set_priority(edgenext::v1::BULK);
  options.timeout = absl::Seconds(20);
  EXPECT_THAT(run.Run(server, options).status, IsOk());
  const edgenext::v1::ClassifyStreamRequest sent = server.last_request();
  EXPECT_EQ(sent.request().image(), SessionRun::ImageBytes(0));
  EXPECT_EQ(sent.request().model(), "pictograms");
  EXPECT_EQ(sent.request().top_k(), 3U);
  EXPECT_EQ(sent.request().priority(), edgenext::v1::BULK);
  EXPECT_EQ(sent.timeout().seconds(), 20);
}

TEST(ClassifySession, AnErrorStaysWithItsImage) {
  ScriptedClassifier server({[](ScriptedStream& stream) {
    uint64_t id = 0;
    while (stream.Read(&id)) {
      if (id == 1) {
        stream.AnswerError(id, ErrorOf(grpc::StatusCode::INVALID_ARGUMENT, "not a JPEG", "IMAGE_CORRUPT"));
      } else {
        stream.Answer(id);
      }
    }
    return grpc::Status::OK;
  }});
  SessionRun run(4);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified({1});
  EXPECT_THAT(run.results()[1].status, StatusIs(absl::StatusCode::kInvalidArgument, "not a JPEG"));
  EXPECT_EQ(run.results()[1].reason, "IMAGE_CORRUPT");
  EXPECT_EQ(server.times_read(SessionRun::ImageBytes(1)), 1);
}

TEST(ClassifySession, UnreadableFilesHaveTheirResultInTheirPlace) {
  ScriptedClassifier server({AnswerAll});
  SessionRun run(5);
  const std::vector<size_t> missing_files = {0, 3, 4};
  for (const size_t missing : missing_files) run.RemoveImage(missing);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified(missing_files);
  for (const size_t missing : missing_files) {
    EXPECT_THAT(run.results()[missing].status, StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST(ClassifySession, WithoutAReadableFileNoServerIsAsked) {
  ScriptedClassifier server({AnswerAll});
  SessionRun run(1);
  run.RemoveImage(0);
  EXPECT_THAT(run.Run(server).status, IsOk());
  EXPECT_EQ(run.results().size(), 1U);
  EXPECT_EQ(server.streams(), 0U);
}

TEST(ClassifySession, IgnoresASecondAnswerAndAnswersToNothing) {
  ScriptedClassifier server({[](ScriptedStream& stream) {
    uint64_t id = 0;
    while (stream.Read(&id)) {
      stream.AnswerError(id + 1000, ErrorOf(grpc::StatusCode::INTERNAL, "whose?"));
      stream.Answer(id);
      stream.AnswerError(id, ErrorOf(grpc::StatusCode::INTERNAL, "again"));
    }
    return grpc::Status::OK;
  }});
  SessionRun run(10);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
}

TEST(ClassifySession, ReportsTheMessageThatIsOverTheLimitAndAnswersItsNeighbours) {
  ScriptedClassifier server({AnswerAll});
  SessionRun run(12);
  const std::vector<size_t> large_files = {3, 7};
  for (const size_t large : large_files) {
    run.SetImage(large, std::string(ScriptedClassifier::kMaxMessageBytes + 1, 'x'));
  }
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified(large_files);
  for (const size_t large : large_files) {
    EXPECT_THAT(run.results()[large].status,
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("larger than max")));
  }
}

TEST(ClassifySession, ReadsNoFileTooFarAheadOfTheOldestUnanswered) {
  constexpr size_t kAhead = 3;
  // Withholds image 0 until the others that may be sent are answered; a later one must come only after it.
  ScriptedClassifier server({[](ScriptedStream& stream) {
                              std::set<uint64_t> ids;
                              uint64_t id = 0;
                              while (ids.size() < kAhead && stream.Read(&id)) ids.insert(id);
                              EXPECT_EQ(*std::max_element(ids.begin(), ids.end()), kAhead - 1);
                              for (const uint64_t other : ids) {
                                if (other != 0) stream.Answer(other);
                              }
                              stream.Answer(0);
                              return AnswerAll(stream);
                            }},
                            16);
  SessionRun run(8);
  ClassifySession::Options options = QuickOptions();
  options.max_ahead = kAhead;
  EXPECT_THAT(run.Run(server, options).status, IsOk());
  run.ExpectAllClassified();
}

TEST(ClassifySession, APipeThatIsSlowWithholdsNoResultAndIsNotTheServersSilence) {
  // Takes a moment for each image, during which it owes the answer.
  ScriptedClassifier server({[](ScriptedStream& stream) {
    uint64_t id = 0;
    while (stream.Read(&id)) {
      absl::SleepFor(absl::Milliseconds(20));
      stream.Answer(id);
    }
    return grpc::Status::OK;
  }});
  SessionRun run(4);
  const std::string pipe = run.MakePipe(2);
  ClassifySession::Options options = QuickOptions();
  options.timeout = absl::Milliseconds(800);
  options.silence_grace = absl::Milliseconds(100);
  std::promise<void> first_two_are_there;
  run.set_on_result([&](size_t results) {
    if (results == 2) first_two_are_there.set_value();
  });
  std::thread writer([&] {
    EXPECT_EQ(first_two_are_there.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
    // The pause that is not to be held against the server.
    absl::SleepFor(2 * (options.timeout + options.silence_grace));
    std::ofstream(pipe) << SessionRun::ImageBytes(2);
  });
  EXPECT_THAT(run.Run(server, options).status, IsOk());
  writer.join();
  run.ExpectAllClassified();
  EXPECT_EQ(server.streams(), 1U);
}

TEST(ClassifySession, AStreamThatIsRefusedForGoodEndsTheSession) {
  ScriptedClassifier server({[](ScriptedStream&) {
    return CallStatus(ErrorOf(grpc::StatusCode::NOT_FOUND, "no model 'm'", "MODEL_NOT_FOUND"));
  }});
  SessionRun run(6);
  run.RemoveImage(0);
  EXPECT_THAT(run.Run(server).status, StatusIs(absl::StatusCode::kNotFound, "no model 'm'"));
  ASSERT_EQ(run.results().size(), 6U);
  EXPECT_THAT(run.results()[0].status, StatusIs(absl::StatusCode::kNotFound, HasSubstr("cannot open")));
  for (size_t i = 1; i < 6; ++i) {
    EXPECT_THAT(run.results()[i].status, StatusIs(absl::StatusCode::kNotFound, "no model 'm'"));
  }
  EXPECT_EQ(server.streams(), 1U);
}

TEST(ClassifySession, AServerThatOwesAnAnswerAndIsSilentEndsTheSession) {
  ScriptedClassifier server({[](ScriptedStream& stream) {
    uint64_t id = 0;
    EXPECT_TRUE(stream.Read(&id));
    stream.Answer(id);
    while (stream.Read(&id)) {
    }
    return grpc::Status::OK;
  }});
  SessionRun run(6);
  ClassifySession::Options options = QuickOptions();
  options.timeout = absl::Milliseconds(400);
  options.silence_grace = absl::Milliseconds(100);
  const ClassifySession::End end = run.Run(server, options);
  EXPECT_THAT(end.status, StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("500ms")));
  EXPECT_TRUE(end.reached);
  ASSERT_EQ(run.results().size(), 6U);
  for (size_t i = 1; i < 6; ++i)
    EXPECT_THAT(run.results()[i].status, StatusIs(absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace edgenext
