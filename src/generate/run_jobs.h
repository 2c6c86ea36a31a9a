// Job after job: prompts -> condition -> weight tokens -> adapter -> files. Batches share the decoder's
// passes; a job that fails leaves the others their chance.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/files/artefact.h"
#include "adapter/provenance.h"
#include "dnd/engine.h"
#include "dnd/error.h"
#include "generate/choose_prompts.h"
#include "generate/generator.h"
#include "generate/job_outputs.h"
#include "generate/jobs.h"
#include "verify/verify.h"

namespace dnd::generate {

// Of one adapter; a batch shares its time out evenly, and the first adapter has the loading.
struct Seconds {
  double load = 0.0;
  double encode = 0.0;
  double decode = 0.0;
  double detokenize = 0.0;
  double write = 0.0;
};

// What was made of a job.
struct Made {
  adapter::Provenance provenance;
  std::vector<Written>
      written;  // what was there already first; a format that failed is not among them
  std::vector<verify::Finding>
      findings;     // what `dnd verify` would find, against the generator's own layout
  Seconds seconds;  // none where all was there
};

// What all jobs of a call have in common.
struct RunOptions {
  std::filesystem::path encoder;    // of the prompts; empty where a condition is given
  std::string encoder_name;         // in provenance
  std::filesystem::path condition;  // in place of prompts: jobs without a task
  PromptChoice choice;              // its variant is the job's
  std::string precision;            // in provenance
  std::size_t at_once = 1;          // jobs decoded together
};

// Told of what happens, when it does. Jobs are told by their index.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_load() {}  // engine, encoder and decoder
  virtual void on_encode(std::size_t /*job*/) {}
  virtual void on_decode(std::size_t /*first*/, std::size_t /*last*/) {}
  virtual void on_layer(std::size_t /*done*/, std::size_t /*total*/) {}
  // `adapters` that were to be made will not be. Not called for what ends the run.
  virtual void on_failure(const std::filesystem::path& /*place*/, const Error& /*error*/,
                          std::size_t /*adapters*/) {}
  // What it throws ends the run.
  virtual void on_made(std::size_t /*job*/, const Made& /*made*/) {}
};

using OpenEngine = std::function<std::unique_ptr<Engine>()>;

// Makes what is missing of every job, in order; what the same inputs made already counts as made. What
// other inputs made is refused before anything is computed, with OutputOptions::resume when its job comes.
// `open_engine` is called once, when a job has something to compute: where all is there, nothing is loaded.
// An Error of one job among several goes to RunObserver::on_failure; that of a single job, of loading what
// all need, or of kind `unavailable` is thrown.
void run_jobs(const std::vector<Job>& jobs, const Generator& generator, const JobOutputs& outputs,
              const RunOptions& options, const OpenEngine& open_engine, RunObserver& observer);

// What run_jobs() refuses before anything is computed: what other inputs made. Throws Error(cannot_create).
void check_jobs(const std::vector<Job>& jobs, const Generator& generator, const JobOutputs& outputs,
                const RunOptions& options);

}  // namespace dnd::generate
