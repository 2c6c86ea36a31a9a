#include "feature_options.h"

#include <map>

#include "base/log.h"
#include "base/strings.h"
#include "bundle/propose_features.h"

namespace dnd::app {

void add_feature_options(CLI::App& command, FeatureOptions& options) {
  const std::map<std::string, double> units = {{"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"b", 1e9}};
  command
      .add_option("--parameters", options.parameters,
                  "Most parameters of the decoder, e.g. 100M or 1.1G (default: 100M)")
      ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_INSENSITIVE))
      ->check(CLI::Range(1.0, 1e12));
  command.add_option("--prompts", options.prompts, "Prompts the generator takes")
      ->check(CLI::Range(std::int64_t{1}, bundle::kMaxDimension))
      ->capture_default_str();
  command.add_option("--tokens", options.tokens, "Tokens per prompt, after a projection")
      ->check(CLI::Range(std::int64_t{1}, bundle::kMaxDimension))
      ->capture_default_str();
  command.add_option("--width", options.width, "Width of the text encoder")
      ->check(CLI::Range(std::int64_t{1}, bundle::kMaxDimension))
      ->capture_default_str();
}

std::vector<bundle::Feature> propose_features(const adapter::AdapterLayout& layout,
                                              const FeatureOptions& options, std::int64_t kernel) {
  auto features = bundle::propose_features(layout, {options.prompts, options.tokens, options.width},
                                           static_cast<std::int64_t>(options.parameters), kernel);
  log_info(cat("features for kernel ", kernel, ": ", bundle::count_parameters(features, kernel),
               " decoder parameters in ", features.size() - 1,
               features.size() == 2 ? " layer" : " layers"));
  if (features.size() == 2) {
    log_warning(
        "one layer alone, without any between: adapters will hardly follow the prompts (more "
        "--parameters, fewer --prompts or --tokens leave room for layers)");
  }
  return features;
}

}  // namespace dnd::app
