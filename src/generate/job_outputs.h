// The files that jobs become: their places, whether they may be written, and which are finished.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapter/files/artefact.h"
#include "adapter/lora.h"
#include "adapter/provenance.h"
#include "bundle/generator_config.h"
#include "generate/jobs.h"
#include "target/base_model.h"

namespace dnd::generate {

struct OutputOptions {
  std::vector<adapter::AdapterFormat> formats;  // each once
  std::string dtype;                            // empty: bf16, or the format's own
  bool force = false;                           // what is there is replaced, else kept
  bool resume = false;  // what is there of other inputs fails by itself, not the call
  // Where known, files get the names that it has; must outlive what is written.
  const target::BaseModel* base = nullptr;
};

// One of a job's formats, as it lies on disk.
struct Written {
  adapter::Artefact artefact;
  adapter::WrittenFile file;
};

// What a job's formats come to before it is computed.
struct Present {
  std::vector<Written> finished;  // made from the same inputs
  std::vector<adapter::Artefact> missing;
  std::string device;  // that the finished ones were made on
};

// The element type that `dtype` is in files of a format.
std::string dtype_of(adapter::AdapterFormat format, const std::string& dtype);

class JobOutputs {
 public:
  // `config` must outlive the object. Throws Error(data) where a format cannot hold its layout.
  JobOutputs(const bundle::GeneratorConfig& config, OutputOptions options);

  std::size_t formats() const { return options_.formats.size(); }

  // Before anything is computed: every place can be made, is one job's alone, and is free, or has what may be
  // replaced or kept; none is, holds or lies in one of `inputs`. Throws Error(cannot_create), or Error(data)
  // where two jobs have one place.
  void check(const std::vector<Job>& jobs, const std::vector<std::filesystem::path>& inputs) const;

  // Whether what other inputs made must be found before anything is computed: it ends the call.
  bool refuses_others() const { return !options_.force && !options_.resume; }
  bool has_any(const Job& job) const;  // of its places, occupied ones
  // Throws Error(cannot_create) where other inputs made what is there.
  Present present(const Job& job, const adapter::Provenance& provenance) const;

  // Throws as the format's writer does.
  adapter::WrittenFile write(const Job& job, const adapter::Artefact& artefact,
                             const adapter::LoraAdapter& adapter) const;

 private:
  adapter::WriteOptions write_options(const Job& job, adapter::AdapterFormat format) const;

  const bundle::GeneratorConfig& config_;
  OutputOptions options_;
};

}  // namespace dnd::generate
