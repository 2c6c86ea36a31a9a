#include "merge/adapter_argument.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <system_error>

#include "adapter/files/read_lora.h"
#include "base/paths.h"
#include "base/strings.h"

namespace dnd::merge {
namespace fs = std::filesystem;
namespace {

std::optional<double> parse_number(std::string_view text) {
  double value = 0.0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

AdapterArgument parse_adapter_argument(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || path_exists(text)) return {text, 1.0};
  const auto weight = parse_number(std::string_view(text).substr(colon + 1));
  if (!weight) return {text, 1.0};
  if (!std::isfinite(*weight)) {
    fail(ErrorKind::usage, "adapter '", printable(text), "': the weight after ':' is not finite");
  }
  return {text.substr(0, colon), *weight};
}

std::vector<WeightedAdapter> read_adapters(const std::vector<AdapterArgument>& arguments,
                                           const adapter::BaseHints& base) {
  std::vector<WeightedAdapter> adapters;
  for (const AdapterArgument& argument : arguments) {
    adapters.push_back(
        {argument.path.string(), argument.weight, adapter::read_lora(argument.path, base)});
    if (adapters.back().adapter.pairs.empty()) {
      fail(ErrorKind::data, argument.path.string(), ": holds no LoRA matrices");
    }
  }
  return adapters;
}

}  // namespace dnd::merge
