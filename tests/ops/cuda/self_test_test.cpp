#include "ops/cuda/self_test.h"

#include <gmock/gmock.h>

#include "ops/cuda/host_twin.h"

namespace dnd::ops::cuda {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> failed(Device& device) {
  std::vector<std::string> names;
  for (const KernelCheck& check : self_test(device)) {
    if (!check.passed) names.push_back(check.name);
  }
  return names;
}

TEST(SelfTest, TheTwinPassesWhateverTheOrderOfItsThreads) {
  HostTwin forward;
  HostTwin backward(TurnOrder::backward);
  EXPECT_THAT(failed(forward), ElementsAre());
  EXPECT_THAT(failed(backward), ElementsAre());
  EXPECT_EQ(self_test(forward).size(), 7U);
}

// A device one of whose kernels does nothing.
template <typename Kernel>
class DeviceWithout : public HostTwin {
 public:
  using HostTwin::launch;
  void launch(const Kernel& /*kernel*/) override {}
};

template <typename Kernel>
std::vector<std::string> failed_without() {
  DeviceWithout<Kernel> device;
  return failed(device);
}

TEST(SelfTest, NamesTheKernelThatDoesNotWork) {
  EXPECT_THAT(failed_without<LayerNorm>(), ElementsAre("layer norm"));
  EXPECT_THAT(failed_without<WeightTransform>(), ElementsAre("weight transform", "convolution"));
  EXPECT_THAT(failed_without<ForwardTransform>(), ElementsAre("forward transform", "convolution"));
  EXPECT_THAT(failed_without<BatchedProduct>(), ElementsAre("product", "convolution"));
  EXPECT_THAT(failed_without<InverseTransform>(), ElementsAre("inverse transform", "convolution"));
}

// One tile of one kernel that is off by a little.
class SlightlyOff : public HostTwin {
 public:
  using HostTwin::launch;
  void launch(const InverseTransform& kernel) override {
    HostTwin::launch(kernel);
    kernel.y[0] += 1e-2F;
  }
};

TEST(SelfTest, SeesASmallError) {
  SlightlyOff device;
  EXPECT_THAT(failed(device), ::testing::Contains("inverse transform"));
}

}  // namespace
}  // namespace dnd::ops::cuda
