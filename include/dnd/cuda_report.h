// What `dnd doctor` tells of a CUDA device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dnd {

struct CudaReport {
  // One kernel of the self-test against the same code on the CPU; "convolution" against fp64.
  struct Check {
    std::string name;
    double error = 0.0;  // relative RMS
    double bound = 0.0;
    bool passed = false;
  };

  std::string name;     // of the device
  std::string compute;  // capability, e.g. "9.0"
  std::string driver;   // the CUDA version that it supports, e.g. "13.0"
  std::string runtime;
  std::string cublas;
  std::uint64_t memory_bytes = 0;
  std::uint64_t free_bytes = 0;
  std::vector<Check> checks;

  bool passed() const {
    for (const Check& check : checks) {
      if (!check.passed) return false;
    }
    return !checks.empty();
  }
};

}  // namespace dnd
