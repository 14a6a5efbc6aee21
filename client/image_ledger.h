#ifndef CLIENT_IMAGE_LEDGER_H_
#define CLIENT_IMAGE_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/types/optional.h"
#include "client/base/steady_time.h"
#include "edgenext/v1/classifier.pb.h"

namespace edgenext {

// An image that has been read and not been answered yet.
struct PendingImage {
  // With the image's bytes, kept to be sent again; its id names the image.
  edgenext::v1::ClassifyStreamRequest message;
  // How often the image may have brought a server down: sends that a working stream did not survive, and
  // answers that asked for another try.
  int failed_attempts = 0;
  // InfiniteFuture until it is sent for the first time.
  SteadyTime first_sent = absl::InfiniteFuture();
  // Not to be sent before.
  SteadyTime ready_at = absl::InfinitePast();
};

// Where each pending image is: waiting to be sent, or sent and not answered. An image leaves when it is taken
// and not added again, so no answer is counted twice. Thread-compatible; the time comes from the caller.
class ImageLedger {
 public:
  // The image waits to be sent. Its id is that of no image in the ledger.
  void AddWaiting(PendingImage image);

  // Takes the image with the lowest id of those that wait and are ready; none if there is none.
  absl::optional<PendingImage> TakeReady(SteadyTime now);
  // When the next of the images that are not ready will be; InfiniteFuture if there is none.
  SteadyTime NextReadyTime(SteadyTime now) const;

  // The image was sent just now.
  void AddSent(PendingImage image, SteadyTime now);

  // The sent image `id`; none if it is not one: answered before, or never sent.
  absl::optional<PendingImage> TakeSent(uint64_t id);
  // All sent images, by rising id.
  std::vector<PendingImage> TakeAllSent();
  // All images, by rising id.
  std::vector<PendingImage> TakeAll();

  bool empty() const { return waiting_.empty() && sent_.empty(); }
  size_t sent_count() const { return sent_.size(); }
  // Of all images together.
  size_t image_bytes() const { return image_bytes_; }

 private:
  using ImagesById = std::map<uint64_t, PendingImage>;
  void Add(ImagesById& images, PendingImage image);
  PendingImage Take(ImagesById& images, ImagesById::iterator image);

  ImagesById waiting_;
  ImagesById sent_;
  size_t image_bytes_ = 0;
};

}  // namespace edgenext

#endif  // CLIENT_IMAGE_LEDGER_H_
