#ifndef CLIENT_RESULT_ORDER_H_
#define CLIENT_RESULT_ORDER_H_

#include <cstddef>
#include <functional>
#include <map>

#include "client/image_result.h"

namespace edgenext {

// Brings results that arrive in any order back into the order of the input. Thread-compatible.
class ResultOrder {
 public:
  // `emit` gets result 0, 1, 2, ... each as soon as it and all before it are there.
  explicit ResultOrder(std::function<void(const ImageResult&)> emit);

  // The result of input `index`, which has had none before: a second one is a programmer's error and aborts.
  void Add(size_t index, ImageResult result);

  // How many were emitted: the index of the one that is waited for.
  size_t next() const { return next_; }

 private:
  const std::function<void(const ImageResult&)> emit_;
  size_t next_ = 0;
  std::map<size_t, ImageResult> early_;
};

}  // namespace edgenext

#endif  // CLIENT_RESULT_ORDER_H_
