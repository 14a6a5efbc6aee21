#ifndef SERVER_PIPELINE_POSTPROCESS_H_
#define SERVER_PIPELINE_POSTPROCESS_H_

#include "absl/types/span.h"
#include "server/pipeline/classify_pipeline.h"

namespace edgenext::serving {

// What `outputs` asks for, from `logits` [classes]; its timings are left to the caller. `probabilities`
// [classes] is overwritten.
ImageResult Postprocess(absl::Span<const float> logits, const OutputSpec& outputs,
                        absl::Span<float> probabilities);

}  // namespace edgenext::serving

#endif  // SERVER_PIPELINE_POSTPROCESS_H_
