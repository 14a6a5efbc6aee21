// The built server with --latency-threads: idle workers share an image, and nobody can tell from the answer.
#include <sched.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/e2e/server_process.h"

namespace edgenext::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kShared[] = "edgenext_shared_inferences_total";

// Of every class.
std::vector<float> Probabilities(const Client& client, const std::string& image) {
  grpc::ClientContext context;
  v1::ClassifyRequest request;
  request.set_image(SampleImage(image));
  request.set_top_k(10000);
  v1::ClassifyResponse response;
  const grpc::Status status = client.classifier->Classify(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  std::vector<float> probabilities(static_cast<size_t>(response.predictions_size()));
  for (const v1::Prediction& prediction : response.predictions()) {
    probabilities[prediction.index()] = prediction.probability();
  }
  return probabilities;
}

TEST(SharingTest, AnImageThatWorkersShareHasTheSameProbabilitiesToTheBit) {
  ServerProcess alone({"--cpus=2"});
  ServerProcess sharing({"--cpus=2", "--latency-threads=2"});
  ASSERT_TRUE(alone.WaitUntilReady() && sharing.WaitUntilReady());
  EXPECT_THAT(sharing.Errors(), HasSubstr("workers=2 latency_threads=2"));
  const Client alone_client(alone.grpc_address());
  const Client sharing_client(sharing.grpc_address());
  for (const char* image : {"penguin.jpg", "guitar.webp", "strawberry.png", "butterfly.bmp"}) {
    const std::vector<float> expected = Probabilities(alone_client, image);
    EXPECT_GT(expected.size(), 100u);
    // The other worker may still be busy with the end of the image before.
    const double before = sharing.Metric(kShared);
    EXPECT_TRUE(Eventually([&] {
      EXPECT_EQ(Probabilities(sharing_client, image), expected) << image;
      return sharing.Metric(kShared) > before;
    })) << image;
  }
  EXPECT_EQ(alone.Metric(kShared), 0);

  v1::ClassifyResponse response;
  ASSERT_TRUE(sharing_client.Classify(SampleImage("penguin.jpg"), &response).ok());
  EXPECT_EQ(response.predictions(0).label(), "penguin");
}

// What this process may run on, and so the servers that it starts; as before at the end of the scope.
class OneCpu {
 public:
  OneCpu() {
    sched_getaffinity(0, sizeof(before_), &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
    sched_setaffinity(0, sizeof(one), &one);
  }
  ~OneCpu() { sched_setaffinity(0, sizeof(before_), &before_); }

 private:
  cpu_set_t before_;
};

TEST(SharingTest, NoMoreWorkersShareAnImageThanTheMachineHasCores) {
  const OneCpu one_cpu;
  ServerProcess server({"--latency-threads=2"});
  ASSERT_TRUE(server.WaitUntilReady());
  EXPECT_THAT(server.Errors(), AllOf(HasSubstr("workers=1 latency_threads=1 "),
                                     HasSubstr("fewer workers than --latency-threads asked=2 used=1")));
}

}  // namespace
}  // namespace edgenext::testing
