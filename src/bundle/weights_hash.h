// What a bundle's weights are, whatever its generator.json says of them.
#pragma once

#include <filesystem>
#include <string>

#include "bundle/generator_config.h"

namespace dnd::bundle {

// The sha256 of the bundle's decoder.safetensors as it is (base/remembered_hashes.h). Warns where
// generator.json, read as `config`, names another. Throws Error(no_input).
std::string weights_sha256(const std::filesystem::path& bundle, const GeneratorConfig& config);

}  // namespace dnd::bundle
