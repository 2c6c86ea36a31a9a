#include "generate/run_jobs.h"

#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "base/remembered_hashes.h"
#include "base/staging_room.h"
#include "bundle/weights_hash.h"
#include "formats/safetensors.h"
#include "generate/condition_file.h"
#include "generate/session.h"

namespace dnd::generate {
namespace fs = std::filesystem;
using adapter::Artefact;
namespace {

// Times one stage after another.
class Stopwatch {
 public:
  // Seconds since construction or the last call.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// One job on its way.
struct Work {
  std::size_t job = 0;
  std::vector<std::string> prompts;
  std::vector<Artefact> missing;
  HostTensor condition;  // projected
  Made made;
};

// The engine and the session on it, opened when the first job needs them.
class LateSession {
 public:
  LateSession(const Generator& generator, const fs::path& encoder, const OpenEngine& open_engine)
      : generator_(generator), encoder_(encoder), open_engine_(open_engine) {}

  bool is_open() const { return session_.has_value(); }

  // `shares`: several jobs may have prompts in common.
  void open(bool shares) {
    formats::SafetensorsFile weights(generator_.weights());
    weights.read_ahead();  // LibTorch's start leaves the other processors idle
    engine_ = open_engine_();
    session_.emplace(*engine_, generator_, encoder_, std::move(weights),
                     SessionOptions{.kept_bytes = shares ? kSharedConditionBytes : 0});
  }

  EngineInfo info() const { return engine_->info(); }
  Session& session() { return *session_; }

 private:
  const Generator& generator_;
  const fs::path& encoder_;
  const OpenEngine& open_engine_;
  std::unique_ptr<Engine> engine_;
  std::optional<Session> session_;
};

// What all of a run's adapters are made by, hashed when the first asks.
class MakerHashes {
 public:
  MakerHashes(const Generator& generator, const RunOptions& options)
      : generator_(generator), options_(options) {}

  void add_to(adapter::Provenance& provenance, bool prompts) {
    provenance.generator_sha256 =
        of(weights_, [&] { return bundle::weights_sha256(generator_.folder, generator_.config); });
    if (prompts) {
      provenance.encoder_sha256 =
          of(encoder_, [&] { return remembered_sha256_of_files(options_.encoder); });
    } else {
      provenance.condition_sha256 =
          of(condition_, [&] { return remembered_sha256(options_.condition); });
    }
  }

 private:
  template <typename Compute>
  static const std::string& of(std::string& hash, const Compute& compute) {
    if (hash.empty()) hash = compute();
    return hash;
  }

  const Generator& generator_;
  const RunOptions& options_;
  std::string weights_;
  std::string encoder_;
  std::string condition_;
};

class Run {
 public:
  Run(const std::vector<Job>& jobs, const Generator& generator, const JobOutputs& outputs,
      const RunOptions& options, const OpenEngine& open_engine, RunObserver& observer)
      : jobs_(jobs),
        config_(generator.config),
        outputs_(outputs),
        options_(options),
        observer_(observer),
        late_(generator, options.encoder, open_engine),
        hashes_(generator, options) {}

  void check() {
    if (outputs_.refuses_others()) refuse_others();
  }

  void run() {
    check();
    for (std::size_t next = 0; next < jobs_.size();) {
      std::vector<Work> batch;
      std::size_t computed = 0;
      for (; next < jobs_.size() && computed < options_.at_once; ++next) {
        if (prepare(next, batch)) ++computed;
      }
      finish(std::move(batch));
    }
  }

 private:
  // Whether `step`, of what `batch` makes, did not fail. A failure leaves the other jobs a chance.
  template <typename Step>
  bool attempt(const std::vector<std::size_t>& batch, const Step& step) {
    try {
      step();
      return true;
    } catch (const Error& error) {
      if (jobs_.size() == 1 || error.kind() == ErrorKind::unavailable) throw;
      for (const std::size_t job : batch) {
        observer_.on_failure(jobs_[job].path, error, outputs_.formats());
      }
      return false;
    }
  }

  void refuse_others() {
    for (std::size_t job = 0; job < jobs_.size(); ++job) {
      if (outputs_.has_any(jobs_[job])) begun_.emplace(job, begin(job));
    }
  }

  // Begun already by refuse_others(), or now.
  Work take_begun(std::size_t job) {
    auto begun = begun_.extract(job);
    return begun ? std::move(begun.mapped()) : begin(job);
  }

  // The job with its condition, added to `batch` unless it fails. Whether there is something to compute.
  bool prepare(std::size_t job, std::vector<Work>& batch) {
    Work work;
    if (!attempt({job}, [&] { work = take_begun(job); })) return false;
    const bool computes = !work.missing.empty();
    if (computes) {
      if (!late_.is_open()) open(work.made.seconds);
      if (!attempt({job}, [&] { encode(work); })) return false;
    }
    batch.push_back(std::move(work));
    return computes;
  }

  // What is to be made of a job, and from what.
  Work begin(std::size_t index) {
    const Job& job = jobs_[index];
    Work work;
    work.job = index;
    adapter::Provenance& provenance = work.made.provenance;
    provenance = describe(job);
    if (job.task != nullptr) {
      PromptChoice choice = options_.choice;
      choice.variant = job.variant;
      ChosenPrompts chosen =
          choose_prompts(*job.task, static_cast<std::size_t>(config_.condition.prompts), choice);
      provenance.prompts_sha256 = chosen.sha256;
      provenance.prompts_used = chosen.texts.size();
      provenance.prompts_distinct = chosen.distinct;
      provenance.selection = chosen.selection;
      work.prompts = std::move(chosen.texts);
    }
    Present present = outputs_.present(job, provenance);
    provenance.device = std::move(present.device);
    for (const Written& written : present.finished) remove_dead_rooms(written.artefact.path);
    work.made.written = std::move(present.finished);
    work.missing = std::move(present.missing);
    return work;
  }

  adapter::Provenance describe(const Job& job) {
    adapter::Provenance provenance;
    provenance.generator = config_.name;
    provenance.untrained = config_.untrained;
    provenance.precision = options_.precision;
    provenance.seed = options_.choice.seed;
    provenance.variant = job.variant;
    if (job.task != nullptr) provenance.encoder = options_.encoder_name;
    hashes_.add_to(provenance, job.task != nullptr);
    return provenance;
  }

  void open(Seconds& seconds) {
    observer_.on_load();
    Stopwatch watch;
    late_.open(jobs_.size() > 1);
    seconds.load = watch.lap();
  }

  void encode(Work& work) {
    const EngineInfo info = late_.info();
    work.made.provenance.device = info.device;
    work.made.provenance.engine = "LibTorch " + info.libtorch;
    observer_.on_encode(work.job);
    Stopwatch watch;
    Session& session = late_.session();
    work.condition = jobs_[work.job].task != nullptr
                         ? session.condition(work.prompts)
                         : session.project(read_condition(options_.condition, config_.condition));
    work.made.seconds.encode = watch.lap();
  }

  void finish(std::vector<Work> batch) {
    std::vector<Work*> computed;
    std::vector<std::size_t> jobs;
    for (Work& work : batch) {
      if (work.missing.empty()) continue;
      computed.push_back(&work);
      jobs.push_back(work.job);
    }
    std::vector<HostTensor> tokens;
    const bool decoded = jobs.empty() || attempt(jobs, [&] { tokens = decode(computed); });
    std::size_t next = 0;
    for (Work& work : batch) {
      if (!work.missing.empty()) {
        if (!decoded) continue;
        HostTensor own = std::move(tokens[next++]);
        if (!attempt({work.job}, [&] { make(own, work); })) continue;
      }
      // Not attempted: a closed or full standard output would fail every further job too.
      observer_.on_made(work.job, work.made);
    }
  }

  std::vector<HostTensor> decode(const std::vector<Work*>& batch) {
    observer_.on_decode(batch.front()->job, batch.back()->job);
    Stopwatch watch;
    std::vector<HostTensor> conditions;
    conditions.reserve(batch.size());
    for (Work* work : batch) conditions.push_back(std::move(work->condition));
    std::vector<HostTensor> tokens = late_.session().decode(
        std::move(conditions),
        [&](std::size_t done, std::size_t total) { observer_.on_layer(done, total); });
    const double share = watch.lap() / static_cast<double>(batch.size());
    for (Work* work : batch) work->made.seconds.decode = share;
    return tokens;
  }

  void make(const HostTensor& tokens, Work& work) {
    Stopwatch watch;
    const adapter::LoraAdapter adapter = late_.session().adapter(tokens, work.made.provenance);
    work.made.seconds.detokenize = watch.lap();
    write(adapter, work);
    work.made.seconds.write = watch.lap();
    const target::BaseModel base = verify::base_of_layout(config_.layout);
    work.made.findings = verify::find_problems(
        adapter, {&base, config_.statistics ? &*config_.statistics : nullptr});
  }

  // A format that fails leaves the others their chance.
  void write(const adapter::LoraAdapter& adapter, Work& work) {
    for (const Artefact& artefact : work.missing) {
      try {
        work.made.written.push_back({artefact, outputs_.write(jobs_[work.job], artefact, adapter)});
      } catch (const Error& error) {
        if (work.missing.size() == 1) throw;
        observer_.on_failure(artefact.path, error, 1);
      }
    }
  }

  const std::vector<Job>& jobs_;
  const bundle::GeneratorConfig& config_;
  const JobOutputs& outputs_;
  const RunOptions& options_;
  RunObserver& observer_;
  LateSession late_;
  MakerHashes hashes_;
  std::map<std::size_t, Work> begun_;  // jobs whose places were looked at, until their turn comes
};

}  // namespace

void run_jobs(const std::vector<Job>& jobs, const Generator& generator, const JobOutputs& outputs,
              const RunOptions& options, const OpenEngine& open_engine, RunObserver& observer) {
  Run(jobs, generator, outputs, options, open_engine, observer).run();
}

void check_jobs(const std::vector<Job>& jobs, const Generator& generator, const JobOutputs& outputs,
                const RunOptions& options) {
  RunObserver silent;
  const OpenEngine none;
  Run(jobs, generator, outputs, options, none, silent).check();
}

}  // namespace dnd::generate
