// llama.cpp 0.5.0, and Ollama, which loads GGUF adapters with its code, if at all: server/create.go refuses
// them from 0.34.1 on, convert/convert.go and convert_*_adapter.go took folders before.
#include <algorithm>
#include <string_view>

#include "adapter/gguf_adapter.h"
#include "base/strings.h"
#include "formats/gguf_names.h"
#include "verify/runtimes/rules.h"

namespace dnd::verify {
namespace {

using adapter::AdapterFormat;
using adapter::LoraAdapter;
using adapter::LoraPair;

constexpr std::size_t kMaxGgufTensorName = 63;  // with ".weight.lora_a"

std::string gguf_architecture_of(const LoraAdapter& adapter, const Against& against) {
  if (adapter.format == AdapterFormat::gguf) return adapter.architecture;
  const std::string& name =
      against.base != nullptr ? against.base->architecture : adapter.architecture;
  return formats::gguf_architecture(name).value_or("");
}

// An output head is a tensor of its own unless the base ties it.
bool has_own_head(const Against& against) {
  return against.base != nullptr && !against.base->tied_embeddings.value_or(true);
}

// Why no GGUF file of this adapter can act; empty where one can.
std::string gguf_obstacle(const LoraAdapter& adapter, const Against& against, const Facts& facts,
                          const std::string& architecture) {
  if (facts.dora) return "DoRA has no GGUF form (dnd merge works)";
  if (!adapter.others.empty()) return "stored modules and biases have no GGUF form";
  for (const LoraPair& pair : adapter.pairs) {
    if (adapter::is_gguf_head(pair.module) && has_own_head(against)) continue;
    if (is_head(pair.module)) {
      return cat("'", printable(pair.module), "' stops it where embeddings are tied");
    }
    const auto name = formats::gguf_tensor_name(architecture, pair.module);
    if (!name) return cat("it has no name for '", printable(pair.module), "'");
    if (name->size() + std::string_view(".weight.lora_a").size() > kMaxGgufTensorName) {
      return cat("the name of '", printable(pair.module), "' is longer than ", kMaxGgufTensorName);
    }
  }
  return "";
}

}  // namespace

RuntimeVerdict judge_llama_cpp(const LoraAdapter& adapter, const Against& against,
                               const Facts& facts) {
  constexpr const char* kName = "llama.cpp";
  const std::string architecture = gguf_architecture_of(adapter, against);
  const bool knows = !architecture.empty();
  if (const std::string why = knows ? gguf_obstacle(adapter, against, facts, architecture) : "";
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

namespace {

constexpr const char* kOllama = "Ollama";

// Rows of these are in another order in llama.cpp; Ollama's converter turns A where B is due.
bool is_spoiled(const LoraPair& pair) {
  return pair.module.ends_with(".q_proj") || pair.module.ends_with(".k_proj");
}

// What `ollama create` made of a PEFT folder.
RuntimeVerdict judge_converter(const LoraAdapter& adapter, const Against& against,
                               const Facts& facts) {
  const std::string architecture = gguf_architecture_of(adapter, against);
  if (architecture != "llama" && architecture != "gemma2") {
    return refuses(kOllama, "folders for Llama and Gemma 2 alone (dnd convert --to gguf)");
  }
  if (const std::string why = gguf_obstacle(adapter, against, facts, architecture); !why.empty()) {
    return refuses(kOllama, why);
  }
  if (!facts.known || !facts.fits) return refuses(kOllama, "it does not fit the base");
  const std::size_t count = adapter.pairs.size();
  const auto spoiled = static_cast<std::size_t>(
      std::count_if(adapter.pairs.begin(), adapter.pairs.end(), is_spoiled));
  return acts_in_part(kOllama, architecture == "llama" ? count - spoiled : count, count,
                      "its converter spoils q_proj and k_proj (dnd convert --to gguf does not)");
}

RuntimeVerdict judge_by_llama_cpp(const LoraAdapter& adapter, RuntimeVerdict verdict) {
  const std::string& engine = adapter.architecture;
  if (verdict.verdict == Verdict::loads && (engine == "gemma3" || engine == "qwen3")) {
    verdict.why = cat("releases that run '", engine, "' by an engine of their own refuse it");
  }
  return verdict;
}

}  // namespace

RuntimeVerdict judge_ollama(const LoraAdapter& adapter, const Against& against, const Facts& facts,
                            const RuntimeVerdict& llama_cpp) {
  RuntimeVerdict verdict =
      refuses(kOllama, "takes no adapters any more (dnd merge into a GGUF of the base works)");
  verdict.releases = {of_release("Ollama 0.34.1", verdict)};
  if (adapter.format == AdapterFormat::peft) {
    const RuntimeVerdict folder = refuses(kOllama, "finds no adapter in folders");
    verdict.releases.push_back(of_release("Ollama 0.33", folder));
    verdict.releases.push_back(of_release("Ollama 0.12", judge_converter(adapter, against, facts)));
  } else {
    verdict.releases.push_back(of_release("Ollama 0.33", judge_by_llama_cpp(adapter, llama_cpp)));
  }
  return verdict;
}

}  // namespace dnd::verify
