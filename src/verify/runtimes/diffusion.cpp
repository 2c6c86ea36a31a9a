// diffusers and ComfyUI: image and video models.
#include <algorithm>

#include "adapter/diffusion_names.h"
#include "adapter/kohya.h"
#include "verify/runtimes/rules.h"

namespace dnd::verify {
namespace {

using adapter::AdapterFormat;
using adapter::DiffusionNames;
using adapter::LoraAdapter;
using adapter::LoraPair;

// FLUX's original paths, which HunyuanVideo writes with underscores.
bool has_flux_names(const LoraAdapter& adapter) {
  return std::any_of(adapter.pairs.begin(), adapter.pairs.end(), [](const LoraPair& pair) {
    return pair.module.find(".img_attn.") != pair.module.npos ||
           pair.module.find(".txt_attn.") != pair.module.npos;
  });
}

// By itself, not as a pipeline's text encoder.
bool is_of_language_model(const LoraAdapter& adapter) {
  if (adapter.component.starts_with("text_encoder")) return false;
  return std::any_of(adapter.pairs.begin(), adapter.pairs.end(), [](const LoraPair& pair) {
    return pair.module.starts_with("model.layers.") || pair.module.starts_with("model_layers_") ||
           pair.module.starts_with("model.language_model.") ||
           pair.module.starts_with("model_language_model_");
  });
}

constexpr const char* kLanguageModel = "its layers are a language model's";

}  // namespace

// Of its own files it translates no names; of trainers' files those that it knows.
RuntimeVerdict judge_diffusers(const LoraAdapter& adapter, const Facts& facts) {
  constexpr const char* kName = "diffusers";
  if (is_of_language_model(adapter)) return ignores(kName, kLanguageModel);
  if (adapter::diffusion_names(adapter) == DiffusionNames::original) {
    if (adapter.format == AdapterFormat::diffusers) {
      return ignores(kName, "names are the original model's (dnd convert --to kohya)");
    }
    // By lora_down it knows what it translates of FLUX.
    if (adapter.format == AdapterFormat::diffusion_model && has_flux_names(adapter) &&
        !adapter.down_and_up) {
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
  if (is_of_language_model(adapter)) return ignores(kName, kLanguageModel);
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

}  // namespace dnd::verify
