#include "target/gguf_base.h"

#include <algorithm>

#include "base/strings.h"
#include "formats/gguf.h"
#include "target/block_path.h"
#include "target/gguf_names.h"

namespace dnd::target {
namespace {

using formats::GgufFile;
using formats::GgufTensor;

constexpr std::int64_t kMaxSize = 1LL << 28U;
constexpr std::string_view kWeight = ".weight";

std::string class_of(const std::string& gguf) {
  for (const std::string& name : gguf_supported_architectures()) {
    if (gguf_architecture(name) == gguf) return name;
  }
  return {};
}

void refuse_parts(const GgufFile& file, const std::string& who) {
  const std::int64_t parts = file.integer("split.count").value_or(1);
  if (parts <= 1) return;
  fail(ErrorKind::data, who, ": is one of ", parts,
       " parts; join them with llama-gguf-split --merge, or give the original model");
}

// Some models have other numbers of heads in every block: an array, and no one answer.
std::optional<AttentionHeads> heads_of(const GgufFile& file, const std::string& architecture) {
  const auto one_number = [&](const std::string& key) -> std::optional<std::int64_t> {
    const formats::GgufValue* value = file.find(key);
    if (value == nullptr || value->type == formats::GgufType::array) return std::nullopt;
    return file.integer(key);
  };
  const auto attention = one_number(architecture + ".attention.head_count");
  if (!attention || *attention < 1) return std::nullopt;
  const std::string key = architecture + ".attention.head_count_kv";
  const auto key_value = file.find(key) == nullptr ? attention : one_number(key);
  if (!key_value || *key_value < 1) return std::nullopt;
  return AttentionHeads{*attention, *key_value};
}

void add_linear(const GgufTensor& tensor, const std::string& architecture, const std::string& who,
                BaseModel& model) {
  if (!tensor.name.ends_with(kWeight) || tensor.shape.size() != 2) return;
  const std::string name = tensor.name.substr(0, tensor.name.size() - kWeight.size());
  const auto path = module_of_gguf_tensor(architecture, name);
  if (!path && name.ends_with(".attn_qkv")) {
    fail(ErrorKind::data, who, ": '", printable(tensor.name),
         "' is q, k and v fused into one; convert the model without --fuse-qkv");
  }
  if (!path) return;
  for (const std::int64_t size : tensor.shape) {
    if (size >= 1 && size <= kMaxSize) continue;
    fail(ErrorKind::data, who, ": '", printable(tensor.name), "' has shape ",
         shape_text(tensor.shape), ", expected sizes from 1 to ", kMaxSize);
  }
  model.linears.push_back({*path, tensor.shape[1], tensor.shape[0]});
  if (model.quantization.empty() && !tensor.type->dtype) {
    model.quantization = std::string(tensor.type->name);
  }
}

}  // namespace

BaseModel read_gguf_base(const std::filesystem::path& path) {
  const std::string who = "base model: " + path.string();
  const GgufFile file(path);
  if (file.text("general.type").value_or("model") != "model") {
    fail(ErrorKind::data, who, ": is not a model but '", printable(*file.text("general.type")),
         "'");
  }
  refuse_parts(file, who);
  const std::string architecture = file.text("general.architecture").value_or("");
  BaseModel model;
  model.source = path.string();
  model.architecture = class_of(architecture);
  if (model.architecture.empty()) {
    fail(ErrorKind::data, who, ": the names of GGUF architecture '", printable(architecture),
         "' are not known; give the original model's folder, config.json or safetensors");
  }
  model.heads = heads_of(file, architecture);
  model.tied_embeddings = file.find_tensor("output.weight") == nullptr;
  for (const GgufTensor& tensor : file.tensors()) add_linear(tensor, architecture, who, model);
  if (model.linears.empty()) {
    fail(ErrorKind::data, who, ": no linear layer among ", file.tensors().size(), " tensors");
  }
  sort_in_model_order(model.linears);
  return model;
}

}  // namespace dnd::target
