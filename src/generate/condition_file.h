// A condition on disk: a safetensors file with one tensor, "condition" (N, L, C) fp32, and in its metadata
// what it was made of (docs/formats.md).
#pragma once

#include <filesystem>

#include "base/staged.h"
#include "bundle/generator_config.h"
#include "dnd/engine.h"
#include "formats/safetensors.h"

namespace dnd::generate {

// What a new one may replace.
FileKind condition_file();

// Writes the file at once (see dnd::Staged).
void write_condition(const std::filesystem::path& path, const HostTensor& condition,
                     const formats::Metadata& metadata, OnExisting on_existing);

// Throws Error(no_input), or Error(data) where it is not of the shape that the generator takes.
HostTensor read_condition(const std::filesystem::path& path,
                          const bundle::ConditionConfig& condition);

}  // namespace dnd::generate
