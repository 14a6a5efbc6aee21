// Lost streams, refusals and the budget: every file still has exactly one result.
#include <atomic>
#include <string>
#include <vector>

#include "client/classify_session.h"
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
using ::edgenext::testing::WithRetryInfo;

const grpc::Status kLost(grpc::StatusCode::UNAVAILABLE, "connection reset");

// Answers `count` images, then ends the stream with `status`.
ScriptedClassifier::StreamScript AnswerThenEnd(int count, grpc::Status status) {
  return [count, status](ScriptedStream& stream) {
    uint64_t id = 0;
    for (int i = 0; i < count && stream.Read(&id); ++i) stream.Answer(id);
    return status;
  };
}

TEST(ClassifySessionRetry, ALostStreamIsResumedWithoutItsAnsweredImages) {
  ScriptedClassifier server({AnswerThenEnd(3, kLost), AnswerThenEnd(5, kLost), AnswerAll});
  SessionRun run(30);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
  EXPECT_EQ(server.streams(), 3U);
  for (size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(server.times_read(SessionRun::ImageBytes(i)), 1)
        << "read and answered, or not read before the loss";
  }
}

TEST(ClassifySessionRetry, ImagesReadButNotAnsweredAreSentAgain) {
  ScriptedClassifier server({[](ScriptedStream& stream) {
                               uint64_t id = 0;
                               for (int i = 0; i < 4; ++i) EXPECT_TRUE(stream.Read(&id));
                               stream.Answer(2);
                               return kLost;
                             },
                             AnswerAll});
  SessionRun run(10);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
  EXPECT_EQ(server.times_read(SessionRun::ImageBytes(0)), 2);
  EXPECT_EQ(server.times_read(SessionRun::ImageBytes(2)), 1);
}

TEST(ClassifySessionRetry, AStreamEndedEarlyWithOkIsResumed) {
  ScriptedClassifier server({AnswerThenEnd(2, grpc::Status::OK), AnswerAll});
  SessionRun run(10);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
}

TEST(ClassifySessionRetry, DrainedImagesMoveToANewStreamAndTheOthersAreAwaited) {
  ScriptedClassifier server({[](ScriptedStream& stream) {
                               uint64_t id = 0;
                               for (int i = 0; i < 4; ++i) EXPECT_TRUE(stream.Read(&id));
                               const auto draining =
                                   ErrorOf(grpc::StatusCode::UNAVAILABLE, "draining", "DRAINING");
                               stream.AnswerError(3, draining);
                               stream.AnswerError(1, draining);
                               // The client half-closes at the first; only then are the others answered.
                               while (stream.Read(&id)) {
                                 ADD_FAILURE() << "image " << id << " sent to a server that drains";
                               }
                               stream.Answer(0);
                               stream.Answer(2);
                               return grpc::Status::OK;
                             },
                             AnswerAll});
  SessionRun run(8);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
  EXPECT_EQ(server.streams(), 2U);
  EXPECT_EQ(server.times_read(SessionRun::ImageBytes(0)), 1);
  EXPECT_EQ(server.times_read(SessionRun::ImageBytes(1)), 2);
}

// As often as it likes: that is no failure.
TEST(ClassifySessionRetry, AnIdleStreamThatTheServerEndedIsOpenedAgain) {
  constexpr int kTimes = 30;
  const auto idle = CallStatus(ErrorOf(grpc::StatusCode::UNAVAILABLE, "idle", "STREAM_IDLE"));
  std::vector<ScriptedClassifier::StreamScript> scripts(kTimes, AnswerThenEnd(0, idle));
  scripts.push_back(AnswerAll);
  ScriptedClassifier server(scripts);
  SessionRun run(5);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
  EXPECT_EQ(server.streams(), kTimes + 1U);
}

// Slow images over connections that soon are old: no failure while some are answered.
TEST(ClassifySessionRetry, ADrainedStreamThatAnsweredCostsNothing) {
  constexpr size_t kTimes = 60;
  const auto old = CallStatus(ErrorOf(grpc::StatusCode::UNAVAILABLE, "old", "DRAINING"));
  ScriptedClassifier server({AnswerThenEnd(1, old)});
  SessionRun run(kTimes);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
  EXPECT_EQ(server.streams(), kTimes);
  EXPECT_EQ(server.unary_calls(), 0);
}

TEST(ClassifySessionRetry, AnAnswerWithAnErrorIsOneToo) {
  constexpr size_t kTimes = 30;
  ScriptedClassifier server({[](ScriptedStream& stream) {
    uint64_t id = 0;
    EXPECT_TRUE(stream.Read(&id));
    stream.AnswerError(id, ErrorOf(grpc::StatusCode::INVALID_ARGUMENT, "corrupt", "IMAGE_CORRUPT"));
    return CallStatus(ErrorOf(grpc::StatusCode::UNAVAILABLE, "old", "DRAINING"));
  }});
  SessionRun run(kTimes);
  EXPECT_THAT(run.Run(server).status, IsOk());
  ASSERT_EQ(run.results().size(), kTimes);
  for (const ImageResult& result : run.results()) {
    EXPECT_THAT(result.status, StatusIs(absl::StatusCode::kInvalidArgument, "corrupt"));
  }
}

// It may have lost work, and does so again with each try.
TEST(ClassifySessionRetry, ALostStreamCostsEvenIfItAnswered) {
  ScriptedClassifier server({AnswerThenEnd(1, kLost)});
  SessionRun run(60);
  EXPECT_THAT(run.Run(server).status, StatusIs(absl::StatusCode::kUnavailable, "connection reset"));
  ASSERT_EQ(run.results().size(), 60U);
  EXPECT_FALSE(run.results().back().status.ok());
}

TEST(ClassifySessionRetry, AServerThatIsLoadingIsAskedAgain) {
  const auto loading = [](ScriptedStream&) {
    return CallStatus(ErrorOf(grpc::StatusCode::UNAVAILABLE, "loading", "MODEL_NOT_READY"));
  };
  ScriptedClassifier server({loading, loading, loading, loading, loading, loading, AnswerAll});
  SessionRun run(5);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
  EXPECT_EQ(server.streams(), 7U);
}

TEST(ClassifySessionRetry, AnOverloadedServerNamesTheTimeToComeBack) {
  std::atomic<int64_t> refused_at_ms{0};
  std::atomic<int64_t> came_back_at_ms{0};
  const auto now_ms = [] { return absl::ToInt64Milliseconds(SteadyNow() - absl::UnixEpoch()); };
  ScriptedClassifier server({[&](ScriptedStream& stream) {
    uint64_t id = 0;
    while (stream.Read(&id)) {
      if (id == 2 && refused_at_ms == 0) {
        refused_at_ms = now_ms();
        stream.AnswerError(
            id, WithRetryInfo(ErrorOf(grpc::StatusCode::RESOURCE_EXHAUSTED, "full", "OVERLOADED"), 40));
        continue;
      }
      if (id == 2) came_back_at_ms = now_ms();
      stream.Answer(id);
    }
    return grpc::Status::OK;
  }});
  SessionRun run(6);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
  EXPECT_GE(came_back_at_ms - refused_at_ms, 40);
  EXPECT_EQ(server.streams(), 1U);
}

TEST(ClassifySessionRetry, AnImageThatIsAlwaysRefusedIsGivenUp) {
  ScriptedClassifier server({[](ScriptedStream& stream) {
    uint64_t id = 0;
    while (stream.Read(&id)) {
      if (id == 2) {
        stream.AnswerError(
            id, WithRetryInfo(ErrorOf(grpc::StatusCode::RESOURCE_EXHAUSTED, "full", "OVERLOADED"), 1));
      } else {
        stream.Answer(id);
      }
    }
    return grpc::Status::OK;
  }});
  SessionRun run(6);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified({2});
  EXPECT_THAT(run.results()[2].status, StatusIs(absl::StatusCode::kResourceExhausted, "full"));
  EXPECT_EQ(server.times_read(SessionRun::ImageBytes(2)), 5);
}

TEST(ClassifySessionRetry, ExhaustionWithoutATimeToRetryIsFinal) {
  ScriptedClassifier server({[](ScriptedStream& stream) {
    uint64_t id = 0;
    while (stream.Read(&id)) {
      stream.AnswerError(id,
                         ErrorOf(grpc::StatusCode::RESOURCE_EXHAUSTED, "too late", "DEADLINE_UNREACHABLE"));
    }
    return grpc::Status::OK;
  }});
  SessionRun run(3);
  EXPECT_THAT(run.Run(server).status, IsOk());
  ASSERT_EQ(run.results().size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(run.results()[i].status, StatusIs(absl::StatusCode::kResourceExhausted, "too late"));
    EXPECT_EQ(server.times_read(SessionRun::ImageBytes(i)), 1);
  }
}

TEST(ClassifySessionRetry, ARetryLaterThanTheDeadlineIsNotMade) {
  ScriptedClassifier server({[](ScriptedStream& stream) {
    uint64_t id = 0;
    while (stream.Read(&id)) {
      stream.AnswerError(id, WithRetryInfo(ErrorOf(grpc::StatusCode::RESOURCE_EXHAUSTED, "full"), 900));
    }
    return grpc::Status::OK;
  }});
  SessionRun run(1);
  ClassifySession::Options options = QuickOptions();
  options.timeout = absl::Milliseconds(500);
  EXPECT_THAT(run.Run(server, options).status, IsOk());
  ASSERT_EQ(run.results().size(), 1U);
  EXPECT_THAT(run.results()[0].status, StatusIs(absl::StatusCode::kResourceExhausted, "full"));
}

TEST(ClassifySessionRetry, TheImageThatBringsTheServerDownIsFoundAndTheOthersAreAnswered) {
  constexpr uint64_t kDeadly = 3;
  const std::string deadly = SessionRun::ImageBytes(kDeadly);
  ScriptedClassifier server({[](ScriptedStream& stream) {
    uint64_t id = 0;
    while (stream.Read(&id)) {
      if (id == kDeadly) return kLost;
      stream.Answer(id);
    }
    return grpc::Status::OK;
  }});
  server.set_unary([&](grpc::ServerContext&, const edgenext::v1::ClassifyRequest& request,
                       edgenext::v1::ClassifyResponse* response) {
    if (request.image() == deadly) return kLost;
    response->add_predictions()->set_label(request.image());
    return grpc::Status::OK;
  });
  SessionRun run(12);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified({kDeadly});
  EXPECT_THAT(run.results()[kDeadly].status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(server.times_read(deadly), 5);
}

TEST(ClassifySessionRetry, ABudgetLimitsHowOftenAStreamIsOpened) {
  ScriptedClassifier server(
      {AnswerThenEnd(2, kLost),
       AnswerThenEnd(0, CallStatus(ErrorOf(grpc::StatusCode::UNAVAILABLE, "draining", "DRAINING")))});
  SessionRun run(6);
  const ClassifySession::End end = run.Run(server);
  EXPECT_THAT(end.status, StatusIs(absl::StatusCode::kUnavailable, "draining"));
  ASSERT_EQ(run.results().size(), 6U);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(run.results()[i].status.ok(), i < 2) << i;
  EXPECT_EQ(server.streams(), 10U) << "nine retries: half of twenty tokens";
}

TEST(ClassifySessionRetry, AServerThatWasNeverReachedIsNotAskedAgain) {
  ScriptedClassifier server({AnswerAll});
  server.Stop();
  SessionRun run(3);
  const ClassifySession::End end = run.Run(server);
  EXPECT_THAT(end.status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(end.reached);
  EXPECT_TRUE(run.results().empty());
}

TEST(ClassifySessionRetry, ARefusedStreamIsOpenedAgainAfterTheTimeNamed) {
  ScriptedClassifier server(
      {[](ScriptedStream&) {
         return CallStatus(
             WithRetryInfo(ErrorOf(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls", "OVERLOADED"), 5));
       },
       AnswerAll});
  SessionRun run(4);
  EXPECT_THAT(run.Run(server).status, IsOk());
  run.ExpectAllClassified();
  EXPECT_EQ(server.unary_calls(), 0);
}

TEST(ClassifySessionRetry, AnImageWhoseTimeIsUpBeforeTheStreamIsBackIsLate) {
  const auto refuse_for_a_while = [](ScriptedStream&) {
    return CallStatus(
        WithRetryInfo(ErrorOf(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls", "OVERLOADED"), 60));
  };
  ScriptedClassifier server({[](ScriptedStream& stream) {
                               uint64_t id = 0;
                               EXPECT_TRUE(stream.Read(&id));
                               return kLost;
                             },
                             refuse_for_a_while, refuse_for_a_while, AnswerAll});
  SessionRun run(1);
  ClassifySession::Options options = QuickOptions();
  options.timeout = absl::Milliseconds(100);
  EXPECT_THAT(run.Run(server, options).status, IsOk());
  ASSERT_EQ(run.results().size(), 1U);
  EXPECT_THAT(run.results()[0].status, StatusIs(absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace edgenext
