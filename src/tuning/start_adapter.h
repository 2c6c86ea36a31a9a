// The adapter that learning begins with.
#pragma once

#include <cstdint>

#include "adapter/lora.h"
#include "target/base_model.h"
#include "tuning/request.h"

namespace dnd::tuning {

// `from`, or a new one: A uniform in +-1 / sqrt(in) by the seed, as PEFT draws it, B = 0. Throws as
// read_lora() and derive_layout() do, Error(usage) where no module is in the layers asked for, Error(data)
// for DoRA.
adapter::LoraAdapter start_adapter(const Request& request, const target::BaseModel& base);

// The same new values for the modules and ranks of `shape`, whose own values are passed over.
adapter::LoraAdapter new_adapter(adapter::LoraAdapter shape, std::uint64_t seed);

}  // namespace dnd::tuning
