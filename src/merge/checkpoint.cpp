#include "merge/checkpoint.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/safetensors.h"
#include "formats/safetensors_index.h"

namespace dnd::merge {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kWeightsEnding = ".safetensors";
constexpr std::string_view kIndexEnding = ".safetensors.index.json";

// Weights in other formats, and what other tools keep beside them.
constexpr std::array<std::string_view, 16> kForeignEndings = {
    ".safetensors", ".index.json", ".bin", ".pt", ".pth",       ".ckpt",   ".gguf", ".h5",
    ".msgpack",     ".onnx",       ".npz", ".ot", ".onnx_data", ".tflite", ".zip",  ".tar"};
constexpr std::array<std::string_view, 2> kForeignNames = {"adapter_config.json",
                                                           "consolidated.params.json"};

std::vector<std::string> sorted_names(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::path& entry : list_folder(folder)) names.push_back(entry.filename().string());
  return names;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

CheckpointFile read_weight_file(const fs::path& path) {
  const formats::SafetensorsFile file(path);
  CheckpointFile out{path, file_bytes(path), {}};
  std::uint64_t data = 0;
  for (const formats::TensorView& tensor : file.tensors()) data += tensor.bytes.size();
  // The reader made sure that tensors follow each other up to the end of the file.
  std::uint64_t begin = out.bytes - data;
  for (const formats::TensorView& tensor : file.tensors()) {
    out.weights.push_back({tensor.name, tensor.dtype, tensor.shape, begin, tensor.bytes.size()});
    begin += tensor.bytes.size();
  }
  return out;
}

std::string only_one_ending_in(const std::vector<std::string>& names, std::string_view ending) {
  std::string found;
  for (const std::string& name : names) {
    if (!name.ends_with(ending)) continue;
    if (!found.empty()) return "";
    found = name;
  }
  return found;
}

// The names that transformers looks for, in its order; then any that leaves no choice.
std::string find_entry(const fs::path& folder, const std::vector<std::string>& names) {
  for (const char* name : {"model.safetensors", "model.safetensors.index.json"}) {
    if (contains(names, name)) return name;
  }
  for (const std::string_view ending : {kIndexEnding, kWeightsEnding}) {
    std::string only = only_one_ending_in(names, ending);
    if (!only.empty()) return only;
  }
  fail(ErrorKind::no_input, folder.string(),
       ": no base model: expected model.safetensors or model.safetensors.index.json",
       contains(names, "adapter_config.json") ? " (this is an adapter)"
       : contains(names, "pytorch_model.bin") || contains(names, "pytorch_model.bin.index.json")
           ? " (only safetensors weights are read, pickles are not)"
           : "");
}

// The shards of an index by name, each with the tensors promised.
std::map<std::string, std::set<std::string>> read_index(const fs::path& path) {
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [tensor, shard] : formats::read_safetensors_index(path, path.string())) {
    shards[shard].insert(tensor);
  }
  return shards;
}

void check_promises(const CheckpointFile& file, const std::set<std::string>& promised,
                    const std::string& index) {
  std::set<std::string> held;
  for (const Weight& weight : file.weights) held.insert(weight.name);
  for (const std::string& name : promised) {
    if (held.count(name) > 0) continue;
    fail(ErrorKind::data, file.path.string(), ": no tensor '", printable(name), "', which ", index,
         " says is there");
  }
}

void read_weights(Checkpoint& checkpoint, const fs::path& folder) {
  if (!checkpoint.entry.ends_with(kIndexEnding)) {
    checkpoint.files.push_back(read_weight_file(folder / checkpoint.entry));
    return;
  }
  for (const auto& [name, promised] : read_index(folder / checkpoint.entry)) {
    checkpoint.files.push_back(read_weight_file(folder / name));
    check_promises(checkpoint.files.back(), promised, checkpoint.entry);
  }
}

bool is_foreign(const std::string& name) {
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  return name.starts_with('.') ||
         std::any_of(kForeignEndings.begin(), kForeignEndings.end(), ends) ||
         std::find(kForeignNames.begin(), kForeignNames.end(), name) != kForeignNames.end();
}

// A loop of links is left out like a link to nothing.
PathKind kind_of_companion(const fs::path& path) {
  try {
    return kind_of(path);
  } catch (const Error&) {
    if (is_link(path)) return PathKind::absent;
    throw;
  }
}

void add_companions(Checkpoint& checkpoint, const std::vector<std::string>& names) {
  std::set<std::string> taken;
  for (const CheckpointFile& file : checkpoint.files) taken.insert(file.path.filename().string());
  for (const std::string& name : names) {
    if (taken.count(name) > 0) continue;
    const fs::path path = checkpoint.path / name;
    const PathKind kind = kind_of_companion(path);
    if (kind == PathKind::file && (name == checkpoint.entry || !is_foreign(name))) {
      checkpoint.files.push_back({path, file_bytes(path), {}});
    } else {
      checkpoint.left_out.push_back(kind == PathKind::folder ? name + "/" : name);
    }
  }
}

std::optional<target::AttentionHeads> read_heads(JsonObject& config) {
  constexpr std::int64_t kMost = 1 << 20;
  if (!config.has("num_attention_heads")) return std::nullopt;
  const std::int64_t heads = config.integer("num_attention_heads", 1, kMost);
  return target::AttentionHeads{heads, config.integer_or("num_key_value_heads", heads, 1, kMost)};
}

void read_config(Checkpoint& checkpoint, const fs::path& path) {
  if (!is_file(path)) return;
  const Json json = read_json_file(path, path.string());
  JsonObject config(json, path.string());
  // Vision-language models keep the language model's numbers one level down.
  JsonObject text = config.has("text_config") ? config.object("text_config") : config;
  checkpoint.model_type = config.text_or("model_type", "");
  checkpoint.heads = read_heads(text);
  checkpoint.tied_embeddings =
      config.boolean_or("tie_word_embeddings", text.boolean_or("tie_word_embeddings", false));
  for (JsonObject* object : {&config, &text}) {
    for (const char* key : {"quantization_config", "compression_config"}) {
      if (!object->has(key)) continue;
      checkpoint.quantization = object->object(key).text_or("quant_method", "unnamed");
    }
  }
}

}  // namespace

std::uint64_t Checkpoint::bytes() const {
  std::uint64_t sum = 0;
  for (const CheckpointFile& file : files) sum += file.bytes;
  return sum;
}

Checkpoint open_checkpoint(const fs::path& path) {
  Checkpoint checkpoint;
  checkpoint.path = path;
  if (!is_folder(path)) {
    checkpoint.entry = path.filename().string();
    checkpoint.files.push_back(read_weight_file(path));
    return checkpoint;
  }
  const std::vector<std::string> names = sorted_names(path);
  checkpoint.entry = find_entry(path, names);
  read_weights(checkpoint, path);
  read_config(checkpoint, path / "config.json");
  add_companions(checkpoint, names);
  return checkpoint;
}

}  // namespace dnd::merge
