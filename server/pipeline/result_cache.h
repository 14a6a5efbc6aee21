#ifndef SERVER_PIPELINE_RESULT_CACHE_H_
#define SERVER_PIPELINE_RESULT_CACHE_H_

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "server/pipeline/image_key.h"

namespace edgenext::serving {

// Logits [classes] of one image, shared by the cache and whoever answers with them.
using SharedLogits = std::shared_ptr<const std::vector<float>>;

// Logits by image, bounded in bytes: the least recently used leave first. Softmax and top-k are not kept,
// so that one entry serves every form of answer. Thread-compatible.
class ResultCache {
 public:
  explicit ResultCache(size_t max_bytes) : max_bytes_(max_bytes) {}
  ResultCache(const ResultCache&) = delete;
  ResultCache& operator=(const ResultCache&) = delete;

  // Null if they are not here; else the entry is the most recently used one from now on. O(log entries).
  SharedLogits Find(const ImageKey& key);
  // Keeps `logits` as the most recently used entry, in place of what was there for `key`. What is larger than
  // the whole cache is not kept.
  void Put(const ImageKey& key, SharedLogits logits);

  // Never more than `max_bytes`.
  size_t bytes() const { return bytes_; }
  size_t entries() const { return by_key_.size(); }

  // What an entry takes: its logits, and what containers and the allocator add.
  static size_t BytesOf(const std::vector<float>& logits);

 private:
  struct Entry {
    ImageKey key;
    SharedLogits logits;
  };
  using Entries = std::list<Entry>;

  void Remove(Entries::iterator entry);

  const size_t max_bytes_;
  Entries entries_;  // the most recently used in front
  // A tree, since no choice of keys can make it slow, as it can a table that is not seeded.
  std::map<ImageKey, Entries::iterator> by_key_;
  size_t bytes_ = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_RESULT_CACHE_H_
