#ifndef MODEL_BUNDLE_IMAGENET1K_LABELS_H_
#define MODEL_BUNDLE_IMAGENET1K_LABELS_H_

namespace edgenext {

// model/default/imagenet1k-labels.txt as it was when the program was built.
extern const char kImageNet1kLabels[];

}  // namespace edgenext

#endif  // MODEL_BUNDLE_IMAGENET1K_LABELS_H_
