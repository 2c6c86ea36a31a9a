#include "target/base_config.h"

#include <algorithm>

#include "base/strings.h"
#include "target/block_path.h"

namespace dnd::target {
namespace {

constexpr std::int64_t kMaxDimension = 1LL << 24U;
constexpr std::int64_t kMaxHeads = 65536;
constexpr std::int64_t kMaxLayers = 4096;
constexpr std::size_t kMaxLinears = 1U << 18U;

struct DecoderSizes {
  std::int64_t hidden = 0;
  std::int64_t layers = 0;
  AttentionHeads heads;
  std::int64_t head_size = 0;
};

// Appends linear layers under prefixes, up to a limit.
class Builder {
 public:
  Builder(BaseModel& model, std::string who) : model_(model), who_(std::move(who)) {}

  void add(const std::string& path, std::int64_t in, std::int64_t out) {
    auto& list = expert_number(path) ? model_.experts : model_.linears;
    if (list.size() >= kMaxLinears) {
      fail(ErrorKind::data, who_, ": more than ", kMaxLinears, " linear layers");
    }
    list.push_back({path, in, out});
  }

  // gate, up and down of a feed-forward network.
  void add_gated(const std::string& prefix, std::int64_t in, std::int64_t inner) {
    add(prefix + ".up_proj", in, inner);
    add(prefix + ".gate_proj", in, inner);
    add(prefix + ".down_proj", inner, in);
  }

 private:
  BaseModel& model_;
  std::string who_;
};

DecoderSizes read_sizes(JsonObject& config, const Architecture& architecture) {
  DecoderSizes sizes;
  sizes.hidden = config.integer("hidden_size", 1, kMaxDimension);
  sizes.layers = config.integer("num_hidden_layers", 1, kMaxLayers);
  sizes.heads = read_attention_heads(config, architecture.heads);
  std::int64_t head_size = architecture.head_size;
  if (head_size == 0) head_size = sizes.hidden / sizes.heads.attention;
  if (!config.has("head_dim") && architecture.head_size == 0 &&
      sizes.hidden % sizes.heads.attention != 0) {
    fail(ErrorKind::data, config.where(), ": hidden_size ", sizes.hidden, " is no multiple of ",
         sizes.heads.attention, " attention heads and there is no head_dim");
  }
  sizes.head_size = config.integer_or("head_dim", head_size, 1, kMaxDimension);
  return sizes;
}

void add_attention(Builder& builder, const std::string& block, const DecoderSizes& sizes,
                   bool fused) {
  const std::int64_t query = sizes.heads.attention * sizes.head_size;
  const std::int64_t key_value = sizes.heads.key_value * sizes.head_size;
  if (fused) {
    builder.add(block + ".self_attn.qkv_proj", sizes.hidden, query + 2 * key_value);
  } else {
    builder.add(block + ".self_attn.q_proj", sizes.hidden, query);
    builder.add(block + ".self_attn.k_proj", sizes.hidden, key_value);
    builder.add(block + ".self_attn.v_proj", sizes.hidden, key_value);
  }
  builder.add(block + ".self_attn.o_proj", query, sizes.hidden);
}

// The feed-forward networks of a decoder's blocks, dense or with experts.
class FeedForwardPlan {
 public:
  FeedForwardPlan(JsonObject& config, FeedForward kind, std::int64_t hidden)
      : kind_(kind),
        hidden_(hidden),
        inner_(config.integer("intermediate_size", 1, kMaxDimension)) {
    if (kind == FeedForward::mixtral) {
      experts_ = config.integer("num_local_experts", 1, kMaxDimension);
    }
    if (kind != FeedForward::qwen_experts) return;
    // transformers 5 writes the second name.
    const char* key = config.has("num_local_experts") ? "num_local_experts" : "num_experts";
    experts_ = config.integer(key, 0, kMaxDimension);
    expert_inner_ = config.integer("moe_intermediate_size", 1, kMaxDimension);
    shared_inner_ = config.integer_or("shared_expert_intermediate_size", 0, 0, kMaxDimension);
    step_ = config.integer_or("decoder_sparse_step", 1, 1, kMaxLayers);
    if (config.has("mlp_only_layers")) dense_ = config.integers("mlp_only_layers", 0, kMaxLayers);
  }

  void add(Builder& builder, const std::string& block, std::int64_t layer) const {
    if (kind_ == FeedForward::mixtral) return add_mixtral(builder, block + ".block_sparse_moe");
    if (kind_ == FeedForward::fused) {
      builder.add(block + ".mlp.gate_up_proj", hidden_, 2 * inner_);
      return builder.add(block + ".mlp.down_proj", inner_, hidden_);
    }
    if (is_sparse(layer)) return add_qwen_experts(builder, block + ".mlp");
    builder.add_gated(block + ".mlp", hidden_, inner_);
  }

 private:
  bool is_sparse(std::int64_t layer) const {
    return kind_ == FeedForward::qwen_experts && experts_ > 0 && (layer + 1) % step_ == 0 &&
           std::find(dense_.begin(), dense_.end(), layer) == dense_.end();
  }

  void add_mixtral(Builder& builder, const std::string& mlp) const {
    builder.add(mlp + ".gate", hidden_, experts_);
    for (std::int64_t i = 0; i < experts_; ++i) {
      const std::string expert = cat(mlp, ".experts.", i);
      builder.add(expert + ".w1", hidden_, inner_);
      builder.add(expert + ".w2", inner_, hidden_);
      builder.add(expert + ".w3", hidden_, inner_);
    }
  }

  void add_qwen_experts(Builder& builder, const std::string& mlp) const {
    builder.add(mlp + ".gate", hidden_, experts_);
    for (std::int64_t i = 0; i < experts_; ++i) {
      builder.add_gated(cat(mlp, ".experts.", i), hidden_, expert_inner_);
    }
    if (shared_inner_ == 0) return;
    builder.add_gated(mlp + ".shared_expert", hidden_, shared_inner_);
    builder.add(mlp + ".shared_expert_gate", hidden_, 1);
  }

  FeedForward kind_;
  std::int64_t hidden_;
  std::int64_t inner_;
  std::int64_t experts_ = 0;
  std::int64_t expert_inner_ = 0;
  std::int64_t shared_inner_ = 0;
  std::int64_t step_ = 1;
  std::vector<std::int64_t> dense_;
};

// Qwen2-VL and Qwen2.5-VL: blocks, then a merger of neighbouring patches into one text position.
void add_qwen_vision(Builder& builder, JsonObject vision, Vision kind) {
  const bool newer = kind == Vision::qwen2_5;
  const std::int64_t layers = vision.integer("depth", 1, kMaxLayers);
  const std::int64_t width = vision.integer(newer ? "hidden_size" : "embed_dim", 1, kMaxDimension);
  const std::int64_t out =
      vision.integer(newer ? "out_hidden_size" : "hidden_size", 1, kMaxDimension);
  const std::int64_t inner = newer ? vision.integer("intermediate_size", 1, kMaxDimension)
                                   : width * vision.integer_or("mlp_ratio", 4, 1, 64);
  const std::int64_t side = vision.integer_or("spatial_merge_size", 2, 1, 64);
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string block = cat("visual.blocks.", i);
    builder.add(block + ".attn.qkv", width, 3 * width);
    builder.add(block + ".attn.proj", width, width);
    if (newer) {
      builder.add_gated(block + ".mlp", width, inner);
    } else {
      builder.add(block + ".mlp.fc1", width, inner);
      builder.add(block + ".mlp.fc2", inner, width);
    }
  }
  builder.add("visual.merger.mlp.0", width * side * side, width * side * side);
  builder.add("visual.merger.mlp.2", width * side * side, out);
}

void add_siglip(Builder& builder, JsonObject vision) {
  const std::int64_t layers = vision.integer("num_hidden_layers", 1, kMaxLayers);
  const std::int64_t width = vision.integer("hidden_size", 1, kMaxDimension);
  const std::int64_t inner = vision.integer("intermediate_size", 1, kMaxDimension);
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string block = cat("vision_tower.vision_model.encoder.layers.", i);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
      builder.add(cat(block, ".self_attn.", name), width, width);
    }
    builder.add(block + ".mlp.fc1", width, inner);
    builder.add(block + ".mlp.fc2", inner, width);
  }
}

// A vision_config without the tower's depth says nothing: class defaults are nobody's model.
void add_vision(Builder& builder, JsonObject& config, Vision kind) {
  if (kind == Vision::none || !config.has("vision_config")) return;
  JsonObject vision = config.object("vision_config");
  if (kind == Vision::siglip) {
    if (vision.has("num_hidden_layers")) add_siglip(builder, vision);
  } else if (vision.has("depth")) {
    add_qwen_vision(builder, vision, kind);
  }
}

// nullptr where the config names no class, or one whose defaults are not known.
const Architecture* class_of(const formats::ConfigFile& config) {
  const auto name = config.architecture();
  return name ? find_architecture(*name) : nullptr;
}

}  // namespace

AttentionHeads read_attention_heads(JsonObject& part, const AttentionHeads& of_class) {
  AttentionHeads heads;
  if (part.has("num_attention_heads") || of_class.attention == 0) {
    heads.attention = part.integer("num_attention_heads", 1, kMaxHeads);
  } else {
    heads.attention = of_class.attention;
  }
  const std::int64_t fallback = of_class.key_value > 0 ? of_class.key_value : heads.attention;
  heads.key_value = part.integer_or("num_key_value_heads", fallback, 1, kMaxHeads);
  return heads;
}

std::optional<AttentionHeads> config_heads(const formats::ConfigFile& config) {
  if (config.is_of_diffusers()) return std::nullopt;
  const Architecture* known = class_of(config);
  const AttentionHeads of_class = known != nullptr ? known->heads : AttentionHeads{};
  JsonObject part = config.language();
  if (!part.has("num_attention_heads") && of_class.attention == 0) return std::nullopt;
  return read_attention_heads(part, of_class);
}

void read_config_facts(const formats::ConfigFile& config, BaseModel& model) {
  model.name = config.name();
  model.quantization = config.quantization();
  const bool diffusers = config.is_of_diffusers();
  if (diffusers || config.object().has("architectures")) {
    model.architecture = config.required_architecture();
  }
  if (diffusers) return;
  model.model_type = config.model_type();
  model.heads = config_heads(config);
  model.tied_embeddings = config.tied_embeddings();
  const Architecture* known = class_of(config);
  if (!model.tied_embeddings && known != nullptr) model.tied_embeddings = known->tied;
}

void read_config_linears(const formats::ConfigFile& config, BaseModel& model) {
  const std::string name = config.required_architecture();
  const Architecture* architecture = find_architecture(name);
  if (architecture == nullptr) {
    fail(ErrorKind::data, config.who(), ": architecture '", printable(name),
         "' is not supported; supported: ", architecture_names(),
         "; any other model is read from its weights: give the .safetensors file, its "
         "*.safetensors.index.json or the folder that holds them");
  }
  Builder builder(model, config.who());
  JsonObject decoder = config.language();
  const DecoderSizes sizes = read_sizes(decoder, *architecture);
  const FeedForwardPlan plan(decoder, architecture->feed_forward, sizes.hidden);
  for (std::int64_t i = 0; i < sizes.layers; ++i) {
    const std::string block = cat(architecture->blocks, ".", i);
    add_attention(builder, block, sizes, architecture->feed_forward == FeedForward::fused);
    plan.add(builder, block, i);
  }
  if (decoder.has("vocab_size")) {
    model.head = Linear{"lm_head", sizes.hidden, decoder.integer("vocab_size", 1, kMaxDimension)};
  }
  JsonObject all = config.object();
  add_vision(builder, all, architecture->vision);
  sort_in_model_order(model.linears);
  sort_in_model_order(model.experts);
}

}  // namespace dnd::target
