#include "server/pipeline/result_cache.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace edgenext::serving {
namespace {

ImageKey Key(int i) {
  ImageKey key{};
  key[0] = static_cast<uint8_t>(i);
  key[31] = static_cast<uint8_t>(i >> 8);
  return key;
}

SharedLogits Logits(size_t classes, float value = 0) {
  return std::make_shared<const std::vector<float>>(classes, value);
}

TEST(ResultCacheTest, FindsWhatWasPut) {
  ResultCache cache(1 << 20);
  EXPECT_EQ(cache.Find(Key(1)), nullptr);
  const SharedLogits logits = Logits(10, 3);
  cache.Put(Key(1), logits);
  EXPECT_EQ(cache.Find(Key(1)), logits);
  EXPECT_EQ(cache.Find(Key(2)), nullptr);
  EXPECT_EQ(cache.entries(), 1u);
  EXPECT_EQ(cache.bytes(), ResultCache::BytesOf(*logits));
}

TEST(ResultCacheTest, AnEntryTakesMoreThanItsLogits) {
  EXPECT_GE(ResultCache::BytesOf(*Logits(1000)), 4000u + sizeof(ImageKey) + sizeof(std::vector<float>));
  EXPECT_EQ(ResultCache::BytesOf(*Logits(1000)) - ResultCache::BytesOf(*Logits(10)), 4u * 990);
}

TEST(ResultCacheTest, TheLeastRecentlyUsedLeavesFirst) {
  ResultCache cache(3 * ResultCache::BytesOf(*Logits(8)));
  for (int i = 1; i <= 3; ++i) cache.Put(Key(i), Logits(8));
  EXPECT_EQ(cache.entries(), 3u) << "exactly full";
  EXPECT_NE(cache.Find(Key(1)), nullptr);
  cache.Put(Key(2), Logits(8));
  cache.Put(Key(4), Logits(8));
  EXPECT_EQ(cache.Find(Key(3)), nullptr);
  for (const int i : {1, 2, 4}) EXPECT_NE(cache.Find(Key(i)), nullptr) << i;
}

TEST(ResultCacheTest, WhatIsLargerThanTheCacheIsNotKept) {
  const size_t bytes = ResultCache::BytesOf(*Logits(8));
  ResultCache cache(bytes);
  cache.Put(Key(1), Logits(8));
  cache.Put(Key(2), Logits(9));
  EXPECT_NE(cache.Find(Key(1)), nullptr) << "nothing leaves for what cannot come";
  EXPECT_EQ(cache.Find(Key(2)), nullptr);
  ResultCache none(0);
  none.Put(Key(1), Logits(1));
  EXPECT_EQ(none.entries(), 0u);
}

TEST(ResultCacheTest, WhatLeavesStaysWithWhoHasIt) {
  ResultCache cache(ResultCache::BytesOf(*Logits(8)));
  cache.Put(Key(1), Logits(8, 5));
  const SharedLogits found = cache.Find(Key(1));
  cache.Put(Key(2), Logits(8));
  EXPECT_EQ(cache.Find(Key(1)), nullptr);
  EXPECT_EQ(*found, std::vector<float>(8, 5));
}

// Against a list that is searched from end to end.
TEST(ResultCacheTest, BehavesAsANaiveList) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    const size_t max_bytes = 5000 + random() % 10000;
    ResultCache cache(max_bytes);
    std::vector<std::pair<ImageKey, SharedLogits>> model;  // the most recently used last
    for (int step = 0; step < 3000; ++step) {
      const ImageKey key = Key(static_cast<int>(random() % 60));
      const auto in_model =
          std::find_if(model.begin(), model.end(), [&key](const auto& entry) { return entry.first == key; });
      if (random() % 2 == 0) {
        const SharedLogits found = cache.Find(key);
        ASSERT_EQ(found, in_model == model.end() ? nullptr : in_model->second) << seed << " " << step;
        if (in_model != model.end()) std::rotate(in_model, in_model + 1, model.end());
      } else {
        const SharedLogits logits = Logits(random() % 300);
        cache.Put(key, logits);
        if (in_model != model.end()) model.erase(in_model);
        model.emplace_back(key, logits);
      }
      const auto model_bytes = [&model] {
        size_t bytes = 0;
        for (const auto& entry : model) bytes += ResultCache::BytesOf(*entry.second);
        return bytes;
      };
      while (model_bytes() > max_bytes) model.erase(model.begin());
      ASSERT_EQ(cache.bytes(), model_bytes()) << seed << " " << step;
      ASSERT_EQ(cache.entries(), model.size()) << seed << " " << step;
    }
  }
}

}  // namespace
}  // namespace edgenext::serving
