#include "target/class_parts.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string_view>

#include "base/strings.h"
#include "target/block_path.h"

namespace dnd::target {
namespace {

// Below the module that has the linear layer `layer` there is `part`, too.
struct Beside {
  std::string_view layer;
  std::string_view part;
  bool older_alone = false;  // of transformers 4.57
};

constexpr std::array<Beside, 3> kGatedParts = {{
    {"mlp.down_proj", "mlp.act_fn"},
    {"shared_expert.down_proj", "shared_expert.act_fn"},
    {"mlp.fc2", "mlp.activation_fn"},  // of a vision tower
}};
constexpr std::array<Beside, 4> kQwenOfBeforeParts = {{
    {"mlp.down_proj", "mlp.act_fn"},
    {"mlp.fc2", "mlp.act"},  // of a vision tower
    {"shared_expert.down_proj", "shared_expert.act_fn"},
    {"self_attn.o_proj", "self_attn.rotary_emb", true},
}};
constexpr std::array<Beside, 3> kPhi3Parts = {{
    {"mlp.down_proj", "mlp.activation_fn"},
    {"mlp.down_proj", "resid_attn_dropout"},
    {"mlp.down_proj", "resid_mlp_dropout"},
}};
constexpr std::array<Beside, 2> kPhiParts = {{
    {"mlp.fc2", "mlp.activation_fn"},
    {"mlp.fc2", "resid_dropout"},
}};
constexpr std::array<Beside, 1> kStarcoder2Parts = {{{"mlp.c_proj", "mlp.act"}}};
constexpr std::array<Beside, 4> kGpt2Parts = {{
    {"attn.c_proj", "attn.attn_dropout"},
    {"attn.c_proj", "attn.resid_dropout"},
    {"mlp.c_proj", "mlp.act"},
    {"mlp.c_proj", "mlp.dropout"},
}};
constexpr std::array<Beside, 4> kGptJParts = {{
    {"attn.out_proj", "attn.attn_dropout"},
    {"attn.out_proj", "attn.resid_dropout"},
    {"mlp.fc_out", "mlp.act"},
    {"mlp.fc_out", "mlp.dropout"},
}};
constexpr std::array<Beside, 3> kGptNeoXParts = {{
    {"mlp.dense_4h_to_h", "mlp.act"},
    {"mlp.dense_4h_to_h", "post_attention_dropout"},
    {"mlp.dense_4h_to_h", "post_mlp_dropout"},
}};
constexpr std::array<Beside, 2> kBloomParts = {{
    {"self_attention.dense", "self_attention.attention_dropout"},
    {"mlp.dense_4h_to_h", "mlp.gelu_impl"},
}};
constexpr std::array<Beside, 2> kFalconParts = {{
    {"self_attention.dense", "self_attention.attention_dropout"},
    {"mlp.dense_4h_to_h", "mlp.act"},
}};
constexpr std::array<Beside, 1> kOptParts = {{{"fc1", "activation_fn"}}};
constexpr std::array<Beside, 4> kBertParts = {{
    {"self.query", "self.dropout"},
    {"intermediate.dense", "intermediate.intermediate_act_fn"},
    {"output.dense", "output.dropout"},
    {"pooler.dense", "pooler.activation"},
}};
constexpr std::array<Beside, 3> kDistilBertParts = {{
    {"attention.q_lin", "attention.dropout"},
    {"ffn.lin1", "ffn.dropout"},
    {"ffn.lin1", "ffn.activation"},
}};

struct Family {
  std::string_view name;  // what the names of its classes begin with
  std::span<const Beside> parts;
  std::string_view rotary = "rotary_emb";  // beside the list of blocks; empty: there is none
};

// The first that fits counts.
constexpr std::array<Family, 27> kFamilies = {{
    {"Qwen2VL", kQwenOfBeforeParts},
    {"Qwen2_5_VL", kQwenOfBeforeParts},
    {"Qwen2Moe", kQwenOfBeforeParts},
    {"Qwen2", kGatedParts},
    {"Qwen3", kGatedParts},
    {"Llama", kGatedParts},
    {"Mistral", kGatedParts},
    {"Gemma", kGatedParts},
    {"SmolLM3", kGatedParts},
    {"Granite", kGatedParts},
    {"Olmo", kGatedParts},
    {"Cohere", kGatedParts},
    {"Llava", kGatedParts},
    {"Phi3", kPhi3Parts},
    {"Phi", kPhiParts},
    {"Starcoder2", kStarcoder2Parts},
    {"GPT2", kGpt2Parts, ""},
    {"GPTJ", kGptJParts, ""},
    {"GPTNeoX", kGptNeoXParts},
    {"Bloom", kBloomParts, ""},
    {"Falcon", kFalconParts},
    {"OPT", kOptParts, ""},
    {"Bert", kBertParts, ""},
    {"Roberta", kBertParts, ""},
    {"XLMRoberta", kBertParts, ""},
    {"DistilBert", kDistilBertParts, ""},
    {"Mixtral", kGatedParts},
}};

bool is_at_end(std::string_view path, std::string_view name) {
  return path.ends_with(name) &&
         (path.size() == name.size() || path[path.size() - name.size() - 1] == '.');
}

class PartList {
 public:
  void add(std::string path, bool has_tensors, bool takes_matrices) {
    if (seen_.insert(path).second) {
      parts_.push_back({std::move(path), has_tensors, takes_matrices});
    }
  }
  // Parts of a family beside the layer of this path.
  void add_beside(const std::string& path, const Family& family, Transformers release) {
    for (const Beside& beside : family.parts) {
      if (beside.older_alone && release == Transformers::v5) continue;
      if (!is_at_end(path, beside.layer)) continue;
      add(cat(path.substr(0, path.size() - beside.layer.size()), beside.part), false, false);
    }
    const auto block = parse_block_path(path);
    if (family.rotary.empty() || !block || is_tower(path)) return;
    const std::string list = block->prefix.substr(0, block->prefix.rfind('.') + 1);
    if (is_at_end(block->prefix, "layers.{i}")) {
      add(cat(list.substr(0, list.size() - std::string_view("layers.").size()), family.rotary),
          false, false);
    }
  }
  // The activation of experts: of each, or where they are fused of all.
  void add_activation(std::string path, bool fused) {
    const auto number = expert_number(path);
    if (!number) return;
    path = path.substr(0, path.rfind('.'));
    if (fused) path = path.substr(0, path.rfind('.'));
    add(path + ".act_fn", false, false);
  }
  std::vector<ClassPart> take() { return std::move(parts_); }

 private:
  std::vector<ClassPart> parts_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<ClassPart> class_parts(const BaseModel& base, Transformers release) {
  PartList list;
  const ClassPaths paths(base, release);
  for (const OtherModule& other : base.others)
    list.add(paths.of(other.path), true, !other.is_vector);
  const auto* const family =
      std::find_if(kFamilies.begin(), kFamilies.end(),
                   [&](const Family& each) { return base.architecture.starts_with(each.name); });
  if (family == kFamilies.end()) return list.take();
  for (const Linear& linear : base.linears) {
    list.add_beside(paths.of(linear.path), *family, release);
  }
  const bool fused = !fused_experts(base.architecture, release).gate.empty();
  for (const Linear& expert : base.experts) list.add_activation(paths.of(expert.path), fused);
  return list.take();
}

}  // namespace dnd::target
