// llama.cpp 0.5.0 and Ollama, which loads adapters with its code.
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
  constexpr const char* kName = "llama.cpp, Ollama";
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

}  // namespace dnd::verify
