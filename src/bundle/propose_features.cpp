#include "bundle/propose_features.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace dnd::bundle {
namespace {

constexpr std::int64_t kUsualLayers = 6;  // of the released generators all but one have 5 or 6
constexpr std::int64_t kMostLayers = 8;   // of the deepest released generator

// from (to / from)^(step / steps), rounded; the ends are exact.
std::int64_t between(std::int64_t from, std::int64_t to, std::int64_t step, std::int64_t steps) {
  if (step == steps) return to;
  const double ratio = static_cast<double>(to) / static_cast<double>(from);
  const double share = static_cast<double>(step) / static_cast<double>(steps);
  return std::llround(static_cast<double>(from) * std::pow(ratio, share));
}

// The cascade of `layers` layers whose last hidden feature has `widest` channels.
std::vector<Feature> cascade(const Feature& first, const Feature& last, std::int64_t layers,
                             std::int64_t widest) {
  std::vector<Feature> features = {first};
  for (std::int64_t i = 1; i < layers; ++i) {
    features.push_back({between(first.n, widest, i, layers - 1),
                        between(first.h, last.h, i, layers), between(first.w, last.w, i, layers)});
  }
  features.push_back(last);
  return features;
}

// The largest of low..high that fits, by halving; low fits.
template <typename Fits>
std::int64_t largest_fitting(std::int64_t low, std::int64_t high, Fits fits) {
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (fits(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

void check(const std::vector<Feature>& features, std::int64_t kernel) {
  GeneratorConfig config;
  config.features = features;
  config.kernel = kernel;
  check_features(config, "features");
}

}  // namespace

std::int64_t count_parameters(const std::vector<Feature>& features, std::int64_t kernel) {
  GeneratorConfig config;
  config.features = features;
  config.kernel = kernel;
  return config.decoder_parameters();
}

std::vector<Feature> propose_features(const adapter::AdapterLayout& layout,
                                      const Feature& condition, std::int64_t budget,
                                      std::int64_t kernel) {
  const Feature tokens{layout.token_count(), layout.token_rows, layout.token_columns};
  std::vector<Feature> smallest = {condition, tokens};
  check(smallest, kernel);
  if (const std::int64_t least = count_parameters(smallest, kernel); budget < least) {
    fail(ErrorKind::usage, "features: ", budget, " parameters are too few: from ",
         features_text({condition}), " to ", features_text({tokens}), " with kernel ", kernel,
         " it takes at least ", least, " (fewer prompts, tokens or a smaller kernel need less)");
  }
  // Channels grow from the prompts to the tokens; with more prompts than tokens they stay.
  const std::int64_t most = std::max(condition.n, tokens.n);
  const auto fits = [&](std::int64_t layers, std::int64_t widest) {
    return count_parameters(cascade(condition, tokens, layers, widest), kernel) <= budget;
  };
  std::int64_t layers = kUsualLayers;
  while (layers < kMostLayers && fits(layers, most)) ++layers;
  while (layers > 1 && !fits(layers, condition.n)) --layers;
  if (layers == 1) return smallest;
  const auto fits_at = [&](std::int64_t widest) { return fits(layers, widest); };
  return cascade(condition, tokens, layers, largest_fitting(condition.n, most, fits_at));
}

Json features_json(const std::vector<Feature>& features) {
  Json list = Json::array();
  for (const Feature& each : features) list.push_back({each.n, each.h, each.w});
  return list;
}

std::string features_text(const std::vector<Feature>& features) {
  return json_line(features_json(features));
}

std::vector<Feature> features_from_text(const std::string& text, const std::string& who,
                                        ErrorKind kind) {
  std::string list = text;
  if (!trimmed(list).starts_with('[')) {
    list = "[[";
    for (const char c : text) list += c == ';' ? "],[" : std::string(1, c);
    list += "]]";
  }
  const Json json = Json::accept(list) ? Json::parse(list) : Json();
  const auto is_size = [](const Json& size) {
    return size.is_number_unsigned() && size > 0 && size <= kMaxDimension;
  };
  const auto is_feature = [&](const Json& each) {
    return each.is_array() && each.size() == 3 && std::all_of(each.begin(), each.end(), is_size);
  };
  if (!json.is_array() || json.empty() || !std::all_of(json.begin(), json.end(), is_feature)) {
    fail(kind, who, " '", printable(text), "': expected [[N,H,W],...] or N,H,W;N,H,W...");
  }
  std::vector<Feature> features;
  for (const Json& each : json) features.push_back({each[0], each[1], each[2]});
  return features;
}

}  // namespace dnd::bundle
