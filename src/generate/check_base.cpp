#include "generate/check_base.h"

#include "base/log.h"
#include "base/strings.h"
#include "verify/verify.h"

namespace dnd::generate {
namespace {

std::string made_for(const bundle::GeneratorConfig& config) {
  const adapter::AdapterLayout& layout = config.layout;
  const std::string& name = layout.base_model.empty() ? layout.architecture : layout.base_model;
  return cat("generator '", printable(config.name), "'",
             name.empty() ? "" : cat(", made for ", printable(name)));
}

void check_layers(const bundle::GeneratorConfig& config, const target::BaseModel& base) {
  for (const target::Linear& wanted : verify::base_of_layout(config.layout).linears) {
    const target::Linear* found = target::find_linear(base, wanted.path);
    const std::string what =
        cat("--base ", base.source, ": is no base of ", made_for(config), ": ");
    if (found == nullptr) {
      fail(ErrorKind::data, what, "it has no layer '", printable(wanted.path), "'");
    }
    if (found->in != wanted.in || found->out != wanted.out) {
      fail(ErrorKind::data, what, "'", printable(wanted.path), "' takes ", found->in, " and gives ",
           found->out, ", the adapter's ", wanted.in, " and ", wanted.out);
    }
  }
}

}  // namespace

void check_base(const bundle::GeneratorConfig& config, const target::BaseModel& base,
                const std::string& hub_name) {
  check_layers(config, base);
  const std::string& architecture = config.layout.architecture;
  if (!architecture.empty() && !base.architecture.empty() && architecture != base.architecture) {
    fail(ErrorKind::data, "--base ", base.source, ": is a ", printable(base.architecture),
         ", the base of ", made_for(config), " a ", printable(architecture),
         " (of the same shapes, but another model)");
  }
  const std::string& name = config.layout.base_model;
  if (!name.empty() && !hub_name.empty() && hub_name != name) {
    fail(ErrorKind::data, "--base ", hub_name, ": is no base of ", made_for(config),
         " (its layers would fit; give its folder to go on all the same)");
  }
  if (!name.empty() && hub_name.empty() && !base.name.empty() && base.name != name) {
    log_warning(cat("--base ", base.source, ": calls itself '", printable(base.name), "', ",
                    made_for(config)));
  }
  const auto coverage = verify::coverage_of(adapter::lora_of_layout(config.layout), base);
  if (!coverage.missing.empty()) {
    log_warning(cat("--base ", base.source, ": ", coverage.missing.size(), " of ",
                    coverage.expected, " layers of the kinds that are adapted get no adapter, '",
                    printable(coverage.missing[0]), "' first; ", made_for(config)));
  }
}

void complete_layout(adapter::AdapterLayout& layout, const target::BaseModel& base) {
  if (!layout.architecture.empty()) return;
  layout.architecture = base.architecture;
  if (!layout.heads) layout.heads = base.heads;
}

}  // namespace dnd::generate
