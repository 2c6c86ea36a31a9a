// What each runtime does with an adapter file, from the runtimes' own sources (docs/runtimes.md).
#include "verify/runtimes/rules.h"
#include "verify/verify.h"

namespace dnd::verify {

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::loads:
      return "loads";
    case Verdict::partly:
      return "partly";
    case Verdict::ignores:
      return "ignores";
    case Verdict::refuses:
      break;
  }
  return "refuses";
}

std::vector<RuntimeVerdict> judge_runtimes(const adapter::LoraAdapter& adapter,
                                           const Against& against) {
  const Facts facts = collect_facts(adapter, against);
  using adapter::AdapterFormat;
  if (adapter.format == AdapterFormat::diffusers) return {judge_diffusers(adapter, facts)};
  if (adapter.format == AdapterFormat::kohya || adapter.format == AdapterFormat::diffusion_model) {
    return {judge_comfyui(adapter, facts), judge_diffusers(adapter, facts)};
  }
  const RuntimeVerdict llama_cpp = judge_llama_cpp(adapter, against, facts);
  return {judge_peft(adapter, facts),
          judge_vllm(adapter, against, facts),
          judge_tgi(adapter, facts),
          llama_cpp,
          judge_ollama(adapter, against, facts, llama_cpp),
          judge_mlx(adapter, against, facts)};
}

}  // namespace dnd::verify
