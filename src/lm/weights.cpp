#include "lm/weights.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace dnd::lm {
namespace {

using formats::ModelTensors;

constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kNorm = "norm.weight";

// What stands before the language model's names: by itself; in the files and among the modules of a class
// that has towers, too.
constexpr std::array<std::string_view, 3> kPrefixes = {"model.", "language_model.model.",
                                                       "model.language_model."};
constexpr std::array<const char*, 2> kHeads = {"lm_head", "language_model.lm_head"};
constexpr std::array<std::string_view, 4> kTowers = {"vision_tower.", "multi_modal_projector.",
                                                     "model.vision_tower.",
                                                     "model.multi_modal_projector."};

// A norm's tensor below a layer.
struct LayerNorm {
  const char* name;
  std::int64_t size;
  at::Tensor LayerWeights::*place;
};

class Reader {
 public:
  Reader(const ModelTensors& tensors, const ModelConfig& config)
      : tensors_(tensors), config_(config) {
    for (const std::string_view prefix : kPrefixes) {
      if (!tensors.has(cat(prefix, kNorm))) continue;
      prefix_ = prefix;
      break;
    }
    if (!tensors.has(cat(head_, kWeight)) && tensors.has(cat(kHeads[1], kWeight))) {
      head_ = kHeads[1];
    }
  }

  Weights read(const ops::Workers& workers) {
    Weights weights;
    read_ends(weights);
    weights.norm = read_norm(norm(), config_.hidden);
    weights.layers.resize(static_cast<std::size_t>(config_.layers));
    workers.run(config_.layers, [&](std::int64_t i) {
      weights.layers[static_cast<std::size_t>(i)] = read_layer(i);
    });
    weights.parameters = count(weights);
    return weights;
  }

 private:
  std::string embedding() const { return cat(prefix_, "embed_tokens.weight"); }
  std::string norm() const { return cat(prefix_, kNorm); }
  std::string layer(std::int64_t index) const { return cat(prefix_, "layers.", index, "."); }
  std::string head() const { return cat(head_, kWeight); }

  at::Tensor read_norm(const std::string& name, std::int64_t size) const {
    return read_tensor(tensors_, name, {size}).add_(config_.norm_offset);
  }

  // As transformers 5 ties: to whichever is there, and not at all where both are there and differ.
  void read_ends(Weights& weights) {
    const auto read = [&](const std::string& name) {
      return stored_weight(tensors_, name, config_.vocabulary, config_.hidden);
    };
    tied_ = config_.tied && !(tensors_.has(head()) && tensors_.has(embedding()));
    const bool alone = tied_ && tensors_.has(head());
    weights.embedding = read(alone ? head() : embedding());
    StoredWeight last = weights.embedding;
    if (!tied_) {
      last = read(head());
      tied_ = config_.tied && same_values(last, weights.embedding);
    }
    weights.head = Linear(head_, tied_ ? weights.embedding : std::move(last));
  }

  std::vector<LayerNorm> norms() const {
    using L = LayerWeights;
    const bool more = config_.output_norms;
    const std::int64_t width = config_.hidden;
    std::vector<LayerNorm> all = {
        {"input_layernorm.weight", width, &L::attention_norm},
        {"post_attention_layernorm.weight", width, more ? &L::attention_out_norm : &L::mlp_norm}};
    if (more) {
      all.push_back({"pre_feedforward_layernorm.weight", width, &L::mlp_norm});
      all.push_back({"post_feedforward_layernorm.weight", width, &L::mlp_out_norm});
    }
    if (config_.head_norms) {
      all.push_back({"self_attn.q_norm.weight", config_.head_size, &L::query_norm});
      all.push_back({"self_attn.k_norm.weight", config_.head_size, &L::key_norm});
    }
    return all;
  }

  LayerWeights read_layer(std::int64_t index) const {
    const ModelConfig& c = config_;
    const std::string p = layer(index);
    LayerWeights weights;
    for (const LayerNorm& norm : norms()) {
      weights.*norm.place = read_norm(p + norm.name, norm.size);
    }
    const auto attention = [&](const char* name, std::int64_t out, bool bias) {
      return LinearPart{p + "self_attn." + name, out, bias};
    };
    const auto mlp = [&](const char* name, std::int64_t out) {
      return LinearPart{p + "mlp." + name, out, c.mlp_bias};
    };
    const std::int64_t kv = c.key_value_width();
    std::vector<LinearPart> qkv = {attention("qkv_proj", c.query_width() + 2 * kv, c.qkv_bias)};
    std::vector<LinearPart> gate_up = {mlp("gate_up_proj", 2 * c.inner)};
    if (!c.fused) {
      qkv = {attention("q_proj", c.query_width(), c.qkv_bias), attention("k_proj", kv, c.qkv_bias),
             attention("v_proj", kv, c.qkv_bias)};
      gate_up = {mlp("gate_proj", c.inner), mlp("up_proj", c.inner)};
    }
    weights.qkv = Linear(tensors_, std::move(qkv), c.hidden);
    weights.out = Linear(tensors_, {attention("o_proj", c.hidden, c.out_bias)}, c.query_width());
    weights.gate_up = Linear(tensors_, std::move(gate_up), c.hidden);
    weights.down = Linear(tensors_, {mlp("down_proj", c.hidden)}, c.inner);
    return weights;
  }

  // What a checkpoint may hold beside what is computed with: a table that follows from the config, a
  // copy of the embedding, what images need.
  bool is_redundant(std::string_view name) const {
    const bool tower = std::any_of(kTowers.begin(), kTowers.end(), [&](std::string_view prefix) {
      return name.starts_with(prefix);
    });
    return name.ends_with(".rotary_emb.inv_freq") || (config_.vision && tower);
  }

  // The parameters. A tensor that is passed over would be a model that runs and is another one.
  std::int64_t count(Weights& weights) const {
    std::set<std::string> used = {embedding(), norm()};
    for (Linear* linear : weights.linears()) {
      for (const LinearPart& part : linear->parts()) {
        used.insert(cat(part.module, kWeight));
        if (part.bias) used.insert(part.module + ".bias");
      }
    }
    for (std::int64_t i = 0; i < config_.layers; ++i) {
      for (const LayerNorm& norm : norms()) used.insert(layer(i) + norm.name);
    }
    const bool copied = tied_ && tensors_.has(embedding());
    std::int64_t parameters = 0;
    for (const std::string& name : tensors_.names()) {
      if (copied && name == head()) continue;
      if (used.count(name) > 0) {
        parameters += tensors_.elements(name);
      } else if (!is_redundant(name)) {
        fail(ErrorKind::data, "base model: tensor '", printable(name), "' is not part of a ",
             config_.architecture, " of this config (weights of another model?)");
      }
    }
    return parameters;
  }

  const ModelTensors& tensors_;
  const ModelConfig& config_;
  std::string prefix_ = std::string(kPrefixes[0]);
  std::string head_ = kHeads[0];  // module
  bool tied_ = false;             // embedding and head are one
};

}  // namespace

std::vector<Linear*> Weights::linears() {
  std::vector<Linear*> all;
  for (LayerWeights& layer : layers) {
    for (Linear* linear : {&layer.qkv, &layer.out, &layer.gate_up, &layer.down}) {
      all.push_back(linear);
    }
  }
  all.push_back(&head);
  return all;
}

Weights read_weights(const ops::Workers& workers, const ModelTensors& tensors,
                     const ModelConfig& config) {
  return Reader(tensors, config).read(workers);
}

}  // namespace dnd::lm
