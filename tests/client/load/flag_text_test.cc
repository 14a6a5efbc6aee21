#include "client/load/flag_text.h"

#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOkAndHolds;
using ::edgenext::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(FlagText, Deadlines) {
  const auto one = ParseDeadlines("250ms");
  ASSERT_TRUE(one.ok());
  ASSERT_EQ(one->size(), 1U);
  EXPECT_EQ((*one)[0].deadline, absl::Milliseconds(250));
  const auto mix = ParseDeadlines("50ms:1,1m:0.5,2s");
  ASSERT_TRUE(mix.ok());
  ASSERT_EQ(mix->size(), 3U);
  EXPECT_EQ((*mix)[1].deadline, absl::Minutes(1));
  EXPECT_EQ((*mix)[1].weight, 0.5);
  EXPECT_EQ((*mix)[2].weight, 1);
  for (const char* text : {"", "soon", "0s", "-1s", "2h", "50ms:", "50ms:0", "50ms:-1", "50ms:inf",
                           "50ms:many", "50ms,,1s", "1s:1:1"}) {
    EXPECT_THAT(ParseDeadlines(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(FlagText, InputSizes) {
  EXPECT_THAT(ParseInputSize("256"), IsOkAndHolds(Pair(256, 256)));
  EXPECT_THAT(ParseInputSize("224x320"), IsOkAndHolds(Pair(224, 320)));
  for (const char* text : {"", "x", "0", "256x", "x256", "-1", "20000", "1x2x3", "256.5"}) {
    EXPECT_THAT(ParseInputSize(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("256 or 224x320")))
        << text;
  }
}

TEST(FlagText, HeadersAreOnesThatGrpcTakes) {
  EXPECT_THAT(ParseHeader("tenant=a b=c"), IsOkAndHolds(Pair("tenant", "a b=c")));
  EXPECT_THAT(ParseHeader("x-key.1_="), IsOkAndHolds(Pair("x-key.1_", "")));
  for (const char* text : {"", "tenant", "=x", "Tenant=x", "ten ant=x", "t\xc3\xa4=x", "tenant=a\nb",
                           "tenant=\xc3\xa4", "grpc-timeout=1S", ":path=/x"}) {
    EXPECT_THAT(ParseHeader(text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("KEY=VALUE")))
        << text;
  }
}

TEST(FlagText, TheMetricsAreBesideTheServer) {
  EXPECT_EQ(DefaultMetricsAddress("127.0.0.1:8001"), "127.0.0.1:8002");
  EXPECT_EQ(DefaultMetricsAddress("vision:80"), "vision:8002");
  EXPECT_EQ(DefaultMetricsAddress("[::1]:9000"), "[::1]:8002");
  EXPECT_EQ(DefaultMetricsAddress("dns:///vision:80"), "vision:8002");
  EXPECT_EQ(DefaultMetricsAddress("ipv4:127.0.0.2:1,127.0.0.3:1"), "127.0.0.2:8002");
  EXPECT_EQ(DefaultMetricsAddress("unix:/run/e.sock"), "127.0.0.1:8002");
}

}  // namespace
}  // namespace edgenext
