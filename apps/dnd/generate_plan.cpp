#include "generate_plan.h"

#include <algorithm>

#include "adapter/files/format_table.h"
#include "base/strings.h"

namespace dnd::app {
namespace fs = std::filesystem;
std::vector<adapter::AdapterFormat> chosen_formats(const GenerateOptions& options) {
  std::vector<adapter::AdapterFormat> formats;
  for (const std::string& name : options.formats) {
    const adapter::AdapterFormat format = adapter::parse_format(name);
    adapter::check_dtype(format, options.adapter_dtype);
    if (std::find(formats.begin(), formats.end(), format) == formats.end()) {
      formats.push_back(format);
    }
  }
  return formats;
}

fs::path default_output(const GenerateOptions& options) {
  if (!options.out.empty()) return options.out;
  fs::path stem = "stdin";
  if (!options.condition.empty()) stem = options.condition.stem();
  if (!options.source.prompts.empty() && options.source.prompts[0] != "-") {
    const fs::path& first = options.source.prompts[0];
    stem = first.extension() == ".gz" ? first.stem().stem() : first.stem();
  }
  return fs::path("adapters") / stem;
}

std::vector<generate::Job> plan_jobs(const GenerateOptions& options, const text::PromptSet& set) {
  const generate::JobPlan plan{default_output(options), options.variants,
                               generate::parse_shard(options.shard)};
  if (!options.condition.empty()) return generate::plan_jobs(plan);
  return generate::plan_jobs(set, plan, /*named_by_call=*/!options.task.empty());
}

}  // namespace dnd::app
