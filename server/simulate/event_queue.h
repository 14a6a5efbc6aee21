#ifndef SERVER_SIMULATE_EVENT_QUEUE_H_
#define SERVER_SIMULATE_EVENT_QUEUE_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "model/base/clock.h"

namespace edgenext::serving {

// Virtual time: what is to happen, in order of time, and at equal times in the order in which it was asked
// for, so that a run depends on nothing but its inputs. O(log n) for an event.
class EventQueue {
 public:
  using Action = absl::AnyInvocable<void()>;

  MonotonicTime now() const { return now_; }

  // `action` will run at `time`, or now if that is past.
  void At(MonotonicTime time, Action action) {
    uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<uint32_t>(actions_.size());
      actions_.push_back(std::move(action));
    } else {
      slot = free_.back();
      free_.pop_back();
      actions_[slot] = std::move(action);
    }
    events_.push({std::max(time, now_), asked_++, slot});
  }

  // Runs the next event, with now() its time. False if there is none.
  bool RunNext() {
    if (events_.empty()) return false;
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    Action action = std::move(actions_[event.slot]);
    free_.push_back(event.slot);
    action();
    return true;
  }

 private:
  // Small and trivially copyable, for the heap to be fast; the actions stay where they are.
  struct Event {
    MonotonicTime at;
    uint64_t order;
    uint32_t slot;
    friend bool operator>(const Event& a, const Event& b) {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  MonotonicTime now_ = MonotonicTime::FromDuration(absl::ZeroDuration());
  std::priority_queue<Event, std::vector<Event>, std::greater<Event>> events_;
  std::vector<Action> actions_;
  std::vector<uint32_t> free_;
  uint64_t asked_ = 0;
};

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_EVENT_QUEUE_H_
