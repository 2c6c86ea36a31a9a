// Adapters with weights, as the command line names them: "DIR" or "DIR:0.5".
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapter/base_hints.h"
#include "adapter/lora.h"

namespace dnd::merge {

struct AdapterArgument {
  std::filesystem::path path;
  double weight = 1.0;
};

// What follows the last ':' is the weight if it is a number and `text` as a whole names nothing
// that exists. Throws Error(usage) for a weight that is not finite.
AdapterArgument parse_adapter_argument(const std::string& text);

struct WeightedAdapter {
  std::string name;  // the path as given, for messages
  double weight = 1.0;
  adapter::LoraAdapter adapter;
};

// Reads them all. Throws as adapter::read_lora does, and Error(data) for one without matrices.
std::vector<WeightedAdapter> read_adapters(const std::vector<AdapterArgument>& arguments,
                                           const adapter::BaseHints& base);

}  // namespace dnd::merge
