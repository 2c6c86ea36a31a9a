// What one adapter becomes on disk: its formats, their places, and whether they may be written.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapter/files/format_table.h"
#include "adapter/lora.h"
#include "adapter/written_file.h"

namespace dnd::adapter {

// One file or folder to make.
struct Artefact {
  AdapterFormat format = AdapterFormat::peft;
  std::filesystem::path path;
};

// By a fixed rule, whatever else is asked for: PEFT at `place`, GGUF at `place`.gguf (at `place` itself
// if it ends so and nothing else is made), MLX at `place`.mlx.
std::vector<Artefact> artefacts_of(const std::filesystem::path& place,
                                   const std::vector<AdapterFormat>& formats);

// As dnd::check_output() and dnd::check_replaceable(), of the format's kind. The second is for what may be
// skipped where it is finished. Throw Error(cannot_create).
void check_output(const Artefact& artefact, bool force,
                  const std::vector<std::filesystem::path>& inputs,
                  const char* advice = "--force replaces it");
void check_replaceable(const Artefact& artefact);

// Throws as the format's writer does.
WrittenFile write_artefact(const Artefact& artefact, const LoraAdapter& adapter,
                           const WriteOptions& options);

// An artefact that is there already, as write_artefact() would tell of it.
struct Finished {
  WrittenFile file;
  std::map<std::string, std::string> metadata;
};

// The artefact, where it is there and was made from the same inputs: its metadata has all of `expected` but
// "format" and "dnd.version", its matrices are of `options.dtype`. Nothing where nothing is there. Throws
// Error(cannot_create) where something else is.
std::optional<Finished> find_finished(const Artefact& artefact,
                                      const std::map<std::string, std::string>& expected,
                                      const WriteOptions& options);

}  // namespace dnd::adapter
