#include "model/base/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace edgenext {
namespace {

using ::edgenext::testing::IsOk;
using ::edgenext::testing::IsOkAndHolds;
using ::edgenext::testing::StatusIs;
using ::edgenext::testing::TempDir;
using ::testing::AllOf;
using ::testing::HasSubstr;

class FileReaderTest : public ::testing::Test {
 protected:
  const TempDir folder_;
};

TEST_F(FileReaderTest, ReadsAnyPart) {
  const std::string path = folder_.Write("file", "0123456789");
  ASSERT_OK_AND_ASSIGN(const FileReader file, FileReader::Open(path));
  EXPECT_EQ(file.size_bytes(), 10u);
  EXPECT_EQ(file.path(), path);
  std::string part(4, '?');
  EXPECT_THAT(file.ReadAt(6, 4, &part[0]), IsOk());
  EXPECT_EQ(part, "6789");
  EXPECT_THAT(file.ReadAt(0, 4, &part[0]), IsOk());
  EXPECT_EQ(part, "0123");
  EXPECT_THAT(file.ReadAt(10, 0, nullptr), IsOk());
}

TEST_F(FileReaderTest, BeyondTheEndIsDataLoss) {
  ASSERT_OK_AND_ASSIGN(const FileReader file, FileReader::Open(folder_.Write("file", "0123456789")));
  std::string part(8, '?');
  EXPECT_THAT(
      file.ReadAt(6, 8, &part[0]),
      StatusIs(absl::StatusCode::kDataLoss,
               AllOf(HasSubstr(file.path()), HasSubstr("ends at byte 10"), HasSubstr("4 bytes too early"))));
  EXPECT_THAT(file.ReadAt(100, 1, &part[0]), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(FileReaderTest, TruncationAfterOpeningIsDataLoss) {
  const std::string path = folder_.Write("file", "0123456789");
  ASSERT_OK_AND_ASSIGN(const FileReader file, FileReader::Open(path));
  ASSERT_EQ(truncate(path.c_str(), 5), 0);
  EXPECT_EQ(file.size_bytes(), 10u);
  std::string part(10, '?');
  EXPECT_THAT(file.ReadAt(0, 10, &part[0]), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(file.ReadAt(0, 5, &part[0]), IsOk());
}

TEST_F(FileReaderTest, ReplacedFilesAreReadAsTheyWere) {
  const std::string path = folder_.Write("file", "old");
  ASSERT_OK_AND_ASSIGN(const FileReader file, FileReader::Open(path));
  ASSERT_EQ(rename(folder_.Write("new", "new").c_str(), path.c_str()), 0);
  std::string part(3, '?');
  EXPECT_THAT(file.ReadAt(0, 3, &part[0]), IsOk());
  EXPECT_EQ(part, "old");
}

TEST_F(FileReaderTest, MovesItsDescriptor) {
  ASSERT_OK_AND_ASSIGN(FileReader first, FileReader::Open(folder_.Write("a", "a")));
  ASSERT_OK_AND_ASSIGN(FileReader second, FileReader::Open(folder_.Write("b", "b")));
  second = std::move(first);
  const FileReader third(std::move(second));
  char byte = '?';
  EXPECT_THAT(third.ReadAt(0, 1, &byte), IsOk());
  EXPECT_EQ(byte, 'a');
}

TEST_F(FileReaderTest, WhatIsNoRegularFile) {
  EXPECT_THAT(FileReader::Open(folder_.File("none")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(folder_.File("none"))));
  EXPECT_THAT(FileReader::Open(folder_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not a regular file")));
  EXPECT_THAT(FileReader::Open("/dev/null"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not a regular file")));
  // Opening a FIFO that nobody writes to must not wait.
  ASSERT_EQ(mkfifo(folder_.File("fifo").c_str(), 0600), 0);
  EXPECT_THAT(FileReader::Open(folder_.File("fifo")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is not a regular file")));
}

TEST_F(FileReaderTest, UnreadableFiles) {
  const std::string path = folder_.Write("file", "x");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  const uid_t user = geteuid();
  constexpr uid_t kNobody = 65534;
  if (user == 0) {  // who may read everything
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  EXPECT_THAT(FileReader::Open(path), StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(path)));
  ASSERT_EQ(seteuid(user), 0);
}

TEST_F(FileReaderTest, LeavesNoDescriptorOpen) {
  const std::string path = folder_.Write("file", "x");
  const int before = open("/dev/null", O_RDONLY);
  close(before);
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(FileReader::Open(path), IsOk());
    ASSERT_FALSE(FileReader::Open(folder_.path()).ok());
  }
  const int after = open("/dev/null", O_RDONLY);
  close(after);
  EXPECT_EQ(after, before);
}

TEST_F(FileReaderTest, ReadFileReadsSmallFilesWhole) {
  EXPECT_THAT(ReadFile(folder_.Write("file", std::string("a\0b", 3)), 3),
              IsOkAndHolds(std::string("a\0b", 3)));
  EXPECT_THAT(ReadFile(folder_.Write("empty", ""), 0), IsOkAndHolds(""));
  EXPECT_THAT(ReadFile(folder_.File("file"), 2),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("has 3 bytes, at most 2 are read")));
  EXPECT_THAT(ReadFile(folder_.File("none"), 2), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace edgenext
