#include "adapter/derive_layout.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "base/strings.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMaxDimension = 1LL << 24U;

constexpr std::array kArchitectures = {
    "LlamaForCausalLM",
    "MistralForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen3ForCausalLM",
    "Qwen2VLForConditionalGeneration",
    "Qwen2_5_VLForConditionalGeneration",
};

struct DecoderSizes {
  std::int64_t hidden = 0;
  std::int64_t feed_forward = 0;
  std::int64_t layers = 0;
  AttentionHeads heads;
  std::int64_t head_size = 0;
};

std::string read_architecture(JsonObject& config) {
  const Json& names = config.array("architectures");
  if (names.size() != 1 || !names[0].is_string()) {
    fail(ErrorKind::data, config.where(), ": 'architectures' should name exactly one class");
  }
  auto name = names[0].get<std::string>();
  if (std::find(kArchitectures.begin(), kArchitectures.end(), name) == kArchitectures.end()) {
    std::string known;
    for (const char* each : kArchitectures) known += cat(known.empty() ? "" : ", ", each);
    fail(ErrorKind::data, config.where(), ": architecture '", printable(name),
         "' is not supported; supported: ", known);
  }
  return name;
}

DecoderSizes read_sizes(JsonObject& config) {
  DecoderSizes sizes;
  sizes.hidden = config.integer("hidden_size", 1, kMaxDimension);
  sizes.feed_forward = config.integer("intermediate_size", 1, kMaxDimension);
  sizes.layers = config.integer("num_hidden_layers", 1, 4096);
  sizes.heads.attention = config.integer("num_attention_heads", 1, 65536);
  sizes.heads.key_value = config.integer_or("num_key_value_heads", sizes.heads.attention, 1, 65536);
  if (!config.has("head_dim") && sizes.hidden % sizes.heads.attention != 0) {
    fail(ErrorKind::data, config.where(), ": hidden_size ", sizes.hidden, " is no multiple of ",
         sizes.heads.attention, " attention heads and there is no head_dim");
  }
  sizes.head_size =
      config.integer_or("head_dim", sizes.hidden / sizes.heads.attention, 1, kMaxDimension);
  return sizes;
}

std::vector<ModuleLayout> decoder_modules(const DecoderSizes& sizes) {
  const std::int64_t query = sizes.heads.attention * sizes.head_size;
  const std::int64_t key_value = sizes.heads.key_value * sizes.head_size;
  return {
      {"self_attn.q_proj", sizes.hidden, query, 0, 0},
      {"self_attn.k_proj", sizes.hidden, key_value, 0, 0},
      {"self_attn.v_proj", sizes.hidden, key_value, 0, 0},
      {"self_attn.o_proj", query, sizes.hidden, 0, 0},
      {"mlp.up_proj", sizes.hidden, sizes.feed_forward, 0, 0},
      {"mlp.gate_proj", sizes.hidden, sizes.feed_forward, 0, 0},
      {"mlp.down_proj", sizes.feed_forward, sizes.hidden, 0, 0},
  };
}

std::int64_t chunk_count(std::int64_t size, std::int64_t width) {
  return (size + width - 1) / width;
}

void cut_into_chunks(AdapterLayout& layout, std::optional<std::int64_t> chunk_width) {
  std::vector<std::int64_t> sizes;
  for (const ModuleLayout& module : layout.blocks[0].modules) {
    sizes.insert(sizes.end(), {module.in, module.out});
  }
  const std::int64_t width = chunk_width ? *chunk_width : choose_chunk_width(sizes);
  for (ModuleLayout& module : layout.blocks[0].modules) {
    module.chunks_a = chunk_count(module.in, width);
    module.chunks_b = chunk_count(module.out, width);
  }
  layout.token_rows = layout.rank + kScaleCells;
  layout.token_columns = width + width % 2 + kScaleCells;
}

}  // namespace

std::int64_t choose_chunk_width(const std::vector<std::int64_t>& sizes) {
  std::int64_t divisor = 0;
  for (const std::int64_t size : sizes) divisor = std::gcd(divisor, size);
  if (divisor >= 64 || divisor == *std::min_element(sizes.begin(), sizes.end())) return divisor;
  std::int64_t best = 0;
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
  for (std::int64_t width = 512; width >= 64; width -= 8) {
    std::int64_t padding = 0;
    for (const std::int64_t size : sizes) padding += chunk_count(size, width) * width - size;
    if (padding < fewest) {
      fewest = padding;
      best = width;
    }
  }
  return best;
}

AdapterLayout derive_layout(const fs::path& base, const DeriveOptions& options) {
  if (options.rank < 1 || options.chunk_width.value_or(1) < 1) {
    fail(ErrorKind::usage, "layout: rank ", options.rank, " and chunk width ",
         options.chunk_width.value_or(1), " must be positive");
  }
  const fs::path path = fs::is_directory(base) ? base / "config.json" : base;
  const std::string who = "base model: " + path.string();
  const Json json = read_json_file(path, who);
  JsonObject config(json, who);
  AdapterLayout layout;
  layout.architecture = read_architecture(config);
  // Newer transformers nest the language part of a vision-language model.
  const DecoderSizes sizes = [&] {
    if (!config.has("text_config") || config.has("hidden_size")) return read_sizes(config);
    JsonObject nested = config.object("text_config");
    return read_sizes(nested);
  }();
  layout.base_model =
      options.base_model.empty() ? config.text_or("_name_or_path", "") : options.base_model;
  layout.rank = options.rank;
  layout.alpha = options.alpha.value_or(2 * options.rank);
  layout.heads = sizes.heads;
  layout.blocks = {{"model.layers.{i}", sizes.layers, decoder_modules(sizes)}};
  cut_into_chunks(layout, options.chunk_width);
  return layout_from_json(layout_to_json(layout), who);
}

double padding_share(const AdapterLayout& layout) {
  const std::int64_t cells = layout.token_count() * (layout.token_rows - kScaleCells) *
                             (layout.token_columns - kScaleCells);
  return 1.0 - static_cast<double>(layout.parameter_count()) / static_cast<double>(cells);
}

}  // namespace dnd::adapter
