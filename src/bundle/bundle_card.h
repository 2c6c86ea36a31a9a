// The README.md of a bundle.
#pragma once

#include <string>

#include "bundle/generator_config.h"

namespace dnd::bundle {

inline constexpr const char* kCardName = "README.md";

std::string bundle_card(const GeneratorConfig& config);

}  // namespace dnd::bundle
