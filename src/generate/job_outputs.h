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

namespace dnd::generate {

struct OutputOptions {
  std::vector<adapter::AdapterFormat> formats;  // each once
  std::string dtype;                            // empty: bf16, or the format's own
  bool force = false;                           // what is there is replaced
  bool resume = false;                          // what is there and finished is kept
};

// The element type that `dtype` is in files of a format.
std::string dtype_of(adapter::AdapterFormat format, const std::string& dtype);

class JobOutputs {
 public:
  // `config` must outlive the object. Throws Error(data) where a format cannot hold its layout.
  JobOutputs(const bundle::GeneratorConfig& config, OutputOptions options);

  std::size_t formats() const { return options_.formats.size(); }

  // Before anything is computed: every place can be made, is one job's alone, and is free, or may be
  // replaced or skipped; none is, holds or lies in one of `inputs`. Throws Error(cannot_create), or
  // Error(data) where two jobs have one place.
  void check(const std::vector<Job>& jobs, const std::vector<std::filesystem::path>& inputs) const;

  // What is still to be made of a job: all, but for what resuming finds made from the same inputs.
  std::vector<adapter::Artefact> missing(const Job& job,
                                         const adapter::Provenance& provenance) const;

  // Throws as the format's writer does.
  adapter::WrittenFile write(const Job& job, const adapter::Artefact& artefact,
                             const adapter::LoraAdapter& adapter) const;

 private:
  adapter::WriteOptions write_options(const Job& job, adapter::AdapterFormat format) const;

  const bundle::GeneratorConfig& config_;
  OutputOptions options_;
};

}  // namespace dnd::generate
