#include "client/result_order.h"

#include <cstdlib>
#include <utility>

namespace edgenext {

ResultOrder::ResultOrder(std::function<void(const ImageResult&)> emit) : emit_(std::move(emit)) {}

void ResultOrder::Add(size_t index, ImageResult result) {
  const bool is_new = index >= next_ && early_.emplace(index, std::move(result)).second;
  if (!is_new) std::abort();
  for (auto first = early_.begin(); first != early_.end() && first->first == next_; first = early_.begin()) {
    emit_(first->second);
    early_.erase(first);
    ++next_;
  }
}

}  // namespace edgenext
