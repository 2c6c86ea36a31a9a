// dnd generate: prompts -> adapters.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <set>
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
#include "generate_options.h"
#include "generate_plan.h"
#include "progress.h"
#include "source_options.h"
#include "verify/verify.h"

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

// One call of the command: opens what is needed once, then makes job after job.
class GenerateRun {
 public:
  GenerateRun(Context& context, GenerateOptions options)
      : context_(context), options_(std::move(options)), progress_(context.quiet) {}

  void run() {
    options_.engine.precision = effective_precision(options_.engine.precision);
    formats_ = chosen_formats(options_);
    if (options_.condition.empty()) set_ = load_named_prompts();
    jobs_ = plan_jobs(options_, set_);
    generator_ = open_generator(options_.source.model);
    if (std::count(formats_.begin(), formats_.end(), adapter::AdapterFormat::gguf) > 0) {
      check_gguf_layout(generator_.config.layout);
    }
    if (options_.condition.empty()) encoder_ = find_encoder(generator_, options_.source.encoder);
    if (options_.dry_run) return print_estimate(context_, generator_, options_, jobs_.size());
    check_targets();
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      const std::optional<Made> made = try_job(i);
      progress_.clear();
      if (!made) continue;
      // Outside try_job: a closed or full standard output would fail every further task too.
      for (const Written& written : made->written) report(jobs_[i], *made, written);
    }
    if (failed_ > 0)
      log_error(cat(failed_, " of ", jobs_.size() * formats_.size(), " adapters failed"));
    if (jobs_.empty()) log_info("nothing to do in this shard");
  }

 private:
  struct Written {
    Artefact artefact;
    adapter::WrittenFile file;
  };

  struct Made {
    adapter::Provenance provenance;
    std::vector<Written> written;
    std::vector<verify::Finding> findings;
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
    std::set<fs::path> places;
    for (const Job& job : jobs_) {
      for (const Artefact& artefact : artefacts_of(job.path, formats_)) {
        if (!places.insert(artefact.path.lexically_normal()).second) {
          fail(ErrorKind::data, artefact.path.string(),
               ": two artefacts of this call would go there (a task named like another's file)");
        }
        check_target(artefact, options_.force, options_.resume);
      }
    }
  }

  // nullopt where there was nothing to do, or after a failure that leaves the other tasks a chance.
  std::optional<Made> try_job(std::size_t index) {
    try {
      return run_job(index);
    } catch (const Error& error) {
      if (jobs_.size() == 1 || error.kind() == ErrorKind::unavailable) throw;
      note_failure(jobs_[index].path, error, formats_.size());
      return std::nullopt;
    }
  }

  void note_failure(const fs::path& path, const Error& error, std::size_t count) {
    progress_.clear();
    const std::string place = path.string() + ": ";
    const std::string_view what = error.what();
    log_error(cat(what.starts_with(place) ? "" : place, what));
    if (failed_ == 0) context_.exit_code = static_cast<int>(error.kind());
    failed_ += count;
  }

  std::optional<Made> run_job(std::size_t index) {
    const Job& job = jobs_[index];
    Made made{describe(job), {}, {}};
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
    const std::vector<Artefact> artefacts = missing(job, made.provenance);
    if (artefacts.empty()) return std::nullopt;
    label_ = job_label(index);
    const adapter::LoraAdapter adapter = compute(job, prompts, made.provenance);
    write(job, artefacts, adapter, made);
    check(job, adapter, made);
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

  // What is still to be made of a job. With --resume, what is there must be from the same inputs.
  std::vector<Artefact> missing(const Job& job, const adapter::Provenance& provenance) const {
    std::vector<Artefact> artefacts = artefacts_of(job.path, formats_);
    if (!options_.resume) return artefacts;
    const auto expected = adapter::provenance_metadata(provenance);
    std::erase_if(artefacts, [&](const Artefact& artefact) {
      return is_finished(artefact, expected, write_options(job, artefact.format));
    });
    return artefacts;
  }

  WriteOptions write_options(const Job& job, adapter::AdapterFormat format) const {
    const adapter::AdapterLayout& layout = generator_.config.layout;
    WriteOptions write;
    write.dtype = dtype_for(options_, format);
    write.key_prefix = layout.key_prefix;
    write.architecture = layout.architecture;
    write.heads = layout.heads;
    write.name = job.path.lexically_normal().stem().string();
    write.on_existing = options_.force ? OnExisting::replace : OnExisting::refuse;
    return write;
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

  adapter::LoraAdapter compute(const Job& job, const std::vector<std::string>& prompts,
                               adapter::Provenance& provenance) {
    seconds_ = {};
    open();
    const EngineInfo info = engine_->info();
    provenance.device = info.device;
    provenance.engine = "LibTorch " + info.libtorch;
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
    const adapter::AdapterLayout& layout = generator_.config.layout;
    adapter::LoraAdapter adapter =
        adapter::lora_of_layout(layout, adapter::detokenize(layout, tokens.values), provenance);
    seconds_.detokenize = watch.lap();
    return adapter;
  }

  // A format that fails leaves the others their chance.
  void write(const Job& job, const std::vector<Artefact>& artefacts,
             const adapter::LoraAdapter& adapter, Made& made) {
    Stopwatch watch;
    for (const Artefact& artefact : artefacts) {
      try {
        const WriteOptions options = write_options(job, artefact.format);
        made.written.push_back({artefact, write_artefact(artefact, adapter, options)});
      } catch (const Error& error) {
        if (artefacts.size() == 1) throw;
        note_failure(artefact.path, error, 1);
      }
    }
    seconds_.write = watch.lap();
  }

  // What `dnd verify` would find, against the generator's own layout and statistics.
  void check(const Job& job, const adapter::LoraAdapter& adapter, Made& made) {
    const bundle::GeneratorConfig& config = generator_.config;
    const target::BaseModel base = verify::base_of_layout(config.layout);
    made.findings =
        verify::find_problems(adapter, {&base, config.statistics ? &*config.statistics : nullptr});
    progress_.clear();
    for (const verify::Finding& finding : made.findings) {
      log_warning(cat(job.path.string(), ": [", finding.check, "] ", finding.message));
    }
  }

  void report(const Job& job, const Made& made, const Written& written) const {
    if (!context_.json) return print_line(written.artefact.path.string());
    Json json = {{"path", written.artefact.path.string()},
                 {"format", adapter::format_name(written.artefact.format)},
                 {"task", job.task == nullptr ? "" : job.task->name},
                 {"prompts_used", made.provenance.prompts_used},
                 {"prompts_distinct", made.provenance.prompts_distinct},
                 {"seconds", seconds_json(seconds_)},
                 {"bytes", written.file.bytes},
                 {"sha256", written.file.sha256},
                 {"precision", made.provenance.precision},
                 {"device", made.provenance.device}};
    if (options_.variants > 0) json["variant"] = job.variant;
    if (made.provenance.untrained) json["untrained"] = true;
    for (const verify::Finding& finding : made.findings)
      json["findings"].push_back(finding.message);
    print_json(json);
  }

  std::string job_label(std::size_t index) const {
    if (jobs_.size() == 1) return "";
    return cat(index + 1, "/", jobs_.size(), " ", jobs_[index].path.filename().string(), ": ");
  }

  Context& context_;
  GenerateOptions options_;
  Progress progress_;
  std::vector<adapter::AdapterFormat> formats_;
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

}  // namespace

void add_generate(CLI::App& program, Context& context) {
  const auto options = std::make_shared<GenerateOptions>();
  CLI::App& command = add_command(
      program, context, "generate", "Prompts in, one LoRA adapter per task out",
      {{"dnd generate --prompts questions.jsonl", "one adapter in adapters/questions"},
       {"dnd generate -m BUNDLE -p all.jsonl -o out --json", "records with a \"task\" field"},
       {"printf 'What is 2+3?\\n' | dnd generate -p - -o out", "from a pipe"},
       {"dnd generate -m BUNDLE -p p.jsonl -o out --format peft,gguf", "out and out.gguf"},
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
