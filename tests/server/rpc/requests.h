#ifndef TESTS_SERVER_RPC_REQUESTS_H_
#define TESTS_SERVER_RPC_REQUESTS_H_

#include "edgenext/v1/classifier.pb.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::testing {

// Methods by their paths, for calls that are made by hand.
inline constexpr char kClassify[] = "/edgenext.v1.Classifier/Classify";
inline constexpr char kClassifyStream[] = "/edgenext.v1.Classifier/ClassifyStream";
inline constexpr char kModelInfer[] = "/inference.GRPCInferenceService/ModelInfer";

// A red image.
inline v1::ClassifyRequest Red() {
  v1::ClassifyRequest request;
  request.set_image(SolidBmp(255, 0, 0));
  return request;
}

}  // namespace edgenext::testing

#endif  // TESTS_SERVER_RPC_REQUESTS_H_
