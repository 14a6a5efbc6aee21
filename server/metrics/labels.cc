#include "server/metrics/labels.h"

namespace edgenext::serving {

size_t CodeIndex(int number) {
  size_t unknown = 0;
  for (size_t i = 0; i < kCodes.size(); ++i) {
    if (kCodes[i].number == number) return i;
    if (kCodes[i].number == 2) unknown = i;
  }
  return unknown;
}

const char* LabelValue(Method method) {
  switch (method) {
    case Method::kClassify:
      return "Classify";
    case Method::kClassifyStream:
      return "ClassifyStream";
    case Method::kServerLive:
      return "ServerLive";
    case Method::kServerReady:
      return "ServerReady";
    case Method::kModelReady:
      return "ModelReady";
    case Method::kServerMetadata:
      return "ServerMetadata";
    case Method::kModelMetadata:
      return "ModelMetadata";
    case Method::kModelInfer:
      return "ModelInfer";
    case Method::kUnknown:
      return "_unknown";
  }
  return "_unknown";
}

const char* LabelValue(Stage stage) {
  switch (stage) {
    case Stage::kParse:
      return "parse";
    case Stage::kDecode:
      return "decode";
    case Stage::kPreprocess:
      return "preprocess";
    case Stage::kQueue:
      return "queue";
    case Stage::kExecute:
      return "execute";
    case Stage::kPostprocess:
      return "postprocess";
    case Stage::kSend:
      return "send";
  }
  return "_unknown";
}

const char* LabelValue(BatchTrigger trigger) {
  switch (trigger) {
    case BatchTrigger::kIdle:
      return "idle";
    case BatchTrigger::kFull:
      return "full";
    case BatchTrigger::kTimeout:
      return "timeout";
    case BatchTrigger::kDeadline:
      return "deadline";
    case BatchTrigger::kDrain:
      return "drain";
  }
  return "_unknown";
}

const char* LabelValue(RejectReason reason) {
  switch (reason) {
    case RejectReason::kOverloaded:
      return "overloaded";
    case RejectReason::kDeadlineUnreachable:
      return "deadline_unreachable";
    case RejectReason::kDraining:
      return "draining";
    case RejectReason::kModelNotReady:
      return "model_not_ready";
  }
  return "_unknown";
}

const char* LabelValue(DeadlineBudget budget) { return budget == DeadlineBudget::kShort ? "short" : "long"; }

bool AddressesModel(Method method) {
  switch (method) {
    case Method::kClassify:
    case Method::kClassifyStream:
    case Method::kModelReady:
    case Method::kModelMetadata:
    case Method::kModelInfer:
      return true;
    case Method::kServerLive:
    case Method::kServerReady:
    case Method::kServerMetadata:
    case Method::kUnknown:
      return false;
  }
  return false;
}

}  // namespace edgenext::serving
