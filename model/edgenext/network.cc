#include "model/edgenext/network.h"

namespace edgenext {

bool IsInputSide(int64_t pixels) {
  return pixels % kInputSideStep == 0 && pixels >= kMinInputSide && pixels <= kMaxInputSide;
}

}  // namespace edgenext
