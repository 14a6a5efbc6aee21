#include "server/batching/place_line.h"

#include <cassert>
#include <string_view>
#include <unordered_set>

namespace edgenext::serving {

// Looks at the line as at a ring: from some place on, each request once.
class PlaceLine::Search {
 public:
  Search(const std::map<Key, Waiting>& line, const Decide& decide) : line_(line), decide_(decide) {}

  // Ends with the one that was found, with no more to look at, or after kMostLooks decisions; that is to go
  // on at the result.
  Key LookFrom(const Key& start) {
    auto at = line_.lower_bound(start);
    int looks = 0;
    for (size_t passed = 0; passed < line_.size(); ++passed, ++at) {
      if (at == line_.end()) at = line_.begin();
      const auto& [key, waiting] = *at;
      if (have_their_share_.count(waiting.client) > 0) continue;
      if (looks++ == kMostLooks) return key;
      const AdmissionDecision::Kind kind = decide_(key.second);
      if (kind == AdmissionDecision::Kind::kAdmit) found_ = key.second;
      is_over_ = found_ || kind == AdmissionDecision::Kind::kNoPlace;  // which holds for all
      if (is_over_) return key;
      if (kind == AdmissionDecision::Kind::kNotItsShare) have_their_share_.insert(waiting.client);
    }
    is_over_ = true;
    return start;
  }

  bool is_over() const { return is_over_; }
  const absl::optional<Id>& found() const { return found_; }

 private:
  const std::map<Key, Waiting>& line_;
  const Decide& decide_;
  std::unordered_set<std::string_view> have_their_share_;
  absl::optional<Id> found_;
  bool is_over_ = false;
};

void PlaceLine::Add(Id id, TaskClass task_class, std::string client, MonotonicTime now) {
  line_.emplace(Key(task_class, id), Waiting{std::move(client), now});
  if (task_class == TaskClass::kBulk) ++bulk_;
}

void PlaceLine::Remove(Id id, TaskClass task_class) {
  const size_t removed = line_.erase({task_class, id});
  assert(removed == 1);
  static_cast<void>(removed);
  if (task_class == TaskClass::kBulk) --bulk_;
}

absl::optional<PlaceLine::Id> PlaceLine::FindNext(MonotonicTime now, const Decide& decide) {
  if (line_.empty()) return absl::nullopt;
  Search search(line_, decide);
  search.LookFrom({NextClass(now), 0});
  if (!search.is_over()) resume_at_ = search.LookFrom(resume_at_);
  return search.found();
}

void PlaceLine::CountTurn(TaskClass task_class) {
  interactive_since_bulk_ = task_class == TaskClass::kBulk ? 0 : interactive_since_bulk_ + 1;
}

TaskClass PlaceLine::NextClass(MonotonicTime now) const {
  QueueSnapshot line;
  line.queued = static_cast<int>(line_.size());
  line.bulk = bulk_;
  if (bulk_ > 0) line.oldest_bulk = line_.lower_bound({TaskClass::kBulk, 0})->second.since;
  line.interactive_since_bulk = interactive_since_bulk_;
  return policy_.NextClass(line, now);
}

}  // namespace edgenext::serving
