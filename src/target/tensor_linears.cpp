#include "target/tensor_linears.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/strings.h"
#include "formats/config_file.h"
#include "target/block_path.h"

namespace dnd::target {
namespace {

using formats::TensorView;

constexpr std::int64_t kMaxSize = 1LL << 28U;
constexpr std::string_view kWeight = ".weight";

constexpr std::array<QuantizationMark, 9> kMarks = {{
    {".g_idx", "gptq"},
    {".qweight", "awq"},
    {".weight_packed", "compressed-tensors"},
    {".weight.absmax", "bitsandbytes"},
    {".SCB", "bitsandbytes"},
    {".weight_scale_inv", "fp8"},
    {".weight_scale", "fp8"},
    {".weight_format", "bitsandbytes"},
    {".scales", "mlx"},
}};

// Names that only one model's blocks have, and the class that has them.
struct Signature {
  std::string_view architecture;
  std::vector<std::string_view> modules;  // all of them, in block 0
};

const std::vector<Signature>& signatures() {
  static const std::vector<Signature> list = {
      {"HunyuanVideoTransformer3DModel",
       {"context_embedder.token_refiner.refiner_blocks.0.attn.to_q",
        "single_transformer_blocks.0.proj_mlp"}},
      {"FluxTransformer2DModel",
       {"single_transformer_blocks.0.proj_mlp", "transformer_blocks.0.attn.add_q_proj"}},
      {"WanTransformer3DModel",
       {"blocks.0.attn1.to_q", "blocks.0.attn2.to_q", "blocks.0.ffn.net.0.proj"}},
      {"CogVideoXTransformer3DModel",
       {"transformer_blocks.0.attn1.to_q", "transformer_blocks.0.norm2.linear"}},
      {"OmniGen2Transformer2DModel",
       {"ref_image_refiner.0.attn.to_q", "layers.0.feed_forward.linear_3"}},
  };
  return list;
}

bool any_ending(std::string_view name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_embedding(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {"wte", "wpe", "shared", "embed_tokens",
                                                      "relative_attention_bias"};
  return any_ending(name, {"embed", "embedding", "embeddings"}) || name.starts_with("embed_") ||
         std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

bool is_norm(std::string_view name) {
  return any_ending(name, {"norm"}) || name.starts_with("norm") || name.starts_with("ln_");
}

bool is_output_head(std::string_view path, std::string_view name) {
  return name == "lm_head" || name == "embed_out" || path == "output";
}

bool can_be_linear(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('.') + 1);
  return !path.empty() && !is_embedding(name) && !is_norm(name) && !is_output_head(path, name);
}

bool is_float(Dtype dtype) { return dtype_name(dtype).front() == 'F' || dtype == Dtype::bf16; }

bool is_eight_bit_float(Dtype dtype) { return dtype_name(dtype).starts_with("F8"); }

// GPT-2 keeps weights as (in, out); from names and shapes only its fused projection shows it.
bool shows_transposed(const Linear& linear) {
  return linear.path.ends_with(".c_attn") && linear.in == 3 * linear.out;
}

void turn_transposed(std::vector<Linear>& linears) {
  if (std::none_of(linears.begin(), linears.end(), shows_transposed)) return;
  for (Linear& linear : linears) std::swap(linear.in, linear.out);
}

// The output head, or the embedding that it shares its weight with.
std::optional<Linear> head_of(const TensorList& tensors, const std::string& source) {
  const auto find = [&](std::initializer_list<std::string_view> endings) -> const TensorView* {
    for (const TensorView* tensor : tensors) {
      if (tensor->shape.size() == 2 && is_float(tensor->dtype) &&
          any_ending(tensor->name, endings)) {
        return tensor;
      }
    }
    return nullptr;
  };
  const auto path_of = [](const TensorView& tensor) {
    return tensor.name.substr(0, tensor.name.size() - kWeight.size());
  };
  if (const TensorView* head = find({"lm_head.weight", "embed_out.weight"})) {
    return checked_linear(path_of(*head), head->shape, source);
  }
  if (const TensorView* embedding = find({"embed_tokens.weight", "wte.weight"})) {
    return checked_linear("lm_head", embedding->shape, source);
  }
  return std::nullopt;
}

void refuse_adapter(const TensorList& tensors, const std::string& source) {
  for (const TensorView* tensor : tensors) {
    if (tensor->name.find("lora_A") == std::string::npos &&
        tensor->name.find("lora_down") == std::string::npos) {
      continue;
    }
    fail(ErrorKind::data, "base model: ", source, ": holds '", printable(tensor->name),
         "': this is a LoRA adapter, not a base model");
  }
}

std::string quantization_of(const TensorList& tensors) {
  for (const QuantizationMark& mark : kMarks) {
    for (const TensorView* tensor : tensors) {
      if (tensor->name.ends_with(mark.suffix)) return std::string(mark.method);
    }
  }
  const bool eight_bit = std::any_of(tensors.begin(), tensors.end(), [](const TensorView* tensor) {
    return tensor->shape.size() == 2 && is_eight_bit_float(tensor->dtype);
  });
  return eight_bit ? "fp8" : "";
}

// With an input embedding and without an output head the two share a weight.
std::optional<bool> tied_of(const TensorList& tensors) {
  const auto has = [&](std::string_view ending) {
    return std::any_of(tensors.begin(), tensors.end(),
                       [&](const TensorView* tensor) { return tensor->name.ends_with(ending); });
  };
  if (!has("embed_tokens.weight") && !has("wte.weight")) return std::nullopt;
  return !has("lm_head.weight");
}

std::string architecture_of(const std::vector<Linear>& linears) {
  std::set<std::string_view> paths;
  for (const Linear& linear : linears) paths.insert(linear.path);
  for (const Signature& signature : signatures()) {
    if (std::all_of(signature.modules.begin(), signature.modules.end(),
                    [&](std::string_view module) { return paths.count(module) > 0; })) {
      return std::string(signature.architecture);
    }
  }
  return {};
}

}  // namespace

std::span<const QuantizationMark> quantization_marks() { return kMarks; }

Linear checked_linear(const std::string& path, const std::vector<std::int64_t>& shape,
                      const std::string& source) {
  for (const std::int64_t size : shape) {
    if (size >= 1 && size <= kMaxSize) continue;
    fail(ErrorKind::data, "base model: ", source, ": '", printable(path), "' has shape ",
         shape_text(shape), ", expected sizes from 1 to ", kMaxSize);
  }
  return {path, shape[1], shape[0]};
}

namespace {

// What is neither a linear layer nor the head.
std::vector<OtherModule> others_of(const TensorList& tensors) {
  std::vector<OtherModule> others;
  for (const TensorView* tensor : tensors) {
    if (!tensor->name.ends_with(kWeight)) continue;
    const std::string path = tensor->name.substr(0, tensor->name.size() - kWeight.size());
    const std::string_view name = std::string_view(path).substr(path.rfind('.') + 1);
    const bool linear = tensor->shape.size() == 2 && can_be_linear(path);
    if (!linear && !is_output_head(path, name)) {
      others.push_back({path, tensor->shape.size() == 1});
    }
  }
  return others;
}

}  // namespace

std::vector<std::string> linears_from_tensors(const TensorList& tensors, BaseModel& model) {
  refuse_adapter(tensors, model.source);
  model.others = others_of(tensors);
  std::vector<std::string> packed;
  for (const TensorView* tensor : tensors) {
    for (const std::string_view ending : {".qweight", ".weight_packed"}) {
      if (tensor->name.ends_with(ending)) {
        packed.push_back(tensor->name.substr(0, tensor->name.size() - ending.size()));
      }
    }
    if (!tensor->name.ends_with(kWeight) || tensor->shape.size() != 2) continue;
    const std::string path = tensor->name.substr(0, tensor->name.size() - kWeight.size());
    if (!can_be_linear(path)) continue;
    // Eight-bit integers stand one by one, so they keep the shape; four-bit ones do not.
    if (!is_float(tensor->dtype) && tensor->dtype != Dtype::i8) {
      packed.push_back(path);
      continue;
    }
    Linear linear = checked_linear(path, tensor->shape, model.source);
    (expert_number(path) ? model.experts : model.linears).push_back(std::move(linear));
  }
  turn_transposed(model.linears);
  model.head = head_of(tensors, model.source);
  sort_in_model_order(model.linears);
  sort_in_model_order(model.experts);
  if (model.quantization.empty() || model.quantization == formats::kUnknownQuantization) {
    const std::string found = quantization_of(tensors);
    if (!found.empty()) model.quantization = found;
  }
  if (!model.tied_embeddings) model.tied_embeddings = tied_of(tensors);
  if (model.architecture.empty()) model.architecture = architecture_of(model.linears);
  return packed;
}

}  // namespace dnd::target
