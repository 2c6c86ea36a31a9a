// What each runtime does with an adapter file, from the runtimes' own sources (docs/runtimes.md).
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "adapter/diffusion_names.h"
#include "adapter/kohya.h"
#include "base/strings.h"
#include "formats/gguf_names.h"
#include "verify/verify.h"

namespace dnd::verify {
namespace {

using adapter::AdapterFormat;
using adapter::DiffusionNames;
using adapter::LoraAdapter;
using adapter::LoraPair;

// vLLM's --max-lora-rank: its values and its default.
constexpr std::array kVllmRanks = {1, 8, 16, 32, 64, 128, 256, 320, 512};
constexpr std::int64_t kVllmDefaultRank = 16;
constexpr std::size_t kMaxGgufTensorName = 63;  // with ".weight.lora_a"

// What several runtimes ask about an adapter.
struct Facts {
  std::int64_t rank = 0;  // the largest
  bool mixed_ranks = false;
  bool mixed_scales = false;
  bool dora = false;
  bool fits = true;     // every module is in the base with its shape, or there is no base to ask
  bool known = true;    // every module is in the base
  bool uneven = false;  // some block lacks a kind that others have
  std::string foreign;  // first module that is no plain linear of the language model; else empty
};

Facts collect(const LoraAdapter& adapter, const Against& against) {
  Facts facts;
  facts.dora = adapter.has_dora();
  for (const LoraPair& pair : adapter.pairs) {
    const LoraPair& first = adapter.pairs.front();
    facts.rank = std::max(facts.rank, pair.rank);
    facts.mixed_ranks |= pair.rank != first.rank;
    facts.mixed_scales |= std::abs(pair.scale - first.scale) > 1e-6 * std::abs(first.scale);
    if (facts.foreign.empty() && is_head(pair.module)) facts.foreign = pair.module;
    if (against.base == nullptr) continue;
    const target::Linear* linear = target::find_linear(*against.base, pair.module);
    if (linear == nullptr) {
      facts.known = is_head(pair.module) && facts.known;
    } else {
      facts.fits = facts.fits && linear->in == pair.in && linear->out == pair.out;
    }
  }
  if (against.base != nullptr) facts.uneven = !coverage_of(adapter, *against.base).missing.empty();
  return facts;
}

RuntimeVerdict refuses(const char* runtime, std::string why) {
  return {runtime, Verdict::refuses, std::move(why)};
}
RuntimeVerdict ignores(const char* runtime, std::string why) {
  return {runtime, Verdict::ignores, std::move(why)};
}
RuntimeVerdict loads(const char* runtime, std::string why = "") {
  return {runtime, Verdict::loads, std::move(why)};
}

RuntimeVerdict judge_peft(const LoraAdapter& adapter, const Facts& facts) {
  constexpr const char* kName = "PEFT, transformers";
  if (adapter.format != AdapterFormat::peft) return refuses(kName, "needs dnd convert --to peft");
  if (!facts.known) return ignores(kName, "module names that the base lacks are dropped");
  if (!facts.fits) return refuses(kName, "shapes do not fit the base (size mismatch)");
  return loads(kName);
}

RuntimeVerdict judge_vllm(const LoraAdapter& adapter, const Facts& facts) {
  constexpr const char* kName = "vLLM";
  if (adapter.format != AdapterFormat::peft) return refuses(kName, "needs dnd convert --to peft");
  if (facts.dora) return refuses(kName, "DoRA is not implemented there (dnd merge works)");
  const auto* const needed = std::find_if(kVllmRanks.begin(), kVllmRanks.end(),
                                          [&](int rank) { return rank >= facts.rank; });
  if (needed == kVllmRanks.end()) {
    return refuses(kName, cat("rank ", facts.rank, " is above ", kVllmRanks.back()));
  }
  if (!facts.known) return ignores(kName, "a wrong prefix is passed over without a word");
  if (!facts.fits) return refuses(kName, "shapes do not fit the base");
  if (facts.mixed_ranks || facts.mixed_scales) {
    return ignores(kName, "rank_pattern and alpha_pattern are ignored: some scales will be wrong");
  }
  if (facts.rank > kVllmDefaultRank) {
    return refuses(kName, cat("rank ", facts.rank, " needs --max-lora-rank ", *needed, " (default ",
                              kVllmDefaultRank, ")"));
  }
  return loads(kName);
}

// Text Generation Inference and LoRAX stack one kind of module over all layers.
RuntimeVerdict judge_tgi(const LoraAdapter& adapter, const Facts& facts) {
  constexpr const char* kName = "TGI, LoRAX";
  if (adapter.format != AdapterFormat::peft) return refuses(kName, "needs dnd convert --to peft");
  if (facts.dora) return refuses(kName, "DoRA is not read there (dnd merge works)");
  if (!facts.known) return ignores(kName, "names must be the base's exactly");
  if (!facts.fits) return refuses(kName, "shapes do not fit the base");
  if (facts.mixed_ranks || facts.mixed_scales) {
    return refuses(kName,
                   "one rank and one alpha for all layers (dnd convert --to peft evens out)");
  }
  if (facts.uneven)
    return ignores(kName, "a kind of module that one layer lacks is dropped in all");
  return loads(kName);
}

std::string gguf_architecture_of(const LoraAdapter& adapter, const Against& against) {
  if (adapter.format == AdapterFormat::gguf) return adapter.architecture;
  const std::string& name =
      against.base != nullptr ? against.base->architecture : adapter.architecture;
  return formats::gguf_architecture(name).value_or("");
}

// Why no GGUF file of this adapter can act; empty where one can.
std::string gguf_obstacle(const LoraAdapter& adapter, const Facts& facts,
                          const std::string& architecture) {
  if (facts.dora) return "DoRA has no GGUF form (dnd merge works)";
  if (!facts.foreign.empty()) {
    return cat("'", printable(facts.foreign), "' stops it where embeddings are tied");
  }
  for (const LoraPair& pair : adapter.pairs) {
    const auto name = formats::gguf_tensor_name(architecture, pair.module);
    if (!name) return cat("it has no name for '", printable(pair.module), "'");
    if (name->size() + std::string_view(".weight.lora_a").size() > kMaxGgufTensorName) {
      return cat("the name of '", printable(pair.module), "' is longer than ", kMaxGgufTensorName);
    }
  }
  return "";
}

RuntimeVerdict judge_llama_cpp(const LoraAdapter& adapter, const Against& against,
                               const Facts& facts) {
  constexpr const char* kName = "llama.cpp, Ollama";
  const std::string architecture = gguf_architecture_of(adapter, against);
  const bool knows = !architecture.empty();
  if (const std::string why = knows ? gguf_obstacle(adapter, facts, architecture) : "";
      !why.empty()) {
    return refuses(kName, why);
  }
  if (adapter.format != AdapterFormat::gguf) {
    const bool unsupported =
        !knows && against.base != nullptr && !against.base->architecture.empty();
    return refuses(kName, unsupported ? cat("has no model '", printable(against.base->architecture),
                                            "' that a renamed adapter fits")
                                      : "needs dnd convert --to gguf");
  }
  if (against.base != nullptr) {
    const auto expected = formats::gguf_architecture(against.base->architecture);
    if (expected && *expected != architecture) {
      return refuses(
          kName, cat("it is for '", printable(architecture), "', the base is '", *expected, "'"));
    }
  }
  if (!facts.known)
    return refuses(kName, "a tensor does not exist in the base (wrong base model?)");
  if (!facts.fits) return refuses(kName, "a tensor has incorrect shape for the base");
  return loads(kName);
}

RuntimeVerdict judge_mlx(const LoraAdapter& adapter, const Facts& facts) {
  constexpr const char* kName = "MLX-LM";
  if (adapter.format != AdapterFormat::mlx) {
    return refuses(kName, facts.dora ? "DoRA is not converted" : "needs dnd convert --to mlx");
  }
  if (!facts.known || !facts.fits) return refuses(kName, "tensors do not fit the base");
  return loads(kName);
}

// FLUX's original paths, which HunyuanVideo writes with underscores.
bool has_flux_names(const LoraAdapter& adapter) {
  return std::any_of(adapter.pairs.begin(), adapter.pairs.end(), [](const LoraPair& pair) {
    return pair.module.find(".img_attn.") != pair.module.npos ||
           pair.module.find(".txt_attn.") != pair.module.npos;
  });
}

// Of its own files it translates no names; of trainers' files those that it knows.
RuntimeVerdict judge_diffusers(const LoraAdapter& adapter, const Facts& facts) {
  constexpr const char* kName = "diffusers";
  if (adapter::diffusion_names(adapter) == DiffusionNames::original) {
    if (adapter.format == AdapterFormat::diffusers) {
      return ignores(kName, "names are the original model's (dnd convert --to kohya)");
    }
    if (adapter.format == AdapterFormat::diffusion_model && has_flux_names(adapter)) {
      return ignores(kName, "FLUX's names with lora_A and lora_B (dnd convert --to kohya)");
    }
    return loads(kName, "in pipelines that translate the original names");
  }
  if (!facts.known)
    return ignores(kName, "names that the pipeline lacks are dropped with a warning");
  if (!facts.fits) return refuses(kName, "shapes do not fit the base");
  return loads(kName);
}

RuntimeVerdict judge_comfyui(const LoraAdapter& adapter, const Facts& facts) {
  constexpr const char* kName = "ComfyUI";
  if (adapter.component.starts_with("text_encoder")) return loads(kName);
  const bool known_names =
      adapter.format == AdapterFormat::kohya &&
      (adapter.component == "unet" || adapter::kohya_prefix(adapter) == "lora_transformer_");
  if (adapter::diffusion_names(adapter) == DiffusionNames::diffusers && !known_names) {
    return ignores(kName, "names are those of diffusers, not the original model's");
  }
  if (!facts.known)
    return ignores(kName, "names that the model lacks are passed over (its log tells)");
  if (!facts.fits)
    return ignores(kName, "matrices of other shapes are passed over (its log tells)");
  return loads(kName);
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::loads:
      return "loads";
    case Verdict::ignores:
      return "ignores";
    case Verdict::refuses:
      break;
  }
  return "refuses";
}

std::vector<RuntimeVerdict> judge_runtimes(const LoraAdapter& adapter, const Against& against) {
  const Facts facts = collect(adapter, against);
  if (adapter.format == AdapterFormat::diffusers) return {judge_diffusers(adapter, facts)};
  if (adapter.format == AdapterFormat::kohya || adapter.format == AdapterFormat::diffusion_model) {
    return {judge_comfyui(adapter, facts), judge_diffusers(adapter, facts)};
  }
  return {judge_peft(adapter, facts), judge_vllm(adapter, facts), judge_tgi(adapter, facts),
          judge_llama_cpp(adapter, against, facts), judge_mlx(adapter, facts)};
}

}  // namespace dnd::verify
