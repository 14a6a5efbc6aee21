// What `cmake --install` makes: programs that run from where they are, with the model that ships beside them.
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/server_process.h"

namespace edgenext::testing {
namespace {

using ::testing::HasSubstr;

TEST(InstallTest, TheInstalledServerServesTheInstalledModel) {
  const TempDir prefix;
  const std::string install =
      absl::StrCat("\"", EDGENEXT_CMAKE, "\" --install \"", EDGENEXT_BUILD_DIR, "\" --prefix \"",
                   prefix.path(), "\" > \"", prefix.File("log"), "\" 2>&1");
  ASSERT_EQ(std::system(install.c_str()), 0) << install;
  for (const char* file : {"bin/edgenext-server", "bin/edgenext", "share/edgenext/model/model.json",
                           "share/edgenext/model/model.safetensors", "share/edgenext/model/labels.txt"}) {
    EXPECT_TRUE(std::filesystem::exists(prefix.File(file))) << file;
  }

  ServerProcess server({}, {}, prefix.File("bin/edgenext-server"));
  ASSERT_TRUE(server.WaitUntilReady());
  EXPECT_THAT(server.ready_line(), HasSubstr("model=pictograms"));
  v1::ClassifyResponse response;
  EXPECT_TRUE(Client(server.grpc_address()).Classify(SampleImage("soccer-ball.jpg"), &response).ok());
  EXPECT_EQ(response.predictions(0).label(), "soccer ball");
  server.Signal(SIGTERM);
  EXPECT_EQ(server.WaitForExit(), 0);
}

TEST(InstallTest, TheServerDoesNotKnowWhereItWasBuilt) {
  std::ostringstream program;
  program << std::ifstream(EDGENEXT_SERVER_PROGRAM, std::ios::binary).rdbuf();
  EXPECT_EQ(program.str().find(absl::StrCat(EDGENEXT_SOURCE_DIR, "/server")), std::string::npos);
  EXPECT_EQ(program.str().find(absl::StrCat(EDGENEXT_SOURCE_DIR, "/model")), std::string::npos);
}

}  // namespace
}  // namespace edgenext::testing
