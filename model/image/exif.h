#ifndef MODEL_IMAGE_EXIF_H_
#define MODEL_IMAGE_EXIF_H_

#include "absl/strings/string_view.h"

namespace edgenext {

// The orientation, 1 to 8, in EXIF data (a TIFF structure, with or without the prefix "Exif\0\0"); 1, the
// usual one, where there is none or the data makes no sense: broken metadata does not spoil a picture.
int ReadExifOrientation(absl::string_view exif);

}  // namespace edgenext

#endif  // MODEL_IMAGE_EXIF_H_
