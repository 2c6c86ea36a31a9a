// The process of a test that computes is set up as the engine sets up its own.
#include <gtest/gtest.h>

#include "ops/process.h"

namespace {

class OpsProcess : public ::testing::Environment {
  void SetUp() override { dnd::ops::set_up_process(); }
};

[[maybe_unused]] const auto* const ops_process =
    ::testing::AddGlobalTestEnvironment(new OpsProcess);

}  // namespace
