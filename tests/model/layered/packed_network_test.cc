#include "model/layered/packed_network.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/kernels/kernels.h"
#include "tests/model/network/network_fixture.h"
#include "tests/testing/status_matchers.h"

namespace edgenext::layered {
namespace {

using edgenext::testing::OptionsForSize;
using edgenext::testing::SyntheticWeights;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(PackedNetworkTest, RunsNoReferenceImplementation) {
  const NetworkOptions options = OptionsForSize(256, 256);
  for (const EdgeNextConfig& config : AllConfigs()) {
    SCOPED_TRACE(config.variant);
    ASSERT_OK_AND_ASSIGN(const auto network, PackedNetwork::Pack(SyntheticWeights(config.variant), options,
                                                                 *kernels::FindKernelTable(options.isa)));
    EXPECT_THAT(network->implementations(), Not(IsEmpty()));
    EXPECT_THAT(network->implementations(), Not(Contains(HasSubstr(": ref"))));
  }
}

}  // namespace
}  // namespace edgenext::layered
