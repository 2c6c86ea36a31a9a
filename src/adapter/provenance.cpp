#include "adapter/provenance.h"

#include "base/version.h"

namespace dnd::adapter {

std::map<std::string, std::string> provenance_metadata(const Provenance& provenance) {
  // "format" is what transformers asks of every safetensors file with metadata.
  std::map<std::string, std::string> out = {{"format", "pt"}, {"dnd.version", version()}};
  const auto set = [&](const char* key, const std::string& value) {
    if (!value.empty()) out[std::string("dnd.") + key] = value;
  };
  set("generator", provenance.generator);
  set("generator_sha256", provenance.generator_sha256);
  if (provenance.untrained) set("untrained", "true");
  set("encoder", provenance.encoder);
  set("encoder_sha256", provenance.encoder_sha256);
  set("condition_sha256", provenance.condition_sha256);
  set("prompts_sha256", provenance.prompts_sha256);
  if (provenance.prompts_used > 0) {
    set("prompts_used", std::to_string(provenance.prompts_used));
    set("prompts_distinct", std::to_string(provenance.prompts_distinct));
    set("seed", std::to_string(provenance.seed));
    set("variant", std::to_string(provenance.variant));
  }
  set("selection", provenance.selection);
  set("precision", provenance.precision);
  set("device", provenance.device);
  set("engine", provenance.engine);
  return out;
}

}  // namespace dnd::adapter
