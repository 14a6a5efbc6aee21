#include "client/image_ledger.h"

#include <algorithm>
#include <utility>

namespace edgenext {

void ImageLedger::AddWaiting(PendingImage image) { Add(waiting_, std::move(image)); }

void ImageLedger::AddSent(PendingImage image, SteadyTime now) {
  image.first_sent = std::min(image.first_sent, now);
  Add(sent_, std::move(image));
}

absl::optional<PendingImage> ImageLedger::TakeReady(SteadyTime now) {
  const auto ready = std::find_if(waiting_.begin(), waiting_.end(),
                                  [now](const auto& entry) { return entry.second.ready_at <= now; });
  if (ready == waiting_.end()) return absl::nullopt;
  return Take(waiting_, ready);
}

SteadyTime ImageLedger::NextReadyTime(SteadyTime now) const {
  SteadyTime next = absl::InfiniteFuture();
  for (const auto& entry : waiting_) {
    if (entry.second.ready_at > now) next = std::min(next, entry.second.ready_at);
  }
  return next;
}

absl::optional<PendingImage> ImageLedger::TakeSent(uint64_t id) {
  const auto found = sent_.find(id);
  if (found == sent_.end()) return absl::nullopt;
  return Take(sent_, found);
}

std::vector<PendingImage> ImageLedger::TakeAllSent() {
  std::vector<PendingImage> images;
  while (!sent_.empty()) images.push_back(Take(sent_, sent_.begin()));
  return images;
}

std::vector<PendingImage> ImageLedger::TakeAll() {
  sent_.merge(waiting_);
  return TakeAllSent();
}

void ImageLedger::Add(ImagesById& images, PendingImage image) {
  image_bytes_ += image.message.request().image().size();
  const uint64_t id = image.message.id();
  images.emplace(id, std::move(image));
}

PendingImage ImageLedger::Take(ImagesById& images, ImagesById::iterator image) {
  PendingImage taken = std::move(image->second);
  images.erase(image);
  image_bytes_ -= taken.message.request().image().size();
  return taken;
}

}  // namespace edgenext
