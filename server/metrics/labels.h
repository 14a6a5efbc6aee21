#ifndef SERVER_METRICS_LABELS_H_
#define SERVER_METRICS_LABELS_H_

#include <array>

#include "server/metrics/metrics.h"

namespace edgenext::serving {

// The sets of label values and what they are called in the exported text. The position in a set is the index
// that arrays of series use.

inline constexpr std::array kMethods = {
    Method::kClassify,      Method::kClassifyStream, Method::kServerLive,
    Method::kServerReady,   Method::kModelReady,     Method::kServerMetadata,
    Method::kModelMetadata, Method::kModelInfer,     Method::kUnknown};
inline constexpr std::array kStages = {Stage::kParse, Stage::kDecode,  Stage::kPreprocess,
                                       Stage::kQueue, Stage::kExecute, Stage::kPostprocess,
                                       Stage::kSend};
inline constexpr std::array kBatchTriggers = {BatchTrigger::kIdle, BatchTrigger::kFull,
                                              BatchTrigger::kTimeout, BatchTrigger::kDeadline,
                                              BatchTrigger::kDrain};
inline constexpr std::array kRejectReasons = {RejectReason::kOverloaded, RejectReason::kDeadlineUnreachable,
                                              RejectReason::kDraining, RejectReason::kModelNotReady};
inline constexpr std::array kDeadlineBudgets = {DeadlineBudget::kShort, DeadlineBudget::kLong};
inline constexpr std::array kModelStates = {"loading", "warming", "ready", "draining", "failed"};

// The codes that this server answers with (the table "Errors" in server/README.md), by their canonical
// numbers.
struct Code {
  int number;
  const char* name;
};
inline constexpr std::array kCodes = {Code{0, "OK"},
                                      Code{1, "CANCELLED"},
                                      Code{2, "UNKNOWN"},
                                      Code{3, "INVALID_ARGUMENT"},
                                      Code{4, "DEADLINE_EXCEEDED"},
                                      Code{5, "NOT_FOUND"},
                                      Code{8, "RESOURCE_EXHAUSTED"},
                                      Code{12, "UNIMPLEMENTED"},
                                      Code{13, "INTERNAL"},
                                      Code{14, "UNAVAILABLE"}};
// Index in kCodes; that of UNKNOWN for a number that is not there.
size_t CodeIndex(int number);

const char* LabelValue(Method method);
const char* LabelValue(Stage stage);
const char* LabelValue(BatchTrigger trigger);
const char* LabelValue(RejectReason reason);
const char* LabelValue(DeadlineBudget budget);

// Whether calls of the method are for one model; the others are for the server as a whole.
bool AddressesModel(Method method);

}  // namespace edgenext::serving

#endif  // SERVER_METRICS_LABELS_H_
