#include "client/base/server_address.h"

#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOkAndHolds;
using ::edgenext::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ParseServerAddress, TakesHostsAndPorts) {
  EXPECT_THAT(ParseServerAddress("127.0.0.1:8001"), IsOkAndHolds(std::string("127.0.0.1:8001")));
  EXPECT_THAT(ParseServerAddress("vision.example:80"), IsOkAndHolds(std::string("vision.example:80")));
  EXPECT_THAT(ParseServerAddress("vision"), IsOkAndHolds(std::string("vision:8001")));
}

TEST(ParseServerAddress, TakesIpv6InBrackets) {
  EXPECT_THAT(ParseServerAddress("[::1]:9000"), IsOkAndHolds(std::string("[::1]:9000")));
  EXPECT_THAT(ParseServerAddress("[::1]"), IsOkAndHolds(std::string("[::1]:8001")));
}

TEST(ParseServerAddress, LeavesSchemesToGrpc) {
  EXPECT_THAT(ParseServerAddress("unix:/run/edgenext.sock"),
              IsOkAndHolds(std::string("unix:/run/edgenext.sock")));
  EXPECT_THAT(ParseServerAddress("dns:///vision:80"), IsOkAndHolds(std::string("dns:///vision:80")));
}

TEST(ParseServerAddress, NamesWhatIsWrong) {
  const auto refuses = [](const char* address, const char* why) {
    EXPECT_THAT(ParseServerAddress(address), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why)));
  };
  refuses("", "names no host");
  refuses(":80", "names no host");
  refuses("[]:80", "names no host");
  refuses("unix:", "no port");
  refuses("host:", "no port");
  refuses("host:0", "no port");
  refuses("host:65536", "no port");
  refuses("host:http", "no port");
  refuses("::1:80", "needs brackets");
  refuses("[::1", "no closing");
  refuses("[::1]80", "after ']'");
}

TEST(ServerAddress, LoopbackIsWhatCanOnlyBeThisMachine) {
  for (const char* target : {"127.0.0.1:8001", "127.255.0.9:1", "localhost:8001", "LocalHost:1", "[::1]:8001",
                             "unix:/run/x.sock", "unix-abstract:x", "dns:localhost:1", "dns:///127.0.0.1:1",
                             "ipv4:127.0.0.1:1,127.0.0.2:1", "ipv6:[::1]:1"}) {
    EXPECT_TRUE(IsLoopback(target)) << target;
  }
  for (const char* target :
       {"10.0.0.1:8001", "128.0.0.1:1", "0.0.0.0:1", "example.org:8001", "localhost.example.org:1",
        "127.0.0.1.example.org:1", "[::]:1", "[::2]:1", "[fe80::1]:1", "[::ffff:10.0.0.1]:1",
        "dns:example.org:1", "dns://8.8.8.8/localhost:1", "ipv4:127.0.0.1:1,10.0.0.1:1", "xds:localhost",
        "127.1:1"}) {
    EXPECT_FALSE(IsLoopback(target)) << target;
  }
}

}  // namespace
}  // namespace edgenext
