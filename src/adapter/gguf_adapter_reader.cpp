#include <cmath>
#include <utility>

#include "adapter/gguf_adapter.h"
#include "adapter/gguf_rows.h"
#include "base/strings.h"
#include "formats/gguf_names.h"

namespace dnd::adapter {
namespace {

using formats::GgufFile;
using formats::GgufTensor;

struct Pair {
  std::string base;  // "blk.0.attn_q.weight"
  const GgufTensor* a = nullptr;
  const GgufTensor* b = nullptr;
};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : file_(path), who_("gguf adapter: " + path.string()) {}

  LoraAdapter read(const std::optional<target::AttentionHeads>& heads) {
    LoraAdapter adapter;
    adapter.format = AdapterFormat::gguf;
    read_entries(adapter);
    for (const Pair& pair : find_pairs()) adapter.pairs.push_back(read_pair(pair, heads));
    const GgufTensor& first = file_.tensors().front();
    adapter.dtype = first.type->dtype.value_or(Dtype::f32);
    return adapter;
  }

 private:
  template <typename... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(ErrorKind::data, who_, ": ", parts...);
  }

  void expect_text(const char* key, const std::string& expected) const {
    const auto value = file_.text(key);
    if (!value) refuse(key, " is missing, expected '", expected, "' (not a LoRA adapter?)");
    if (*value != expected) {
      refuse(key, " is '", printable(*value), "', expected '", expected, "'");
    }
  }

  void read_entries(LoraAdapter& adapter) {
    expect_text("general.type", "adapter");
    expect_text("adapter.type", "lora");
    const auto architecture = file_.text("general.architecture");
    if (!architecture) refuse("general.architecture is missing");
    architecture_ = *architecture;
    adapter.architecture = *architecture;
    if (file_.find("adapter.alora.invocation_tokens") != nullptr) {
      refuse("an activated LoRA (adapter.alora.invocation_tokens), which is not supported");
    }
    read_alpha();
    for (const auto& [key, value] : file_.entries()) {
      if (value.type == formats::GgufType::string) {
        adapter.metadata[key] = std::get<std::string>(value.value);
      }
    }
    constexpr std::string_view kHub = "https://huggingface.co/";
    const std::string url = file_.text("general.base_model.0.repo_url").value_or("");
    if (url.starts_with(kHub)) adapter.base_model = url.substr(kHub.size());
  }

  void read_alpha() {
    const char* key = "adapter.lora.alpha";
    const formats::GgufValue* value = file_.find(key);
    if (value == nullptr) return;
    if (value->type != formats::GgufType::f32) {
      refuse(key, " is ", formats::gguf_type_name(value->type), ", expected f32");
    }
    alpha_ = std::get<double>(value->value);
    if (!std::isfinite(alpha_)) refuse(key, " is ", alpha_, ", expected a finite number");
  }

  // In the order of each pair's first tensor.
  std::vector<Pair> find_pairs() const {
    std::vector<Pair> pairs;
    std::map<std::string, std::size_t> index;
    for (const GgufTensor& tensor : file_.tensors()) {
      const std::string base = base_name(tensor.name);
      const auto [found, is_new] = index.emplace(base, pairs.size());
      if (is_new) pairs.push_back({base, nullptr, nullptr});
      Pair& pair = pairs[found->second];
      (tensor.name.ends_with(kGgufSuffixA) ? pair.a : pair.b) = &tensor;
    }
    if (pairs.empty()) refuse("holds no tensors");
    return pairs;
  }

  std::string base_name(const std::string& name) const {
    if (name.ends_with(kGgufSuffixA) || name.ends_with(kGgufSuffixB)) {
      return name.substr(0, name.size() - kGgufSuffixA.size());
    }
    if (name.ends_with("_norm.weight")) {
      refuse("tensor '", printable(name), "': weights of norms, which llama.cpp passes over, ",
             "are not part of a LoRA");
    }
    refuse("tensor '", printable(name), "' has an unexpected suffix, expected ", kGgufSuffixA,
           " or ", kGgufSuffixB);
  }

  std::string module_of(const std::string& base) const {
    const std::string_view name(base);
    if (name == cat(kGgufHead, kGgufWeight)) return "lm_head";
    const auto module = name.ends_with(kGgufWeight)
                            ? formats::module_of_gguf_tensor(
                                  architecture_, name.substr(0, name.size() - kGgufWeight.size()))
                            : std::nullopt;
    if (!module) {
      refuse("tensor '", printable(base), "' is no linear layer of '", printable(architecture_),
             "' that is known (embeddings and experts are not supported)");
    }
    return *module;
  }

  void check_shapes(const Pair& pair) const {
    if (pair.a == nullptr || pair.b == nullptr) {
      refuse("the pair for '", printable(pair.base), "' lacks its ",
             pair.a == nullptr ? kGgufSuffixA : kGgufSuffixB, " tensor");
    }
    const auto& a = pair.a->shape;
    const auto& b = pair.b->shape;
    if (a.size() != 2 || b.size() != 2) {
      refuse("the pair for '", printable(pair.base), "' has shapes ", shape_text(a), " and ",
             shape_text(b), ", expected matrices");
    }
    if (a[0] != b[1] || a[0] == 0 || a[1] == 0 || b[0] == 0) {
      refuse("the pair for '", printable(pair.base), "' has shapes ", shape_text(a), " and ",
             shape_text(b), ", expected (rank, in) and (out, rank) (lora_a not transposed?)");
    }
  }

  LoraPair read_pair(const Pair& found, const std::optional<target::AttentionHeads>& heads) const {
    check_shapes(found);
    LoraPair pair;
    pair.module = module_of(found.base);
    pair.key = found.base;
    pair.rank = found.a->shape[0];
    pair.in = found.a->shape[1];
    pair.out = found.b->shape[0];
    pair.scale = alpha_ == 0.0 ? 1.0 : alpha_ / static_cast<double>(pair.rank);
    const std::int64_t count = heads_for(who_, architecture_, pair.module, pair.out, heads);
    pair.a = file_.read_f32(*found.a);
    pair.b = file_.read_f32(*found.b);
    if (count != 0) pair.b = reorder_rows(pair.b, pair.out, count, RowOrder::from_gguf);
    return pair;
  }

  GgufFile file_;
  std::string who_;
  std::string architecture_;
  double alpha_ = 0.0;
};

}  // namespace

LoraAdapter read_gguf_adapter(const std::filesystem::path& path,
                              const std::optional<target::AttentionHeads>& heads) {
  return Reader(path).read(heads);
}

}  // namespace dnd::adapter
