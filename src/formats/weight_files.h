// Which files are a base model's weights, by names and the index alone: no weights are opened.
//
// Where a folder leaves a choice, the program that made its names decides: transformers'
// from_pretrained() takes model.safetensors before its index, diffusers' takes the index of
// diffusion_pytorch_model first. Numbered shards without an index are a model only where none of
// these is there.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dnd::formats {

struct WeightFiles {
  std::filesystem::path folder;
  std::string entry;               // leads to all: the only file, the index, or the first shard
  std::vector<std::string> names;  // of the .safetensors or .gguf files, in order
  // What an index says: tensor -> file. Empty without an index.
  std::map<std::string, std::string> announced;

  std::filesystem::path entry_path() const { return folder / entry; }
};

// The first that is there: model.safetensors, model.safetensors.index.json,
// diffusion_pytorch_model.safetensors.index.json, diffusion_pytorch_model.safetensors, the only other
// index, numbered shards ("model-00001-of-00002.safetensors", under another name where they are the only
// ones), the only .safetensors file, the only .gguf file or numbered parts of one
// ("x-00001-of-00002.gguf"; "mmproj..." is a vision tower). nullopt where there is no such file. Throws
// Error(no_input) naming a missing shard; Error(data) where several files leave a choice, or as
// weight_files_of_index().
std::optional<WeightFiles> find_weight_files(const std::filesystem::path& folder);

// Throws Error(no_input) naming a missing shard, Error(data) where "weight_map" is empty or names
// anything but .safetensors files beside the index.
WeightFiles weight_files_of_index(const std::filesystem::path& index);

// One file that is all of a model. Throws Error(data) for a shard of several.
WeightFiles weight_files_of_file(const std::filesystem::path& file);

bool has_gguf_name(const std::filesystem::path& path);
// A GGUF file, with all the others where it is a part of several, whichever it is. Throws
// Error(no_input) naming a missing part.
WeightFiles weight_files_of_gguf(const std::filesystem::path& file);

}  // namespace dnd::formats
