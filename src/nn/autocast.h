// LibTorch's bf16 autocast, as the released code trains and runs.
#pragma once

#include <ATen/autocast_mode.h>

namespace dnd::nn {

// Of the calling thread, as long as the object lives. Its cache of rounded weights would be shared
// by all threads: off.
class Autocast {
 public:
  Autocast(bool enabled, at::DeviceType device)
      : device_(device), before_(at::autocast::is_autocast_enabled(device)) {
    at::autocast::set_autocast_enabled(device, enabled);
    at::autocast::set_autocast_dtype(device, at::kBFloat16);
    at::autocast::set_autocast_cache_enabled(false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;
  ~Autocast() { at::autocast::set_autocast_enabled(device_, before_); }

 private:
  at::DeviceType device_;
  bool before_;
};

}  // namespace dnd::nn
