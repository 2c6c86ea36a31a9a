#include "generate/job_outputs.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "adapter/files/format_table.h"
#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"

namespace dnd::generate {
namespace fs = std::filesystem;
using adapter::AdapterFormat;
using adapter::Artefact;

std::string dtype_of(AdapterFormat format, const std::string& dtype) {
  return dtype.empty() ? adapter::default_dtype(format, "bf16") : dtype;
}

JobOutputs::JobOutputs(const bundle::GeneratorConfig& config, OutputOptions options)
    : config_(config), options_(std::move(options)) {
  for (const AdapterFormat format : options_.formats) {
    adapter::check_layout(format, config_.layout);
  }
}

void JobOutputs::check(const std::vector<Job>& jobs, const std::vector<fs::path>& inputs) const {
  std::set<fs::path> places;
  for (const Job& job : jobs) {
    for (const Artefact& artefact : artefacts_of(job.path, options_.formats)) {
      if (!places.insert(artefact.path.lexically_normal()).second) {
        fail(ErrorKind::data, artefact.path.string(),
             ": two artefacts of this call would go there (a task named like another's file)");
      }
      if (!options_.force && is_occupied(artefact.path)) {
        check_replaceable(artefact);
      } else {
        check_output(artefact, options_.force, inputs);
      }
    }
  }
}

bool JobOutputs::has_any(const Job& job) const {
  const std::vector<Artefact> artefacts = artefacts_of(job.path, options_.formats);
  return std::any_of(artefacts.begin(), artefacts.end(),
                     [](const Artefact& artefact) { return is_occupied(artefact.path); });
}

Present JobOutputs::present(const Job& job, const adapter::Provenance& provenance) const {
  Present present;
  auto expected = adapter::provenance_metadata(provenance);
  if (!config_.layout.architecture.empty()) {  // names are of the class
    expected[adapter::kArchitectureKey] = config_.layout.architecture;
  }
  for (Artefact& artefact : artefacts_of(job.path, options_.formats)) {
    std::optional<adapter::Finished> found;
    if (!options_.force) {
      found = find_finished(artefact, expected, write_options(job, artefact.format));
    }
    if (!found) {
      present.missing.push_back(std::move(artefact));
      continue;
    }
    if (found->metadata.contains("dnd.device")) present.device = found->metadata["dnd.device"];
    present.finished.push_back({std::move(artefact), found->file});
  }
  return present;
}

adapter::WrittenFile JobOutputs::write(const Job& job, const Artefact& artefact,
                                       const adapter::LoraAdapter& adapter) const {
  return write_artefact(artefact, adapter, write_options(job, artefact.format));
}

adapter::WriteOptions JobOutputs::write_options(const Job& job, AdapterFormat format) const {
  const adapter::AdapterLayout& layout = config_.layout;
  adapter::WriteOptions write;
  write.dtype = dtype_of(format, options_.dtype);
  write.key_prefix = layout.key_prefix;
  write.architecture = layout.architecture;
  write.heads = layout.heads;
  write.base = options_.base;
  write.name = job.path.lexically_normal().stem().string();
  write.on_existing = options_.force ? OnExisting::replace : OnExisting::refuse;
  return write;
}

}  // namespace dnd::generate
