#include "server/pipeline/image_key.h"

#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::serving {
namespace {

TEST(ImageKeyTest, IsSha256OfModelVersionAndFile) {
  ASSERT_OK_AND_ASSIGN(const ImageKey key, KeyOfImage("pictograms", "1", "abc"));
  // From Python's hashlib, of b"pictograms\0" b"1\0" b"abc".
  EXPECT_EQ(absl::BytesToHexString({reinterpret_cast<const char*>(key.data()), key.size()}),
            "12228165076ab9b567a0b8809cce35a7b928a5eb2ec84978399c68d04621cdb4");
}

TEST(ImageKeyTest, EveryPartCounts) {
  const std::string zero(1, '\0');
  std::set<ImageKey> keys;
  for (const auto& [model, version, file] :
       std::initializer_list<std::array<std::string, 3>>{{"a", "1", "x"},
                                                         {"b", "1", "x"},
                                                         {"a", "2", "x"},
                                                         {"a", "1", "y"},
                                                         {"a1", "", "x"},
                                                         {"a", "", "1x"},
                                                         {"a", "1", ""},
                                                         {"a", "1", zero},
                                                         {"a", "1", zero + "x"}}) {
    ASSERT_OK_AND_ASSIGN(const ImageKey key, KeyOfImage(model, version, file));
    EXPECT_TRUE(keys.insert(key).second) << model << " " << version << " " << file;
  }
}

}  // namespace
}  // namespace edgenext::serving
