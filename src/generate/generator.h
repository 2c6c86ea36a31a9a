// The generator of a call and the text encoder that it was made for, found by name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bundle/generator_config.h"

namespace dnd::generate {

// A bundle to use and its checked configuration.
struct Generator {
  std::filesystem::path folder;
  bundle::GeneratorConfig config;

  std::filesystem::path weights() const { return folder / bundle::kDecoderWeightsName; }
};

// The bundle that `model` names (find_generator()); where that is empty, $DND_MODEL, else the installed
// default, which is told. Throws Error(no_input). Warns if it is untrained.
Generator open_generator(const std::string& model);

// Where an encoder's folder or file of that name may be installed: $DND_ENCODERS, then the program's own.
std::vector<std::filesystem::path> installed_places(const std::string& entry);

// `given`, else encoder/ in the bundle, $DND_ENCODERS/<name>, the installed encoders; for GloVe the same with
// <name>.txt files. Warns where `given` has another name than the generator's encoder. Throws
// Error(no_input), or Error(unavailable) naming every place searched.
std::filesystem::path find_encoder(const Generator& generator, const std::string& given);

}  // namespace dnd::generate
