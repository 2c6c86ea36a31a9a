#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "support/lora.h"
#include "verify/verify.h"

namespace dnd::verify {
namespace {

using adapter::AdapterFormat;
using adapter::LoraAdapter;
using adapter::LoraPair;
using ::testing::HasSubstr;
using testing::kTinyLayers;
using testing::tiny_adapter;
using testing::tiny_base;

// "verdict: why" of one runtime.
std::string judge(const LoraAdapter& adapter, const std::string& runtime,
                  const target::BaseModel& base = tiny_base(kTinyLayers)) {
  for (const RuntimeVerdict& verdict : judge_runtimes(adapter, {&base})) {
    if (verdict.runtime.find(runtime) != std::string::npos) {
      return std::string(verdict_name(verdict.verdict)) + ": " + verdict.why;
    }
  }
  return "not judged";
}

LoraAdapter in_format(AdapterFormat format) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.format = format;
  if (format == AdapterFormat::gguf) adapter.architecture = "qwen2";
  return adapter;
}

TEST(JudgeRuntimes, EachTakesItsOwnFormat) {
  using Loads = std::map<AdapterFormat, std::vector<std::string>>;
  const Loads loads = {{AdapterFormat::peft, {"PEFT", "vLLM", "TGI"}},
                       {AdapterFormat::gguf, {"llama.cpp"}},
                       {AdapterFormat::mlx, {"MLX"}},
                       {AdapterFormat::diffusers, {"diffusers"}},
                       {AdapterFormat::kohya, {"ComfyUI", "diffusers"}},
                       {AdapterFormat::diffusion_model, {"ComfyUI", "diffusers"}}};
  for (const auto& [format, runtimes] : loads) {
    LoraAdapter adapter = in_format(format);
    target::BaseModel base = tiny_base(kTinyLayers);
    if (runtimes.back() == "diffusers") {
      const auto rename = [](std::string& path) { path.replace(0, 12, "stack"); };
      for (LoraPair& pair : adapter.pairs) rename(pair.module);
      for (target::Linear& linear : base.linears) rename(linear.path);
    }
    for (const RuntimeVerdict& verdict : judge_runtimes(adapter, {&base})) {
      const bool expected = std::any_of(runtimes.begin(), runtimes.end(), [&](const auto& name) {
        return verdict.runtime.find(name) != std::string::npos;
      });
      EXPECT_EQ(verdict.verdict, expected ? Verdict::loads : Verdict::refuses)
          << verdict.runtime << " " << verdict.why;
      if (!expected) {
        const char* cure = verdict.runtime == "Ollama" ? "dnd merge" : "dnd convert --to";
        EXPECT_THAT(verdict.why, HasSubstr(cure));
      }
    }
  }
}

TEST(JudgeRuntimes, LayersOfALanguageModelAreNoPipelines) {
  for (const auto format :
       {AdapterFormat::diffusers, AdapterFormat::kohya, AdapterFormat::diffusion_model}) {
    LoraAdapter adapter = in_format(format);
    EXPECT_THAT(judge(adapter, "diffusers"),
                HasSubstr("ignores: its layers are a language model's"));
    if (format == AdapterFormat::diffusers) continue;  // ComfyUI is not asked
    EXPECT_THAT(judge(adapter, "ComfyUI"), HasSubstr("ignores: its layers are a language model's"));
    adapter.component = "text_encoder_2";
    EXPECT_EQ(judge(adapter, "ComfyUI"), "loads: ");
  }
}

// Image and video models have two sets of names; a file with the other one does nothing.
TEST(JudgeRuntimes, NamesOfDiffusersAndOfTheOriginalModels) {
  const auto judged = [](AdapterFormat format, const std::string& module, const char* runtime) {
    LoraAdapter adapter = in_format(format);
    adapter.component = "transformer";
    adapter.pairs.resize(1);
    LoraPair& pair = adapter.pairs[0];
    pair.module = pair.key = module;
    target::BaseModel base;
    base.linears = {{module, pair.in, pair.out}};
    return judge(adapter, runtime, base);
  };
  const std::string wan = "blocks.0.self_attn.q";
  EXPECT_THAT(judged(AdapterFormat::diffusers, wan, "diffusers"), HasSubstr("ignores: names are"));
  EXPECT_THAT(judged(AdapterFormat::diffusion_model, wan, "diffusers"), HasSubstr("loads: in pip"));
  EXPECT_THAT(judged(AdapterFormat::kohya, "blocks_0_self_attn_q", "diffusers"),
              HasSubstr("loads: in pipelines"));
  const std::string flux = "double_blocks.0.img_attn.qkv";
  EXPECT_THAT(judged(AdapterFormat::diffusion_model, flux, "diffusers"),
              HasSubstr("ignores: FLUX's names with lora_A"));
  LoraAdapter trained = in_format(AdapterFormat::diffusion_model);
  trained.pairs.resize(1);
  trained.pairs[0].module = flux;
  trained.down_and_up = true;
  EXPECT_THAT(judge(trained, "diffusers"), HasSubstr("loads: in pipelines"));
  EXPECT_THAT(judged(AdapterFormat::kohya, flux, "diffusers"), HasSubstr("loads"));
  EXPECT_THAT(judged(AdapterFormat::diffusion_model, "double_blocks.0.img_attn_qkv", "diffusers"),
              HasSubstr("loads"));
  const std::string theirs = "single_transformer_blocks.0.attn.to_q";
  EXPECT_EQ(judged(AdapterFormat::diffusers, theirs, "diffusers"), "loads: ");
  EXPECT_THAT(judged(AdapterFormat::diffusion_model, theirs, "ComfyUI"),
              HasSubstr("ignores: names are those of diffusers"));
  EXPECT_THAT(judged(AdapterFormat::diffusion_model, "blocks.0.attn1.to_q", "ComfyUI"),
              HasSubstr("ignores"));
  EXPECT_EQ(judged(AdapterFormat::kohya, theirs, "ComfyUI"), "loads: ") << "lora_transformer_";
  EXPECT_THAT(judged(AdapterFormat::kohya, "blocks.0.attn1.to_q", "ComfyUI"), HasSubstr("ignores"));
  EXPECT_EQ(judged(AdapterFormat::diffusion_model, "transformer_blocks.0.attn.to_q", "ComfyUI"),
            "loads: ");
}

TEST(JudgeRuntimes, AWrongPrefixIsPassedOverInSilence) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  for (LoraPair& pair : adapter.pairs) pair.module = "wrong." + pair.module;
  EXPECT_THAT(judge(adapter, "PEFT"), HasSubstr("ignores"));
  EXPECT_THAT(judge(adapter, "vLLM"), HasSubstr("ignores: a wrong prefix"));
  adapter = in_format(AdapterFormat::gguf);
  adapter.pairs[0].module = "model.layers.7.self_attn.q_proj";
  EXPECT_THAT(judge(adapter, "llama.cpp"), HasSubstr("refuses: a tensor does not exist"));
}

TEST(JudgeRuntimes, RanksAndTheirLimits) {
  EXPECT_EQ(judge(tiny_adapter(kTinyLayers, 16), "vLLM"), "loads: ");
  EXPECT_EQ(judge(tiny_adapter(kTinyLayers, 17), "vLLM"),
            "refuses: rank 17 needs --max-lora-rank 32 (default 16)");
  EXPECT_EQ(judge(tiny_adapter(kTinyLayers, 300), "vLLM"),
            "refuses: rank 300 needs --max-lora-rank 320 (default 16)");
  EXPECT_EQ(judge(tiny_adapter(kTinyLayers, 513), "vLLM"), "refuses: rank 513 is above 512");
}

TEST(JudgeRuntimes, SeveralScalesOrRanks) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.pairs[2].scale = 3.0;
  EXPECT_THAT(judge(adapter, "vLLM"), HasSubstr("loads: releases that do not read rank_pattern"));
  EXPECT_THAT(judge(adapter, "TGI"), HasSubstr("refuses: one rank and one alpha"));
  EXPECT_EQ(judge(adapter, "PEFT"), "loads: ");
}

TEST(JudgeRuntimes, AGapInOneLayer) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.pairs.pop_back();
  EXPECT_THAT(judge(adapter, "TGI"), HasSubstr("ignores: a kind of module that one layer lacks"));
  EXPECT_EQ(judge(adapter, "vLLM"), "loads: ");
}

TEST(JudgeRuntimes, DoraGoesNowhereButPeft) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.pairs[0].magnitude.assign(8, 1.0F);
  EXPECT_EQ(judge(adapter, "PEFT"), "loads: ");
  for (const char* runtime : {"vLLM", "TGI", "llama.cpp", "MLX"}) {
    EXPECT_THAT(judge(adapter, runtime), HasSubstr("refuses: DoRA"));
  }
}

TEST(JudgeRuntimes, WhatLlamaCppCannotTake) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.pairs.push_back(testing::random_pair("lm_head", 20, 8, 4, 1));
  EXPECT_THAT(judge(adapter, "llama.cpp"), HasSubstr("refuses: 'lm_head'"));
  target::BaseModel base = tiny_base(kTinyLayers);
  base.architecture = "FluxTransformer2DModel";
  EXPECT_THAT(judge(tiny_adapter(kTinyLayers), "llama.cpp", base),
              HasSubstr("refuses: has no model 'FluxTransformer2DModel'"));
  adapter = tiny_adapter(kTinyLayers);
  adapter.pairs[0].module = "visual.blocks.0.attn.qkv";
  EXPECT_THAT(judge(adapter, "llama.cpp"), HasSubstr("it has no name for 'visual.blocks.0"));
}

// "verdict: why" of a release of Ollama.
std::string judge_ollama(const LoraAdapter& adapter, const std::string& release,
                         const std::string& architecture) {
  target::BaseModel base = tiny_base(kTinyLayers);
  base.architecture = architecture;
  for (const RuntimeVerdict& verdict : judge_runtimes(adapter, {&base})) {
    for (const ReleaseVerdict& each : verdict.releases) {
      if (each.release != "Ollama " + release) continue;
      return std::string(verdict_name(each.verdict)) + ": " + each.why;
    }
  }
  return "not judged";
}

TEST(JudgeRuntimes, OllamaTakesAdaptersNoMore) {
  const LoraAdapter gguf = in_format(AdapterFormat::gguf);
  EXPECT_THAT(judge(gguf, "Ollama"), HasSubstr("refuses: takes no adapters any more"));
  EXPECT_EQ(judge_ollama(gguf, "0.33", "Qwen2ForCausalLM"), "loads: ");
  LoraAdapter qwen3 = gguf;
  qwen3.architecture = "qwen3";
  EXPECT_THAT(judge_ollama(qwen3, "0.33", "Qwen3ForCausalLM"),
              HasSubstr("loads: releases that run 'qwen3' by an engine of their own"));
}

TEST(JudgeRuntimes, OllamaConvertedFoldersOfTwoArchitectures) {
  const LoraAdapter folder = tiny_adapter(kTinyLayers);
  EXPECT_THAT(judge_ollama(folder, "0.33", "LlamaForCausalLM"), HasSubstr("refuses"));
  EXPECT_THAT(judge_ollama(folder, "0.12", "Qwen2ForCausalLM"), HasSubstr("refuses: folders for"));
  EXPECT_EQ(judge_ollama(folder, "0.12", "Gemma2ForCausalLM"), "loads: ");
  EXPECT_THAT(judge_ollama(folder, "0.12", "LlamaForCausalLM"), HasSubstr("partly: 3 of 6"));
}

LoraAdapter from_folder(const std::vector<std::string>& targets) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.peft.emplace();
  adapter.peft->targets = adapter::ModuleRule(targets);
  adapter.base_model = "org/base";
  return adapter;
}

TEST(JudgeRuntimes, TheNameThatVllmsResolverCompares) {
  LoraAdapter adapter = from_folder({"q_proj", "down_proj"});
  target::BaseModel base = tiny_base(kTinyLayers);
  base.name = "org/base";
  EXPECT_EQ(judge(adapter, "vLLM", base), "loads: ");
  base.name = "org/other";
  EXPECT_THAT(judge(adapter, "vLLM", base), HasSubstr("where the model is served as 'org/base'"));
  adapter.base_model.clear();
  EXPECT_THAT(judge(adapter, "vLLM", base), HasSubstr("without base_model_name_or_path"));
}

TEST(JudgeRuntimes, WholeModulesAndBiases) {
  LoraAdapter adapter = from_folder({"q_proj", "down_proj"});
  adapter.others = {"base_model.model.model.layers.0.self_attn.q_proj.base_layer.bias"};
  EXPECT_EQ(judge(adapter, "PEFT"), "loads: ");
  EXPECT_THAT(judge(adapter, "TGI"), HasSubstr("partly: 1 of 7"));
  EXPECT_THAT(judge(adapter, "vLLM"), HasSubstr("is no LoRA weight"));
  adapter.others = {"base_model.model.elsewhere.norm.weight"};
  EXPECT_THAT(judge(adapter, "PEFT"), HasSubstr("partly: 1 of 7"));
  adapter.peft->saved = {"q_proj"};
  EXPECT_THAT(judge(adapter, "PEFT"), HasSubstr("refuses: modules_to_save has 'model.layers.0"));
  EXPECT_THAT(judge(adapter, "vLLM"), HasSubstr("refuses: modules_to_save"));
}

TEST(JudgeRuntimes, WholeModulesWithoutMatrices) {
  LoraAdapter adapter = from_folder({"q_proj", "down_proj"});
  adapter.pairs.clear();
  adapter.others = {"base_model.model.lm_head.weight"};
  adapter.peft->saved = {"lm_head"};
  EXPECT_EQ(judge(adapter, "PEFT"), "loads: ");
  EXPECT_THAT(judge(adapter, "TGI"), HasSubstr("ignores"));
  EXPECT_THAT(judge(adapter, "vLLM"), HasSubstr("refuses: modules_to_save"));
  const target::BaseModel base = tiny_base(kTinyLayers);
  for (const Finding& finding : find_problems(adapter, {&base})) {
    EXPECT_EQ(finding.severity, Severity::warning) << finding.message;
  }
}

TEST(JudgeRuntimes, PartOfAFolderActs) {
  EXPECT_EQ(judge(from_folder({"q_proj", "down_proj"}), "PEFT"), "loads: ");
  EXPECT_THAT(judge(from_folder({"q_proj"}), "PEFT"), HasSubstr("partly: 3 of 6 modules"));
  EXPECT_EQ(judge(from_folder({"q_proj"}), "vLLM"), "loads: ");
  EXPECT_THAT(judge(from_folder({"k_proj"}), "PEFT"), HasSubstr("refuses: target_modules names"));
}

TEST(JudgeRuntimes, StoredNamesOfAFolder) {
  LoraAdapter adapter = from_folder({"q_proj", "down_proj"});
  for (LoraPair& pair : adapter.pairs) pair.key = pair.module;
  EXPECT_THAT(judge(adapter, "PEFT"), HasSubstr("ignores: names without 'base_model.model.'"));
  EXPECT_EQ(judge(adapter, "vLLM"), "loads: ");
  EXPECT_THAT(judge(adapter, "TGI"), HasSubstr("ignores: 'model.layers.N.self_attn.q_proj'"));
  adapter = from_folder({"q_proj", "down_proj"});
  for (LoraPair& pair : adapter.pairs) pair.adapter_name = "default";
  EXPECT_EQ(judge(adapter, "PEFT"), "loads: ");
  const target::BaseModel base = tiny_base(kTinyLayers);
  const std::vector<ReleaseVerdict> releases = judge_runtimes(adapter, {&base})[0].releases;
  ASSERT_EQ(releases.size(), 2U);
  EXPECT_EQ(releases[0].verdict, Verdict::loads);
  EXPECT_EQ(releases[1].verdict, Verdict::ignores);
  EXPECT_THAT(releases[1].why, HasSubstr("with an adapter's name"));
  EXPECT_THAT(judge(adapter, "vLLM"), HasSubstr("refuses: 'base_model.model.model.layers.0"));
  adapter = from_folder({"q_proj", "down_proj"});
  for (LoraPair& pair : adapter.pairs) pair.key.insert(23, "language_model.");
  EXPECT_THAT(judge(adapter, "PEFT"), HasSubstr("ignores"));
  EXPECT_THAT(judge(adapter, "vLLM"), HasSubstr("ignores: a wrong prefix"));
}

TEST(JudgeRuntimes, ScalesOfZeroDoNothing) {
  LoraAdapter adapter = from_folder({"q_proj", "down_proj"});
  for (LoraPair& pair : adapter.pairs) pair.scale = 0.0;
  EXPECT_THAT(judge(adapter, "PEFT"), HasSubstr("ignores: every scale is 0"));
  adapter.pairs[1].scale = 1.0;
  EXPECT_EQ(judge(adapter, "PEFT"), "loads: ");
}

// A vision-language model's: its class has "model.language_model", its files "model.layers".
TEST(JudgeRuntimes, NamesOfVisionLanguageModels) {
  target::BaseModel base = tiny_base(kTinyLayers);
  base.architecture = "Qwen2_5_VLForConditionalGeneration";
  LoraAdapter adapter = from_folder({"q_proj", "down_proj"});
  EXPECT_THAT(judge(adapter, "PEFT", base), HasSubstr("ignores"));
  EXPECT_EQ(judge(adapter, "TGI", base), "loads: ");
  for (LoraPair& pair : adapter.pairs) pair.key.erase(0, 17);  // "base_model.model."
  EXPECT_EQ(judge(adapter, "vLLM", base), "loads: ");
  adapter = from_folder({"q_proj", "down_proj"});
  for (LoraPair& pair : adapter.pairs) pair.key.insert(23, "language_model.");
  EXPECT_EQ(judge(adapter, "PEFT", base), "loads: ");
  EXPECT_EQ(judge(adapter, "vLLM", base), "loads: ");
  EXPECT_THAT(judge(adapter, "TGI", base), HasSubstr("ignores"));
}

TEST(JudgeRuntimes, VllmKnowsNoBias) {
  LoraAdapter adapter = from_folder({"q_proj", "down_proj"});
  adapter.peft->bias = "lora_only";
  EXPECT_THAT(judge(adapter, "vLLM"), HasSubstr("refuses: bias is 'lora_only'"));
  EXPECT_EQ(judge(adapter, "PEFT"), "loads: ");
}

TEST(JudgeRuntimes, MlxMakesLayersOfTheLastBlocks) {
  LoraAdapter adapter = in_format(AdapterFormat::mlx);
  adapter.mlx = adapter::MlxChoice{-1, {}};
  EXPECT_EQ(judge(adapter, "MLX"), "loads: ");
  adapter.mlx->layers = 1;
  EXPECT_THAT(judge(adapter, "MLX"), HasSubstr("refuses: 'model.layers.0.self_attn.q_proj'"));
  adapter.pairs.erase(adapter.pairs.begin(), adapter.pairs.begin() + 4);
  EXPECT_EQ(judge(adapter, "MLX"), "loads: ");
  const target::BaseModel base = tiny_base(kTinyLayers);
  EXPECT_TRUE(find_problems(adapter, {&base}).empty());
  for (LoraPair& pair : adapter.pairs) pair.module.insert(0, "language_model.");
  EXPECT_THAT(judge(adapter, "MLX"), HasSubstr("refuses"));
  adapter = in_format(AdapterFormat::mlx);
  adapter.mlx = adapter::MlxChoice{-1, {}};
  adapter.pairs.push_back(testing::random_pair("lm_head", 20, 8, 4, 1));
  EXPECT_THAT(judge(adapter, "MLX"), HasSubstr("refuses: 'lm_head'"));
  adapter.mlx->whole_paths = {"lm_head"};
  EXPECT_EQ(judge(adapter, "MLX"), "loads: ");
}

TEST(JudgeRuntimes, ShapesThatDoNotFit) {
  LoraAdapter adapter = tiny_adapter(kTinyLayers);
  adapter.pairs[0] = testing::random_pair(adapter.pairs[0].module, 8, 9, 4, 1);
  for (const char* runtime : {"PEFT", "vLLM", "TGI"}) {
    EXPECT_THAT(judge(adapter, runtime), HasSubstr("refuses: shapes do not fit"));
  }
}

}  // namespace
}  // namespace dnd::verify
