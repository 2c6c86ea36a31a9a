#include "adapter/gguf_adapter.h"

#include <cmath>
#include <set>
#include <utility>

#include "adapter/content_hash.h"
#include "adapter/gguf_rows.h"
#include "base/checked_math.h"
#include "base/q8_0.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "formats/gguf_names.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

using formats::GgufFile;

constexpr std::uint32_t kQuantizationVersion = 2;  // GGML_QNT_VERSION

// One tensor to be written.
struct PlannedPart {
  formats::GgufTensorSpec spec;
  const LoraPair* pair = nullptr;
  bool is_b = false;
  std::int64_t heads = 0;
};

std::string gguf_architecture_of(const std::string& who, const std::string& architecture) {
  if (const auto known = formats::gguf_architecture(architecture)) return *known;
  fail(ErrorKind::data, who, ": llama.cpp's names for '", printable(architecture),
       "' are not known; known are ", joined(formats::gguf_supported_architectures()));
}

void check_pair(const std::string& who, const LoraPair& pair) {
  if (!pair.magnitude.empty()) {
    fail(
        ErrorKind::data, who, ": '", printable(pair.module),
        "': DoRA magnitudes cannot be expressed in GGUF (merge the adapter into its base instead)");
  }
  const auto a = checked_elements({pair.rank, pair.in});
  const auto b = checked_elements({pair.out, pair.rank});
  if (pair.rank <= 0 || pair.in <= 0 || pair.out <= 0 || a != pair.a.size() || b != pair.b.size() ||
      !std::isfinite(pair.scale)) {
    fail(ErrorKind::data, who, ": '", printable(pair.module), "': ", pair.a.size(), " and ",
         pair.b.size(), " values, rank ", pair.rank, ", scale ", pair.scale,
         " do not make a pair (", pair.out, ", ", pair.in, ")");
  }
}

std::uint32_t type_for(std::uint32_t wanted, std::int64_t columns) {
  const bool whole = columns % static_cast<std::int64_t>(kQ8Values) == 0;
  return wanted == formats::kGgmlQ8 && !whole ? formats::kGgmlF16 : wanted;
}

std::string base_tensor_name(const std::string& who, const std::string& architecture,
                             const LoraPair& pair, bool own_head) {
  if (own_head && is_gguf_head(pair.module)) return cat(kGgufHead, kGgufWeight);
  const auto name = formats::gguf_tensor_name(architecture, pair.module);
  if (!name) {
    fail(ErrorKind::data, who, ": '", printable(pair.module), "' has no name in a GGUF of '",
         architecture, "': only the linear layers of the language model's blocks have one",
         is_gguf_head(pair.module) ? ", and the head of a base (--base) that does not tie it" : "");
  }
  if (name->size() + kGgufWeight.size() + kGgufSuffixA.size() > formats::kMaxGgufName) {
    fail(ErrorKind::data, who, ": '", printable(pair.module), "': its GGUF name is longer than ",
         formats::kMaxGgufName, " bytes");
  }
  return cat(*name, kGgufWeight);
}

std::vector<PlannedPart> plan_parts(const std::string& who, const LoraAdapter& adapter,
                                    const std::string& architecture,
                                    const GgufAdapterOptions& options) {
  std::vector<PlannedPart> parts;
  std::set<std::string> names;
  for (const LoraPair& pair : adapter.pairs) {
    check_pair(who, pair);
    const std::string base = base_tensor_name(who, architecture, pair, options.own_head);
    if (!names.insert(base).second) {
      fail(ErrorKind::data, who, ": '", printable(pair.module), "': a second pair for '", base,
           "'");
    }
    const std::int64_t heads = heads_for(who, architecture, pair.module, pair.out, options.heads);
    const std::uint32_t wanted = options.ggml_type;
    parts.push_back(
        {{cat(base, kGgufSuffixA), type_for(wanted, pair.in), {pair.rank, pair.in}}, &pair});
    parts.push_back({{cat(base, kGgufSuffixB), type_for(wanted, pair.rank), {pair.out, pair.rank}},
                     &pair,
                     true,
                     heads});
  }
  return parts;
}

float alpha_of(const LoraPair& pair) {
  return static_cast<float>(pair.scale * static_cast<double>(pair.rank));
}

// The alpha of most pairs, the first of equals; 1 where there is none that means what it says.
float choose_alpha(const LoraAdapter& adapter) {
  std::map<float, std::size_t> counts;
  for (const LoraPair& pair : adapter.pairs) ++counts[alpha_of(pair)];
  float best = 1.0F;
  std::size_t most = 0;
  for (const LoraPair& pair : adapter.pairs) {
    const float alpha = alpha_of(pair);
    if (!std::isnormal(alpha) || counts[alpha] <= most) continue;
    best = alpha;
    most = counts[alpha];
  }
  return best;
}

// B with what the file's alpha does not say, in llama.cpp's row order.
std::vector<float> final_b(const PlannedPart& part, float alpha) {
  const LoraPair& pair = *part.pair;
  std::vector<float> values = pair.b;
  if (alpha_of(pair) != alpha) {
    const double ratio = pair.scale * static_cast<double>(pair.rank) / double{alpha};
    for (float& value : values) value = static_cast<float>(double{value} * ratio);
  }
  if (part.heads == 0) return values;
  return reorder_rows(values, pair.out, part.heads, RowOrder::to_gguf);
}

std::vector<std::byte> convert(const std::string& who, const PlannedPart& part,
                               std::span<const float> values) {
  const formats::GgmlType& type = *formats::find_ggml_type(part.spec.type);
  const auto bad =
      type.dtype ? first_not_finite(*type.dtype, values) : first_not_finite_q8_0(values);
  if (bad) {
    fail(ErrorKind::data, who, ": tensor '", part.spec.name, "': value ", values[*bad],
         " at position ", *bad, " is not finite as ", type.name,
         std::isfinite(values[*bad]) ? " (choose another --adapter-dtype)"
                                     : " (adapter damaged or untrained?)");
  }
  std::vector<std::byte> bytes(part.spec.byte_size());
  if (type.dtype) {
    from_f32(*type.dtype, values, bytes);
  } else {
    quantize_q8_0(values, bytes);
  }
  return bytes;
}

formats::GgufEntries adapter_entries(const std::string& architecture, float alpha,
                                     const GgufAdapterOptions& options) {
  formats::GgufEntries entries = {{"general.architecture", formats::gguf_text(architecture)},
                                  {"general.type", formats::gguf_text("adapter")},
                                  {"adapter.type", formats::gguf_text("lora")}};
  if (!options.name.empty()) entries.emplace_back("general.name", formats::gguf_text(options.name));
  entries.emplace_back("adapter.lora.alpha", formats::gguf_f32(alpha));
  entries.emplace_back("general.quantization_version", formats::gguf_u32(kQuantizationVersion));
  for (const auto& [key, value] : options.metadata) {
    if (!key.starts_with("dnd.") || key == kContentKey) continue;
    entries.emplace_back(key, formats::gguf_text(value));
  }
  return entries;
}

void check_type(std::uint32_t type) {
  for (const std::uint32_t known :
       {formats::kGgmlF32, formats::kGgmlF16, formats::kGgmlBf16, formats::kGgmlQ8}) {
    if (type == known) return;
  }
  fail(ErrorKind::internal, "gguf adapter: writing tensor type ", type, " is not supported");
}

std::vector<std::byte> part_bytes(const std::string& who, const PlannedPart& part, float alpha) {
  return part.is_b ? convert(who, part, final_b(part, alpha)) : convert(who, part, part.pair->a);
}

std::string content_of_parts(const std::string& who, const std::vector<PlannedPart>& parts,
                             float alpha) {
  ContentHash hash;
  for (const PlannedPart& part : parts) {
    hash.add(part.spec.name, formats::find_ggml_type(part.spec.type)->name, part.spec.shape,
             part_bytes(who, part, alpha));
  }
  return hash.hex();
}

WrittenFile write_parts(const std::string& who, const fs::path& path,
                        const std::vector<PlannedPart>& parts, const formats::GgufEntries& entries,
                        float alpha) {
  std::vector<formats::GgufTensorSpec> specs;
  specs.reserve(parts.size());
  for (const PlannedPart& part : parts) specs.push_back(part.spec);
  formats::GgufWriter writer(path, entries, std::move(specs));
  Sha256 hash;
  WrittenFile result;
  writer.observe([&](std::span<const std::byte> bytes) {
    hash.update(bytes);
    result.bytes += bytes.size();
  });
  for (const PlannedPart& part : parts) {
    writer.write(part_bytes(who, part, alpha));
  }
  writer.finish();
  result.sha256 = hash.hex();
  return result;
}

}  // namespace

bool is_gguf_head(std::string_view module) {
  return module == "lm_head" || module == "language_model.lm_head";
}

FileKind gguf_adapter_file() {
  return {"a GGUF adapter",
          [](const fs::path& path) { return GgufFile(path).text("general.type") == "adapter"; }};
}

WrittenFile write_gguf_adapter(const fs::path& path, const LoraAdapter& adapter,
                               const GgufAdapterOptions& options, OnExisting on_existing) {
  const std::string who = "gguf adapter: " + path.string();
  check_type(options.ggml_type);
  const std::string architecture = gguf_architecture_of(who, options.architecture);
  const std::vector<PlannedPart> parts = plan_parts(who, adapter, architecture, options);
  if (parts.empty()) fail(ErrorKind::data, who, ": no matrices to write");
  const float alpha = choose_alpha(adapter);
  formats::GgufEntries entries = adapter_entries(architecture, alpha, options);
  if (has_content_hash(options.metadata)) {
    entries.emplace_back(kContentKey, formats::gguf_text(content_of_parts(who, parts, alpha)));
  }
  Staged staged(path, gguf_adapter_file(), on_existing);
  WrittenFile result = write_parts(who, staged.path(), parts, entries, alpha);
  staged.commit();
  return result;
}

}  // namespace dnd::adapter
