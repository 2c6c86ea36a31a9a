#include "adapter/adapter_layout.h"

#include <algorithm>
#include <set>

#include "base/checked_math.h"
#include "base/strings.h"
#include "formats/safetensors.h"

namespace dnd::adapter {
namespace {

// Far above any real model, low enough that products stay in 64 bits.
constexpr std::int64_t kMaxSize = 1LL << 28U;
constexpr std::int64_t kMaxBlocks = 1LL << 16U;
constexpr std::int64_t kMaxTokens = 1LL << 20U;
constexpr std::uint64_t kMaxCells = 1ULL << 40U;  // of all tokens

constexpr std::string_view kIndexPlaceholder = "{i}";
constexpr std::string_view kSuffixA = ".lora_A.weight";
constexpr std::string_view kSuffixB = ".lora_B.weight";

std::string block_path(const std::string& prefix, std::int64_t index) {
  std::string path = prefix;
  const std::size_t place = path.find(kIndexPlaceholder);
  if (place != std::string::npos) {
    path.replace(place, kIndexPlaceholder.size(), std::to_string(index));
  }
  return path;
}

std::string module_path(const std::string& block, const std::string& name) {
  return block.empty() ? name : block + "." + name;
}

// The given number of chunks of ceil(size / chunks) columns must cover the size without an empty
// chunk and fit the token.
void check_chunks(const std::string& where, const char* key, std::int64_t size, std::int64_t chunks,
                  std::int64_t widest) {
  const std::int64_t width = (size + chunks - 1) / chunks;
  if (width > widest) {
    fail(ErrorKind::data, where, ": ", key, " = ", chunks, " cuts ", size, " into chunks of ",
         width, " columns, the token holds ", widest);
  }
  if ((chunks - 1) * width >= size) {
    fail(ErrorKind::data, where, ": ", key, " = ", chunks, " leaves an empty chunk of ", size);
  }
}

ModuleLayout module_from_json(const Json& json, const std::string& where, std::int64_t widest) {
  JsonObject object(json, where);
  ModuleLayout module;
  module.name = object.text("name");
  if (module.name.empty()) fail(ErrorKind::data, where, ": 'name' is empty");
  module.in = object.integer("in", 1, kMaxSize);
  module.out = object.integer("out", 1, kMaxSize);
  module.chunks_a = object.integer("chunks_a", 1, kMaxSize);
  module.chunks_b = object.integer("chunks_b", 1, kMaxSize);
  object.refuse_unknown_keys();
  check_chunks(where, "chunks_a", module.in, module.chunks_a, widest);
  check_chunks(where, "chunks_b", module.out, module.chunks_b, widest);
  return module;
}

BlockLayout block_from_json(const Json& json, const std::string& where, std::int64_t widest) {
  JsonObject object(json, where);
  BlockLayout block;
  block.prefix = object.text("prefix");
  block.count = object.integer("count", 1, kMaxBlocks);
  const Json& modules = object.array("modules");
  for (std::size_t i = 0; i < modules.size(); ++i) {
    block.modules.push_back(module_from_json(modules[i], cat(where, ": modules[", i, "]"), widest));
  }
  object.refuse_unknown_keys();
  if (block.modules.empty()) fail(ErrorKind::data, where, ": 'modules' is empty");
  if (block.count > 1 && block.prefix.find(kIndexPlaceholder) == std::string::npos) {
    fail(ErrorKind::data, where, ": 'prefix' needs {i} to tell ", block.count, " blocks apart");
  }
  return block;
}

std::optional<AttentionHeads> heads_from_json(JsonObject& layout) {
  if (!layout.has("heads")) return std::nullopt;
  JsonObject object = layout.object("heads");
  AttentionHeads heads{object.integer("attention", 1, kMaxSize),
                       object.integer("key_value", 1, kMaxSize)};
  object.refuse_unknown_keys();
  return heads;
}

// A few long strings and a large count would make gigabytes of names, before any of them is compared.
void check_names(const AdapterLayout& layout, const std::string& who) {
  std::uint64_t size = 0;
  for (const BlockLayout& block : layout.blocks) {
    for (const ModuleLayout& module : block.modules) {
      const std::uint64_t longest =
          layout.key_prefix.size() + block.prefix.size() + module.name.size() + kSuffixA.size();
      size += 2 * static_cast<std::uint64_t>(block.count) * longest;
      if (size > formats::kMaxSafetensorsHeader) {
        fail(ErrorKind::data, who, ": the names of the adapter's tensors take more than ",
             formats::kMaxSafetensorsHeader, " bytes, which no header of a file may have");
      }
    }
  }
  const std::vector<FactorLayout> factors = layout.factors();
  std::set<std::string_view> keys;
  for (const FactorLayout& factor : factors) {
    if (!keys.insert(factor.key).second) {
      fail(ErrorKind::data, who, ": '", printable(factor.key), "' appears twice");
    }
  }
}

void check_whole(const AdapterLayout& layout, const std::string& who) {
  if (layout.rank > layout.token_rows - kScaleCells) {
    fail(ErrorKind::data, who, ": rank ", layout.rank,
         " does not fit token_shape: ", layout.token_rows, " rows, ", kScaleCells,
         " of them for scales");
  }
  if (layout.blocks.empty()) fail(ErrorKind::data, who, ": 'blocks' is empty");
  std::int64_t tokens = 0;
  for (const BlockLayout& block : layout.blocks) {
    for (const ModuleLayout& module : block.modules) {
      tokens += block.count * (module.chunks_a + module.chunks_b);
      if (tokens > kMaxTokens) fail(ErrorKind::data, who, ": more than ", kMaxTokens, " tokens");
    }
  }
  const std::vector shape = {tokens, layout.token_rows, layout.token_columns};
  if (checked_elements(shape).value_or(kMaxCells + 1) > kMaxCells) {
    fail(ErrorKind::data, who, ": tokens of ", shape_text(shape), " hold more than ", kMaxCells,
         " values");
  }
  check_names(layout, who);
}

Json module_to_json(const ModuleLayout& module) {
  return {{"name", module.name},
          {"in", module.in},
          {"out", module.out},
          {"chunks_a", module.chunks_a},
          {"chunks_b", module.chunks_b}};
}

}  // namespace

std::vector<std::int64_t> FactorLayout::shape(std::int64_t rank) const {
  return factor == Factor::a ? std::vector{rank, size} : std::vector{size, rank};
}

std::int64_t AdapterLayout::token_count() const {
  std::int64_t count = 0;
  for (const BlockLayout& block : blocks) {
    for (const ModuleLayout& module : block.modules) {
      count += block.count * (module.chunks_a + module.chunks_b);
    }
  }
  return count;
}

std::vector<FactorLayout> AdapterLayout::factors() const {
  std::vector<FactorLayout> out;
  std::int64_t token = 0;
  const auto add = [&](const std::string& path, Factor factor, std::int64_t size,
                       std::int64_t chunks) {
    const std::string_view suffix = factor == Factor::a ? kSuffixA : kSuffixB;
    out.push_back({path, (key_prefix + path).append(suffix), factor, size, chunks, token});
    token += chunks;
  };
  for (const BlockLayout& block : blocks) {
    for (std::int64_t i = 0; i < block.count; ++i) {
      for (const ModuleLayout& module : block.modules) {
        const std::string path = module_path(block_path(block.prefix, i), module.name);
        add(path, Factor::a, module.in, module.chunks_a);
        add(path, Factor::b, module.out, module.chunks_b);
      }
    }
  }
  return out;
}

std::vector<std::string> AdapterLayout::target_modules() const {
  std::vector<std::string> names;
  for (const BlockLayout& block : blocks) {
    for (const ModuleLayout& module : block.modules) {
      const std::string last = module.name.substr(module.name.rfind('.') + 1);
      if (std::find(names.begin(), names.end(), last) == names.end()) names.push_back(last);
    }
  }
  return names;
}

std::int64_t AdapterLayout::parameter_count() const {
  std::int64_t count = 0;
  for (const BlockLayout& block : blocks) {
    for (const ModuleLayout& module : block.modules) {
      count += block.count * rank * (module.in + module.out);
    }
  }
  return count;
}

LoraAdapter lora_of_layout(const AdapterLayout& layout) {
  LoraAdapter adapter;
  adapter.base_model = layout.base_model;
  adapter.architecture = layout.architecture;
  note_base(adapter, layout.architecture, layout.heads);
  for (const FactorLayout& factor : layout.factors()) {
    if (factor.factor == Factor::b) {
      adapter.pairs.back().out = factor.size;
      continue;
    }
    LoraPair& pair = adapter.pairs.emplace_back();
    pair.module = factor.module;
    pair.key = layout.key_prefix + factor.module;
    pair.rank = layout.rank;
    pair.in = factor.size;
    pair.scale = static_cast<double>(layout.alpha) / static_cast<double>(layout.rank);
  }
  return adapter;
}

std::vector<float>& factor_values(LoraAdapter& adapter, std::size_t index) {
  LoraPair& pair = adapter.pairs[index / 2];
  return index % 2 == 0 ? pair.a : pair.b;
}

AdapterLayout layout_from_json(const Json& json, const std::string& who) {
  JsonObject object(json, who);
  object.expect_format("dnd-layout");
  AdapterLayout layout;
  layout.base_model = object.text_or("base_model", "");
  layout.architecture = object.text_or("architecture", "");
  layout.rank = object.integer("rank", 1, 4096);
  layout.alpha = object.integer("alpha", 1, 1 << 20U);
  layout.key_prefix = object.text_or("key_prefix", layout.key_prefix);
  layout.heads = heads_from_json(object);
  const auto token_shape = object.integers("token_shape", 1 + kScaleCells, kMaxSize);
  if (token_shape.size() != 2) {
    fail(ErrorKind::data, who, ": 'token_shape' has ", token_shape.size(), " numbers, expected 2");
  }
  if (token_shape[1] % 2 != 0) {
    fail(ErrorKind::data, who, ": 'token_shape' has ", token_shape[1],
         " columns, expected an even number (the scales are tiled in pairs)");
  }
  layout.token_rows = token_shape[0];
  layout.token_columns = token_shape[1];
  const Json& blocks = object.array("blocks");
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    layout.blocks.push_back(block_from_json(blocks[i], cat(who, ": blocks[", i, "]"),
                                            layout.token_columns - kScaleCells));
  }
  object.refuse_unknown_keys();
  check_whole(layout, who);
  return layout;
}

AdapterLayout read_layout_file(const std::filesystem::path& path) {
  const std::string who = "layout: " + path.string();
  return layout_from_json(read_json_file(path, who), who);
}

Json layout_to_json(const AdapterLayout& layout) {
  Json json = {{"format", "dnd-layout"}, {"version", 1}};
  if (!layout.base_model.empty()) json["base_model"] = layout.base_model;
  if (!layout.architecture.empty()) json["architecture"] = layout.architecture;
  json["rank"] = layout.rank;
  json["alpha"] = layout.alpha;
  json["token_shape"] = {layout.token_rows, layout.token_columns};
  if (layout.key_prefix != AdapterLayout{}.key_prefix) json["key_prefix"] = layout.key_prefix;
  if (layout.heads) {
    json["heads"] = {{"attention", layout.heads->attention},
                     {"key_value", layout.heads->key_value}};
  }
  for (const BlockLayout& block : layout.blocks) {
    Json modules = Json::array();
    for (const ModuleLayout& module : block.modules) modules.push_back(module_to_json(module));
    json["blocks"].push_back(
        {{"prefix", block.prefix}, {"count", block.count}, {"modules", modules}});
  }
  return json;
}

}  // namespace dnd::adapter
