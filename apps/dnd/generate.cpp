// dnd generate: prompts -> adapters.
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <optional>
#include <system_error>
#include <utility>

#include "adapter/peft.h"
#include "adapter/weight_codec.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "context.h"
#include "engine_loader.h"
#include "formats/safetensors.h"
#include "generate_estimate.h"
#include "generate_plan.h"
#include "progress.h"
#include "source_options.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

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

struct Seconds {
  double load = 0.0;
  double encode = 0.0;
  double decode = 0.0;
  double detokenize = 0.0;
  double write = 0.0;
};

Json seconds_json(const Seconds& s) {
  const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };
  return {{"load", rounded(s.load)},
          {"encode", rounded(s.encode)},
          {"decode", rounded(s.decode)},
          {"detokenize", rounded(s.detokenize)},
          {"write", rounded(s.write)},
          {"total", rounded(s.load + s.encode + s.decode + s.detokenize + s.write)}};
}

// "fast" is the fastest precision that is no worse than the released bf16: on the CPU, `exact`.
std::string effective_precision(const std::string& precision) {
  return precision == "fast" ? "exact" : precision;
}

HostTensor read_condition(const fs::path& path, const bundle::GeneratorConfig& config) {
  const formats::SafetensorsFile file(path);
  const bundle::ConditionConfig& c = config.condition;
  const formats::Shape shape = {c.prompts, c.max_length, c.width};
  return {shape, file.read_f32("condition", &shape)};
}

// Throws Error(cannot_create) where no folder `path` could be made: the nearest parent that exists
// must be a folder that takes entries. Writing may still fail, of a full disk for one.
void check_place(const fs::path& path) {
  fs::path parent = (fs::absolute(path) / ".").lexically_normal().parent_path().parent_path();
  std::error_code ignored;
  while (!fs::exists(parent, ignored) && parent.has_relative_path()) parent = parent.parent_path();
  if (::access((parent / ".").c_str(), W_OK | X_OK) == 0) return;
  fail(ErrorKind::cannot_create, path.string(), ": cannot be created: ", parent.string(), ": ",
       std::generic_category().message(errno));
}

// One call of the command: opens what is needed once, then makes job after job.
class GenerateRun {
 public:
  GenerateRun(Context& context, GenerateOptions options)
      : context_(context), options_(std::move(options)), progress_(context.quiet) {}

  void run() {
    options_.engine.precision = effective_precision(options_.engine.precision);
    if (options_.condition.empty()) set_ = load_named_prompts();
    jobs_ = plan_jobs(options_, set_);
    generator_ = open_generator(options_.source.model);
    if (options_.condition.empty()) encoder_ = find_encoder(generator_, options_.source.encoder);
    if (options_.dry_run) return print_estimate(context_, generator_, options_, jobs_.size());
    check_targets();
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      const std::optional<Made> made = try_job(i);
      progress_.clear();
      // Outside try_job: a closed or full standard output would fail every further task too.
      if (made) report(jobs_[i], *made);
    }
    if (failed_ > 0) log_error(cat(failed_, " of ", jobs_.size(), " adapters failed"));
    if (jobs_.empty()) log_info("nothing to do in this shard");
  }

 private:
  struct Made {
    adapter::Provenance provenance;
    adapter::PeftWriteResult written;
  };

  text::PromptSet load_named_prompts() const {
    text::PromptSet set = load_prompts(options_.source);
    if (options_.task.empty()) return set;
    text::check_task_name(options_.task);
    text::PromptSet whole;
    whole.tasks.push_back({options_.task, {}});
    for (text::PromptTask& task : set.tasks) {
      auto& all = whole.tasks[0].prompts;
      all.insert(all.end(), task.prompts.begin(), task.prompts.end());
    }
    return whole;
  }

  // Before anything is computed: every target can be made, is free, or may be replaced or skipped.
  void check_targets() const {
    for (const Job& job : jobs_) {
      const bool occupied = is_occupied(job.path);
      if (occupied && !options_.force && !options_.resume) {
        fail(ErrorKind::cannot_create, job.path.string(),
             ": exists already (--force replaces it, --resume keeps what is finished)");
      }
      if (occupied) adapter::check_replaceable(job.path);
      if (!occupied || options_.force) check_place(job.path);
    }
  }

  // nullopt where there was nothing to do, or after a failure that leaves the other tasks a chance.
  std::optional<Made> try_job(std::size_t index) {
    try {
      return run_job(index);
    } catch (const Error& error) {
      if (jobs_.size() == 1 || error.kind() == ErrorKind::unavailable) throw;
      progress_.clear();
      const std::string place = jobs_[index].path.string() + ": ";
      const std::string_view what = error.what();
      log_error(cat(what.starts_with(place) ? "" : place, what));
      if (failed_++ == 0) context_.exit_code = static_cast<int>(error.kind());
      return std::nullopt;
    }
  }

  std::optional<Made> run_job(std::size_t index) {
    const Job& job = jobs_[index];
    Made made{describe(job), {}};
    std::vector<std::string> prompts;
    if (job.task != nullptr) {
      ChosenPrompts chosen =
          choose_prompts(*job.task, generator_.config.condition, options_.source, job.variant);
      made.provenance.prompts_sha256 = chosen.sha256;
      made.provenance.prompts_used = chosen.texts.size();
      made.provenance.prompts_distinct = chosen.distinct;
      made.provenance.selection = chosen.selection;
      prompts = std::move(chosen.texts);
    }
    if (options_.resume && is_finished(job, made.provenance)) return std::nullopt;
    label_ = job_label(index);
    compute(job, prompts, made);
    return made;
  }

  adapter::Provenance describe(const Job& job) {
    const bundle::GeneratorConfig& config = generator_.config;
    adapter::Provenance provenance;
    provenance.generator = config.name;
    provenance.generator_sha256 = config.weights_sha256;
    provenance.untrained = config.untrained;
    provenance.precision = options_.engine.precision;
    provenance.seed = options_.source.seed;
    provenance.variant = job.variant;
    if (job.task == nullptr) {
      if (condition_sha256_.empty()) condition_sha256_ = sha256_hex_of_file(options_.condition);
      provenance.condition_sha256 = condition_sha256_;
    } else {
      provenance.encoder = options_.source.encoder.empty()
                               ? config.condition.encoder
                               : encoder_.lexically_normal().stem().string();
    }
    return provenance;
  }

  // Whether the target was made from the same inputs; if it is there but was not, an error.
  bool is_finished(const Job& job, const adapter::Provenance& provenance) const {
    if (!is_occupied(job.path)) return false;
    const formats::SafetensorsFile file(job.path / adapter::kAdapterWeightsName);
    bool same = !file.tensors().empty() && file.tensors()[0].dtype == dtype();
    for (const auto& [key, value] : adapter::provenance_metadata(provenance)) {
      if (key == "dnd.version") continue;
      const auto found = file.metadata().find(key);
      same = same && found != file.metadata().end() && found->second == value;
    }
    if (!same) {
      fail(ErrorKind::cannot_create, job.path.string(),
           ": exists already, made from other inputs (--force replaces it)");
    }
    log_info(cat(job.path.string(), ": finished already"));
    return true;
  }

  void open() {
    if (engine_) return;
    progress_.stage("load");
    Stopwatch watch;
    engine_ = open_engine(options_.engine);
    if (options_.condition.empty()) maker_.emplace(*engine_, generator_, encoder_);
    engine_->load_decoder(generator_.config, generator_.weights().string());
    seconds_.load = watch.lap();
  }

  void compute(const Job& job, const std::vector<std::string>& prompts, Made& made) {
    seconds_ = {};
    open();
    const EngineInfo info = engine_->info();
    made.provenance.device = info.device;
    made.provenance.engine = "LibTorch " + info.libtorch;
    Stopwatch watch;
    progress_.stage(label_ + "encode");
    HostTensor condition = job.task == nullptr
                               ? read_condition(options_.condition, generator_.config)
                               : maker_->make(prompts);
    seconds_.encode = watch.lap();
    progress_.stage(label_ + "decode");
    const HostTensor tokens =
        engine_->decode(std::move(condition), [&](std::size_t done, std::size_t n) {
          progress_.update(static_cast<double>(done) / static_cast<double>(n));
        });
    seconds_.decode = watch.lap();
    const adapter::Adapter adapter = adapter::detokenize(generator_.config.layout, tokens.values);
    seconds_.detokenize = watch.lap();
    made.written = adapter::write_peft_folder(
        job.path, generator_.config.layout, adapter, dtype(), made.provenance,
        options_.force ? OnExisting::replace : OnExisting::refuse);
    seconds_.write = watch.lap();
  }

  void report(const Job& job, const Made& made) const {
    if (!context_.json) return print_line(job.path.string());
    Json json = {{"path", job.path.string()},
                 {"task", job.task == nullptr ? "" : job.task->name},
                 {"prompts_used", made.provenance.prompts_used},
                 {"prompts_distinct", made.provenance.prompts_distinct},
                 {"seconds", seconds_json(seconds_)},
                 {"bytes", made.written.bytes},
                 {"sha256", made.written.sha256},
                 {"precision", made.provenance.precision},
                 {"device", made.provenance.device}};
    if (options_.variants > 0) json["variant"] = job.variant;
    if (made.provenance.untrained) json["untrained"] = true;
    print_json(json);
  }

  std::string job_label(std::size_t index) const {
    if (jobs_.size() == 1) return "";
    return cat(index + 1, "/", jobs_.size(), " ", jobs_[index].path.filename().string(), ": ");
  }

  Dtype dtype() const { return parse_dtype(options_.adapter_dtype); }

  Context& context_;
  GenerateOptions options_;
  Progress progress_;
  text::PromptSet set_;
  std::vector<Job> jobs_;
  Generator generator_;
  fs::path encoder_;
  std::unique_ptr<Engine> engine_;
  std::optional<ConditionMaker> maker_;
  std::string condition_sha256_;
  std::string label_;
  Seconds seconds_;
  std::size_t failed_ = 0;
};

void check_combination(const GenerateOptions& options) {
  const auto refuse = [](const char* message) { fail(ErrorKind::usage, "generate: ", message); };
  if (options.source.prompts.empty() == options.condition.empty()) {
    refuse("needs either --prompts FILE... or --condition FILE (see dnd generate --help)");
  }
  if (options.force && options.resume) refuse("--force and --resume exclude each other");
  if (options.variants > 0 && !options.condition.empty()) {
    refuse("--variants draws prompts anew; a --condition is one adapter");
  }
}

void add_output_options(CLI::App& command, GenerateOptions& options) {
  command.add_option("-o,--out", options.out,
                     "Adapter folder, or folder of adapters where records have tasks\n"
                     "(default: adapters/<stem of the prompts file>)");
  command.add_option("--task", options.task, "Name of the whole input: one adapter in --out");
  command.add_option("--variants", options.variants, "K draws of prompts -> --out/v000, v001, ...")
      ->check(CLI::Range(1, 1000000));
  command.add_option("--condition", options.condition,
                     "Condition tensor (N, L, C) in a .safetensors file instead of prompts");
  command.add_option("--format", options.format, "Adapter format")
      ->check(CLI::IsMember({"peft"}))
      ->capture_default_str();
  command.add_option("--adapter-dtype", options.adapter_dtype, "Element type of the adapter")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  command.add_flag("-n,--dry-run", options.dry_run, "Say what would be done, and stop");
  command.add_flag("-f,--force", options.force, "Replace existing adapters");
  command.add_flag("--resume", options.resume, "Keep adapters made from the same inputs");
  command.add_option("--shard", options.shard,
                     "Every N-th task: I/N (I from 0), or auto for job\n"
                     "arrays (SLURM_ARRAY_TASK_ID/COUNT or RANK/WORLD_SIZE)");
}

}  // namespace

void add_generate(CLI::App& program, Context& context) {
  const auto options = std::make_shared<GenerateOptions>();
  CLI::App& command = add_command(
      program, context, "generate", "Prompts in, one LoRA adapter per task out",
      {{"dnd generate --prompts questions.jsonl", "one adapter in adapters/questions"},
       {"dnd generate -m BUNDLE -p all.jsonl -o out --json", "records with a \"task\" field"},
       {"printf 'What is 2+3?\\n' | dnd generate -p - -o out", "from a pipe"},
       {"dnd generate -m BUNDLE -p p.jsonl -o out --variants 10 --resume", "ten draws of prompts"}},
      [&context, options] {
        check_combination(*options);
        GenerateRun(context, *options).run();
      });
  add_source_options(command, options->source);
  add_output_options(command, *options);
  add_engine_options(command, options->engine);
  command
      .add_option("--precision", options->engine.precision,
                  "exact (fp32), bf16 (operands rounded as released), or fast\n"
                  "(the fastest that is no worse than bf16; on the CPU: exact)")
      ->check(CLI::IsMember({"exact", "fast", "bf16"}))
      ->capture_default_str();
}

}  // namespace dnd::app
