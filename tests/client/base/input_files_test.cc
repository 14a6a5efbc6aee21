#include "client/base/input_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::IsOkAndHolds;
using ::edgenext::testing::StatusIs;
using ::edgenext::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Names(const std::vector<InputFile>& inputs) {
  std::vector<std::string> names;
  for (const InputFile& input : inputs) names.push_back(input.name);
  return names;
}

TEST(ExpandInputs, WalksFoldersSortedAndKeepsTheOrderOfArguments) {
  const TempDir dir;
  std::filesystem::create_directories(dir.File("sub/deeper"));
  for (const char* name :
       {"b.jpg", "a.PNG", "sub/c.webp", "sub/deeper/d.bmp", "e.jpeg", "notes.txt", "jpg"}) {
    dir.Write(name, "x");
  }
  const std::vector<InputFile> inputs = ExpandInputs({"-", dir.path(), "last.txt"});
  EXPECT_THAT(Names(inputs), ElementsAre("-", dir.File("a.PNG"), dir.File("b.jpg"), dir.File("e.jpeg"),
                                         dir.File("sub/c.webp"), dir.File("sub/deeper/d.bmp"), "last.txt"));
  for (const InputFile& input : inputs) EXPECT_THAT(input.error, IsOk());
}

TEST(ExpandInputs, DoesNotFollowLinksToFolders) {
  const TempDir dir;
  dir.Write("a.jpg", "x");
  std::filesystem::create_directory_symlink(dir.path(), dir.File("loop"));
  EXPECT_THAT(Names(ExpandInputs({dir.path()})), ElementsAre(dir.File("a.jpg")));
}

TEST(ExpandInputs, AFolderWithoutImagesIsAnErrorInItsPlace) {
  const TempDir dir;
  dir.Write("notes.txt", "x");
  const std::vector<InputFile> inputs = ExpandInputs({"first.jpg", dir.path()});
  ASSERT_THAT(Names(inputs), ElementsAre("first.jpg", dir.path()));
  EXPECT_THAT(ReadInput(inputs[1]), StatusIs(absl::StatusCode::kNotFound, HasSubstr("no .jpg")));
}

TEST(ReadInput, ReadsEveryByte) {
  const TempDir dir;
  std::string bytes(200'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 % 251);
  EXPECT_THAT(ReadInput({dir.Write("image", bytes), absl::OkStatus()}), IsOkAndHolds(bytes));
  EXPECT_FALSE(MayWait({dir.File("image"), absl::OkStatus()}));
  EXPECT_THAT(ReadInput({dir.Write("empty", ""), absl::OkStatus()}), IsOkAndHolds(std::string()));
}

TEST(ReadInput, ReadsAPipe) {
  const TempDir dir;
  const std::string path = dir.File("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_TRUE(MayWait({path, absl::OkStatus()}));
  std::thread writer([&] { std::ofstream(path) << "through the pipe"; });
  EXPECT_THAT(ReadInput({path, absl::OkStatus()}), IsOkAndHolds(std::string("through the pipe")));
  writer.join();
}

TEST(ReadInput, RefusesMoreThanTheLimit) {
  const TempDir dir;
  const InputFile file{dir.Write("image", std::string(101, 'x')), absl::OkStatus()};
  EXPECT_THAT(ReadInput(file, 101), IsOk());
  EXPECT_THAT(ReadInput(file, 100),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("larger than 100 bytes")));
}

TEST(ReadInput, NamesWhyAFileCannotBeRead) {
  const TempDir dir;
  EXPECT_FALSE(MayWait({dir.File("none.jpg"), absl::OkStatus()}));
  EXPECT_THAT(ReadInput({dir.File("none.jpg"), absl::OkStatus()}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(ReadInput({dir.path(), absl::OkStatus()}).ok());
}

}  // namespace
}  // namespace edgenext
