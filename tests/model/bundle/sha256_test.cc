#include "model/bundle/sha256.h"

#include <string>

#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOkAndHolds;
using ::edgenext::testing::TempDir;

// The first three are NIST's examples for FIPS 180.
TEST(Sha256Test, KnownAnswers) {
  const struct {
    std::string contents;
    const char* digest;
  } kCases[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
      // One chunk exactly, and several of which the last is short: from Python's hashlib.
      {std::string(1 << 20, 'a'), "9bc1b2a288b26af7257a36277ae3816a7d4f16e89c1e7e77d0a5c48bad62b360"},
      {std::string(3'000'000, 'a'), "2a152c894398719c0570f83fac34ac03a0f6e8e474b995c2403aa5434f7b9dd4"},
  };
  const TempDir folder;
  for (const auto& test : kCases) {
    ASSERT_OK_AND_ASSIGN(const FileReader file, FileReader::Open(folder.Write("file", test.contents)));
    EXPECT_THAT(Sha256(file), IsOkAndHolds(test.digest)) << test.contents.size();
  }
}

}  // namespace
}  // namespace edgenext
