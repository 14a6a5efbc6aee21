#include "server/batching/backlog.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

constexpr TaskClass kInteractive = TaskClass::kInteractive;
constexpr TaskClass kBulk = TaskClass::kBulk;
constexpr MonotonicTime kNever = MonotonicTime::InfiniteFuture();
constexpr absl::Duration kPerImage = absl::Milliseconds(5);

MonotonicTime At(int milliseconds) { return MonotonicTime::FromDuration(absl::Milliseconds(milliseconds)); }

// Of the time when images come, in all of these tests.
constexpr MonotonicTime kCame = MonotonicTime::FromDuration(absl::ZeroDuration());

// Two workers of 10 ms: the image is taken when those ahead are, and takes 10 ms itself.
absl::Duration TimeToAnswer(int ahead) { return kPerImage * ahead + absl::Milliseconds(10); }

TEST(BacklogTest, CountsThoseThatRunBefore) {
  Backlog backlog;
  backlog.Add(kInteractive, At(100), kCame, 2);
  backlog.Add(kInteractive, At(200), kCame, 1);
  backlog.Add(kInteractive, kNever, kCame, 4);
  backlog.Add(kBulk, At(50), kCame, 3);
  EXPECT_EQ(backlog.size(), 10);
  EXPECT_EQ(backlog.CountAhead(kInteractive, At(99), kCame), 0);
  EXPECT_EQ(backlog.CountAhead(kInteractive, At(100), kCame), 2) << "equal deadlines in the order of arrival";
  EXPECT_EQ(backlog.CountAhead(kInteractive, At(200), kCame), 3);
  EXPECT_EQ(backlog.CountAhead(kInteractive, kNever, kCame), 8) << "one of them bulk, whose turn it is";
  EXPECT_EQ(backlog.CountAhead(kBulk, At(49), kCame), 7) << "all that are interactive";
  EXPECT_EQ(backlog.CountAhead(kBulk, At(50), kCame), 10);

  backlog.Remove(kInteractive, At(100), kCame, 1);
  backlog.Remove(kInteractive, kNever, kCame, 3);
  backlog.Remove(kBulk, At(50), kCame, 3);
  EXPECT_EQ(backlog.size(), 3);
  EXPECT_EQ(backlog.CountAhead(kBulk, kNever, kCame), 3);
}

TEST(BacklogTest, EveryEighthIsBulk) {
  Backlog backlog;
  backlog.Add(kInteractive, kNever, kCame, 20);
  backlog.Add(kBulk, kNever, kCame, 5);
  EXPECT_EQ(backlog.CountAhead(kInteractive, kNever, kCame), 22) << "with two bulk ones among twenty";
  EXPECT_EQ(backlog.CountAhead(kInteractive, At(1), kCame), 0);
  EXPECT_EQ(backlog.CountAhead(kBulk, At(1), kCame), 7);
  backlog.Add(kInteractive, kNever, kCame, 80);
  EXPECT_EQ(backlog.CountAhead(kInteractive, kNever, kCame), 105);
  EXPECT_EQ(backlog.CountAhead(kBulk, kNever, kCame), 5 + 6 * 7);
}

TEST(BacklogTest, NobodyIsOvertakenForLong) {
  Backlog backlog;
  backlog.Add(kInteractive, kNever, At(0), 1);  // ordered as if due after ten seconds
  backlog.Add(kInteractive, kNever, At(3000), 1);
  EXPECT_EQ(backlog.CountAhead(kInteractive, At(9999), At(9000)), 0);
  EXPECT_EQ(backlog.CountAhead(kInteractive, At(10'000), At(9000)), 1);
  EXPECT_EQ(backlog.CountAhead(kInteractive, kNever, At(9000)), 2);
  // It is no deadline, though.
  EXPECT_FALSE(backlog.WouldExpireAnother(kInteractive, At(9999), 3, At(9998), TimeToAnswer, kPerImage));
  backlog.Remove(kInteractive, kNever, At(3000), 1);
  EXPECT_EQ(backlog.CountAhead(kInteractive, kNever, At(9000)), 1);
}

bool WouldExpire(const Backlog& backlog, int milliseconds, int images = 1,
                 TaskClass task_class = kInteractive) {
  return backlog.WouldExpireAnother(task_class, At(milliseconds), images, At(0), TimeToAnswer, kPerImage);
}

TEST(BacklogTest, SeesWhoWouldBeLate) {
  Backlog backlog;
  backlog.Add(kInteractive, At(100), kCame, 4);
  backlog.Add(kInteractive, At(45), kCame, 1);  // alone it is answered at 10, and after seven others at 45
  backlog.Add(kInteractive, At(200), kCame, 1);
  EXPECT_FALSE(WouldExpire(backlog, 40, 7));
  EXPECT_TRUE(WouldExpire(backlog, 40, 8));
  EXPECT_FALSE(WouldExpire(backlog, 45, 8)) << "it comes after the one";
  // The last of the four is answered at 30, and after 14 others at 100.
  EXPECT_FALSE(WouldExpire(backlog, 50, 14));
  EXPECT_TRUE(WouldExpire(backlog, 50, 15));
  EXPECT_FALSE(WouldExpire(backlog, 200, 1000));
}

TEST(BacklogTest, WhoIsLateAnywayBindsNobody) {
  Backlog backlog;
  backlog.Add(kInteractive, At(9), kCame, 1);
  EXPECT_FALSE(WouldExpire(backlog, 5));
  backlog.Add(kInteractive, At(20), kCame, 1);  // answered at 15 now, and at 20 after one more
  EXPECT_FALSE(WouldExpire(backlog, 5, 1));
  EXPECT_TRUE(WouldExpire(backlog, 5, 2));
}

TEST(BacklogTest, BulkDoesNotBindInteractive) {
  Backlog backlog;
  backlog.Add(kBulk, At(15), kCame, 1);
  EXPECT_FALSE(WouldExpire(backlog, 5, 100));
  EXPECT_TRUE(WouldExpire(backlog, 5, 100, kBulk));
}

TEST(BacklogTest, DecidesAsALookAtEveryImageDoes) {
  std::mt19937 random(7);
  const auto number = [&random](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  int yes = 0;
  for (int round = 0; round < 1000; ++round) {
    Backlog backlog;
    std::vector<MonotonicTime> deadlines;
    for (int i = number(40); i > 0; --i) {
      deadlines.push_back(number(5) == 0 ? kNever : At(number(170)));
      backlog.Add(kInteractive, deadlines.back(), kCame, 1);
    }
    const int removed = number(static_cast<int>(deadlines.size()));
    for (int i = 0; i < removed; ++i) {
      backlog.Remove(kInteractive, deadlines.back(), kCame, 1);
      deadlines.pop_back();
    }
    std::sort(deadlines.begin(), deadlines.end());
    const MonotonicTime deadline = At(number(170));
    const int images = 1 + number(3);
    bool expires = false;
    int ahead = 0;
    for (size_t i = 0; i < deadlines.size(); ++i) {
      if (deadlines[i] <= deadline) {
        ++ahead;
        continue;
      }
      const auto before = static_cast<int>(i);
      expires = expires || (At(0) + TimeToAnswer(before) <= deadlines[i] &&
                            At(0) + TimeToAnswer(before + images) > deadlines[i]);
    }
    EXPECT_EQ(backlog.CountAhead(kInteractive, deadline, kCame), ahead);
    EXPECT_EQ(backlog.WouldExpireAnother(kInteractive, deadline, images, At(0), TimeToAnswer, kPerImage),
              expires)
        << "round " << round;
    yes += expires ? 1 : 0;
  }
  EXPECT_GT(yes, 50) << "or the rounds say little";
  EXPECT_LT(yes, 950);
}

}  // namespace
}  // namespace edgenext::serving
