#include "adapter/diffusion_model.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapter/diffusion_names.h"
#include "adapter/lora_output.h"
#include "adapter/peft_tensors.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "diffusion_model.";

void check_prefix(const TensorFile& file) {
  for (const StoredTensor& tensor : file.tensors) {
    if (tensor.name.starts_with(kPrefix)) continue;
    fail(ErrorKind::data, file.who, ": tensor '", printable(tensor.name), "' does not begin with '",
         kPrefix, "', others do: one adapter is for one model");
  }
}

void refuse_text_encoder(const LoraAdapter& adapter) {
  if (!adapter.component.starts_with("text_encoder")) return;
  fail(ErrorKind::data, "adapter: is for '", printable(adapter.component),
       "', but a diffusion_model file is for the model that denoises (--to kohya has a place)");
}

std::vector<OutputTensor> model_tensors(const LoraAdapter& adapter, const Uniform& uniform) {
  std::vector<OutputTensor> tensors;
  for (const LoraPair& pair : adapter.pairs) {
    const std::string stem = cat(kPrefix, pair.module);
    tensors.push_back({stem + ".lora_A.weight", {uniform.rank, pair.in}, [&] {
                         return uniform_a(pair, uniform);
                       }});
    tensors.push_back({stem + ".lora_B.weight", {pair.out, uniform.rank}, [&] {
                         return uniform_b(pair, uniform);
                       }});
  }
  return tensors;
}

}  // namespace

bool is_diffusion_model_file(const fs::path& path) {
  return has_tensor(path, [](std::string_view name) { return name.starts_with(kPrefix); });
}

LoraAdapter read_diffusion_model_file(const fs::path& path) {
  const TensorFile file = open_tensor_file(path);
  const std::vector<StoredPair> stored_pairs = collect_pairs(file, PairNames::trainers);
  check_prefix(file);
  LoraAdapter adapter;
  adapter.format = AdapterFormat::diffusion_model;
  adapter.metadata = file.metadata;
  adapter.down_and_up = std::any_of(file.tensors.begin(), file.tensors.end(), [](const auto& each) {
    return each.name.find(".lora_down.weight") != std::string::npos;
  });
  adapter.dtype = stored_pairs[0].a->dtype;
  for (const StoredPair& stored : stored_pairs) {
    LoraPair pair = load_pair(file, stored, stored.stem.substr(kPrefix.size()));
    pair.scale = scale_by_alpha(file, stored, pair.rank);
    adapter.pairs.push_back(std::move(pair));
  }
  adapter.component = denoiser_component(adapter);
  return adapter;
}

FileKind diffusion_model_file() {
  return {"a diffusion_model adapter",
          [](const fs::path& path) { return !read_diffusion_model_file(path).pairs.empty(); }};
}

WrittenFile write_diffusion_model_file(const fs::path& path, const LoraAdapter& adapter,
                                       Dtype dtype, OnExisting on_existing) {
  refuse_dora(adapter, "a diffusion_model file here");
  refuse_text_encoder(adapter);
  const Uniform uniform = kDiffusionModelUniform(adapter);
  return write_tensor_file(path, diffusion_model_file(), on_existing,
                           model_tensors(adapter, uniform), dtype, output_metadata(adapter, "pt"));
}

}  // namespace dnd::adapter
