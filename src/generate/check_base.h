// Whether a base model is the one that a generator was made for.
#pragma once

#include <string>

#include "bundle/generator_config.h"
#include "target/base_model.h"

namespace dnd::generate {

// Throws Error(data) where the base lacks a layer that the generator adapts, or has it in another shape, and
// where `hub_name` (empty: not known) is not the name that the generator has for its base. Warns where the
// base has more layers of the same kinds, and where its configuration names another base.
void check_base(const bundle::GeneratorConfig& config, const target::BaseModel& base,
                const std::string& hub_name);

// What the layout leaves open, as those do that are made from tensors alone: the base's class and its heads.
// Without a class adapters get the tensors' names, which the class's need not be.
void complete_layout(adapter::AdapterLayout& layout, const target::BaseModel& base);

}  // namespace dnd::generate
