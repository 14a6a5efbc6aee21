#include "client/image_ledger.h"

#include <string>

#include "gtest/gtest.h"

namespace edgenext {
namespace {

const SteadyTime kStart = absl::UnixEpoch() + absl::Hours(1);

PendingImage Image(uint64_t id, const std::string& bytes = "image") {
  PendingImage image;
  image.message.set_id(id);
  image.message.mutable_request()->set_image(bytes);
  return image;
}

uint64_t IdOf(const absl::optional<PendingImage>& image) {
  return image.has_value() ? image->message.id() : 999;
}

TEST(ImageLedger, GivesTheLowestReadyIdFirst) {
  ImageLedger ledger;
  ledger.AddWaiting(Image(2));
  ledger.AddWaiting(Image(1));
  EXPECT_EQ(IdOf(ledger.TakeReady(kStart)), 1U);
  EXPECT_EQ(IdOf(ledger.TakeReady(kStart)), 2U);
  EXPECT_FALSE(ledger.TakeReady(kStart).has_value());
}

TEST(ImageLedger, HoldsAnImageUntilItsTime) {
  ImageLedger ledger;
  PendingImage late = Image(1);
  late.ready_at = kStart + absl::Milliseconds(10);
  ledger.AddWaiting(late);
  ledger.AddWaiting(Image(2));
  EXPECT_EQ(ledger.NextReadyTime(kStart), kStart + absl::Milliseconds(10));
  EXPECT_EQ(IdOf(ledger.TakeReady(kStart)), 2U);
  EXPECT_FALSE(ledger.TakeReady(kStart + absl::Milliseconds(9)).has_value());
  EXPECT_EQ(IdOf(ledger.TakeReady(kStart + absl::Milliseconds(10))), 1U);
}

TEST(ImageLedger, NamesNoReadyTimeForImagesThatAreReadyAlready) {
  ImageLedger ledger;
  EXPECT_EQ(ledger.NextReadyTime(kStart), absl::InfiniteFuture());
  PendingImage image = Image(1);
  image.ready_at = kStart;
  ledger.AddWaiting(image);
  EXPECT_EQ(ledger.NextReadyTime(kStart), absl::InfiniteFuture());
}

TEST(ImageLedger, TakesASentImageOnce) {
  ImageLedger ledger;
  ledger.AddSent(Image(7), kStart);
  EXPECT_FALSE(ledger.TakeReady(kStart).has_value());
  EXPECT_FALSE(ledger.TakeSent(8).has_value());
  EXPECT_EQ(IdOf(ledger.TakeSent(7)), 7U);
  EXPECT_FALSE(ledger.TakeSent(7).has_value());
  EXPECT_TRUE(ledger.empty());
}

TEST(ImageLedger, AWaitingImageIsNotTakenAsSent) {
  ImageLedger ledger;
  ledger.AddWaiting(Image(7));
  EXPECT_FALSE(ledger.TakeSent(7).has_value());
  EXPECT_FALSE(ledger.empty());
}

TEST(ImageLedger, RemembersTheFirstSend) {
  ImageLedger ledger;
  ledger.AddSent(Image(1), kStart);
  PendingImage image = *ledger.TakeSent(1);
  EXPECT_EQ(image.first_sent, kStart);
  ledger.AddSent(image, kStart + absl::Seconds(5));
  EXPECT_EQ(ledger.TakeSent(1)->first_sent, kStart);
}

TEST(ImageLedger, CountsBytesAndSentImages) {
  ImageLedger ledger;
  ledger.AddWaiting(Image(1, "abc"));
  ledger.AddSent(Image(2, "defgh"), kStart);
  EXPECT_EQ(ledger.image_bytes(), 8U);
  EXPECT_EQ(ledger.sent_count(), 1U);
  ASSERT_TRUE(ledger.TakeSent(2).has_value());
  EXPECT_EQ(ledger.image_bytes(), 3U);
  EXPECT_EQ(ledger.sent_count(), 0U);
}

TEST(ImageLedger, TakesAllByRisingId) {
  ImageLedger ledger;
  ledger.AddWaiting(Image(3));
  ledger.AddSent(Image(4), kStart);
  ledger.AddSent(Image(1), kStart);
  const std::vector<PendingImage> all = ledger.TakeAll();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].message.id(), 1U);
  EXPECT_EQ(all[1].message.id(), 3U);
  EXPECT_EQ(all[2].message.id(), 4U);
  EXPECT_TRUE(ledger.empty());
  EXPECT_EQ(ledger.image_bytes(), 0U);
}

}  // namespace
}  // namespace edgenext
