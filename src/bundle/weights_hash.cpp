#include "bundle/weights_hash.h"

#include "base/log.h"
#include "base/remembered_hashes.h"
#include "base/strings.h"

namespace dnd::bundle {

std::string weights_sha256(const std::filesystem::path& bundle, const GeneratorConfig& config) {
  const std::filesystem::path weights = bundle / kDecoderWeightsName;
  std::string found = remembered_sha256(weights);
  if (!config.weights_sha256.empty() && config.weights_sha256 != found) {
    log_warning(cat(weights.string(), ": sha256 is ", found, ", ", kGeneratorConfigName, " says ",
                    printable(config.weights_sha256), " (weights replaced or damaged?)"));
  }
  return found;
}

}  // namespace dnd::bundle
