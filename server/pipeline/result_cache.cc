#include "server/pipeline/result_cache.h"

#include <utility>

namespace edgenext::serving {
namespace {

// Of an entry beside its logits: a node of the list (64 bytes), one of the tree (72), the vector with its
// counts (40), and what the allocator adds to these three and to the logits.
constexpr size_t kEntryOverheadBytes = 256;

}  // namespace

size_t ResultCache::BytesOf(const std::vector<float>& logits) {
  return logits.size() * sizeof(float) + kEntryOverheadBytes;
}

SharedLogits ResultCache::Find(const ImageKey& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->logits;
}

void ResultCache::Put(const ImageKey& key, SharedLogits logits) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) Remove(found->second);
  const size_t bytes = BytesOf(*logits);
  if (bytes > max_bytes_) return;
  while (bytes_ + bytes > max_bytes_) Remove(std::prev(entries_.end()));
  entries_.push_front({key, std::move(logits)});
  by_key_.emplace(key, entries_.begin());
  bytes_ += bytes;
}

void ResultCache::Remove(Entries::iterator entry) {
  bytes_ -= BytesOf(*entry->logits);
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace edgenext::serving
