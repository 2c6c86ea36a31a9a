// dnd generate: prompts -> adapters.
#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "adapter/files/artefact.h"
#include "adapter/files/format_table.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/staged.h"
#include "base/strings.h"
#include "context.h"
#include "engine_loader.h"
#include "formats/safetensors.h"
#include "generate/condition_file.h"
#include "generate/session.h"
#include "generate_estimate.h"
#include "generate_options.h"
#include "generate_plan.h"
#include "generate_seconds.h"
#include "progress.h"
#include "source_options.h"
#include "verify/verify.h"

namespace dnd::app {
namespace fs = std::filesystem;
using adapter::Artefact;
using adapter::WriteOptions;
namespace {

// Of conditions of tasks that have prompts in common, as variants of one file do.
constexpr std::size_t kKeptConditions = std::size_t{256} << 20U;

// One call of the command: opens what is needed once, then makes job after job.
class GenerateRun {
 public:
  GenerateRun(Context& context, GenerateOptions options)
      : context_(context), options_(std::move(options)), progress_(context.quiet) {}

  void run() {
    formats_ = chosen_formats(options_);
    if (options_.condition.empty()) set_ = load_named_prompts();
    jobs_ = plan_jobs(options_, set_);
    generator_ = generate::open_generator(options_.source.model);
    for (const adapter::AdapterFormat format : formats_) {
      adapter::check_layout(format, generator_.config.layout);
    }
    if (options_.condition.empty())
      encoder_ = generate::find_encoder(generator_, options_.source.encoder);
    if (options_.dry_run) return print_estimate(context_, generator_, options_, jobs_.size());
    check_targets();
    const std::size_t at_once = batch_size(generator_.config, options_);
    for (std::size_t next = 0; next < jobs_.size();) {
      std::vector<Work> batch;
      for (; next < jobs_.size() && batch.size() < at_once; ++next) prepare(next, batch);
      if (!batch.empty()) finish(std::move(batch));
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

  // One job on its way: what is to be made, then what was.
  struct Work {
    std::size_t index = 0;  // of jobs_
    adapter::Provenance provenance;
    std::vector<Artefact> artefacts;
    HostTensor condition;  // projected
    std::vector<Written> written;
    std::vector<verify::Finding> findings;
    Seconds seconds;
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
    std::vector<fs::path> inputs = options_.source.prompts;
    inputs.insert(inputs.end(), {generator_.folder, encoder_, options_.condition});
    std::set<fs::path> places;
    for (const generate::Job& job : jobs_) {
      for (const Artefact& artefact : artefacts_of(job.path, formats_)) {
        if (!places.insert(artefact.path.lexically_normal()).second) {
          fail(ErrorKind::data, artefact.path.string(),
               ": two artefacts of this call would go there (a task named like another's file)");
        }
        if (options_.resume && is_occupied(artefact.path)) {
          check_replaceable(artefact);
        } else {
          check_output(artefact, options_.force, inputs,
                       "--force replaces it, --resume keeps what is finished");
        }
      }
    }
  }

  // Whether `step`, for the jobs of `batch`, did not fail. A failure leaves the other tasks a chance, but
  // for one to load what all need.
  template <typename Step>
  bool attempt(std::span<const std::size_t> batch, const Step& step) {
    try {
      step();
      return true;
    } catch (const Error& error) {
      if (jobs_.size() == 1 || is_loading_ || error.kind() == ErrorKind::unavailable) throw;
      for (const std::size_t index : batch) {
        note_failure(jobs_[index].path, error, formats_.size());
      }
      return false;
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

  // A job's condition, added to `batch` unless there is nothing to do or it fails.
  void prepare(std::size_t index, std::vector<Work>& batch) {
    attempt({&index, 1}, [&] {
      const generate::Job& job = jobs_[index];
      Work work;
      work.index = index;
      work.provenance = describe(job);
      std::vector<std::string> prompts;
      if (job.task != nullptr) {
        generate::ChosenPrompts chosen = generate::choose_prompts(
            *job.task, static_cast<std::size_t>(generator_.config.condition.prompts),
            options_.source.choice(job.variant));
        work.provenance.prompts_sha256 = chosen.sha256;
        work.provenance.prompts_used = chosen.texts.size();
        work.provenance.prompts_distinct = chosen.distinct;
        work.provenance.selection = chosen.selection;
        prompts = std::move(chosen.texts);
      }
      work.artefacts = missing(job, work.provenance);
      if (work.artefacts.empty()) return;
      encode(prompts, work);
      batch.push_back(std::move(work));
    });
  }

  void finish(std::vector<Work> batch) {
    std::vector<std::size_t> indices;
    indices.reserve(batch.size());
    for (const Work& work : batch) indices.push_back(work.index);
    std::vector<HostTensor> tokens;
    if (!attempt(indices, [&] { tokens = decode(batch); })) return;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Work& work = batch[i];
      const bool done = attempt({&work.index, 1}, [&] {
        const adapter::LoraAdapter adapter = detokenize(std::exchange(tokens[i], {}), work);
        write(adapter, work);
        check(adapter, work);
      });
      progress_.clear();
      if (!done) continue;
      // Not attempted: a closed or full standard output would fail every further task too.
      for (const Written& written : work.written) report(work, written);
    }
  }

  adapter::Provenance describe(const generate::Job& job) {
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
  std::vector<Artefact> missing(const generate::Job& job,
                                const adapter::Provenance& provenance) const {
    std::vector<Artefact> artefacts = artefacts_of(job.path, formats_);
    if (!options_.resume) return artefacts;
    const auto expected = adapter::provenance_metadata(provenance);
    std::erase_if(artefacts, [&](const Artefact& artefact) {
      return is_finished(artefact, expected, write_options(job, artefact.format));
    });
    return artefacts;
  }

  WriteOptions write_options(const generate::Job& job, adapter::AdapterFormat format) const {
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

  void open(Work& work) {
    if (session_) return;
    is_loading_ = true;
    progress_.stage("load");
    Stopwatch watch;
    formats::SafetensorsFile weights(generator_.weights());
    weights.read_ahead();  // LibTorch's start leaves the other processors idle
    engine_ = open_engine(options_.engine);
    session_.emplace(
        *engine_, generator_, encoder_, std::move(weights),
        generate::SessionOptions{.kept_bytes = jobs_.size() > 1 ? kKeptConditions : 0});
    work.seconds.load = watch.lap();
    is_loading_ = false;
  }

  void encode(const std::vector<std::string>& prompts, Work& work) {
    open(work);
    const EngineInfo info = engine_->info();
    work.provenance.device = info.device;
    work.provenance.engine = "LibTorch " + info.libtorch;
    Stopwatch watch;
    progress_.stage(label_of(work.index, work.index) + "encode");
    work.condition = options_.condition.empty()
                         ? session_->condition(prompts)
                         : session_->project(generate::read_condition(options_.condition,
                                                                      generator_.config.condition));
    work.seconds.encode = watch.lap();
  }

  std::vector<HostTensor> decode(std::vector<Work>& batch) {
    Stopwatch watch;
    progress_.stage(label_of(batch.front().index, batch.back().index) + "decode");
    std::vector<HostTensor> conditions;
    conditions.reserve(batch.size());
    for (Work& work : batch) conditions.push_back(std::move(work.condition));
    std::vector<HostTensor> tokens =
        session_->decode(std::move(conditions), [&](std::size_t done, std::size_t n) {
          progress_.update(static_cast<double>(done) / static_cast<double>(n));
        });
    const double share = watch.lap() / static_cast<double>(batch.size());
    for (Work& work : batch) work.seconds.decode = share;
    return tokens;
  }

  adapter::LoraAdapter detokenize(const HostTensor& tokens, Work& work) const {
    Stopwatch watch;
    adapter::LoraAdapter adapter = session_->adapter(tokens, work.provenance);
    work.seconds.detokenize = watch.lap();
    return adapter;
  }

  // A format that fails leaves the others their chance.
  void write(const adapter::LoraAdapter& adapter, Work& work) {
    Stopwatch watch;
    for (const Artefact& artefact : work.artefacts) {
      try {
        const WriteOptions options = write_options(jobs_[work.index], artefact.format);
        work.written.push_back({artefact, write_artefact(artefact, adapter, options)});
      } catch (const Error& error) {
        if (work.artefacts.size() == 1) throw;
        note_failure(artefact.path, error, 1);
      }
    }
    work.seconds.write = watch.lap();
  }

  // What `dnd verify` would find, against the generator's own layout and statistics.
  void check(const adapter::LoraAdapter& adapter, Work& work) {
    const bundle::GeneratorConfig& config = generator_.config;
    const target::BaseModel base = verify::base_of_layout(config.layout);
    work.findings =
        verify::find_problems(adapter, {&base, config.statistics ? &*config.statistics : nullptr});
    progress_.clear();
    for (const verify::Finding& finding : work.findings) {
      log_warning(
          cat(jobs_[work.index].path.string(), ": [", finding.check, "] ", finding.message));
    }
  }

  void report(const Work& work, const Written& written) const {
    if (!context_.json) return print_line(written.artefact.path.string());
    const generate::Job& job = jobs_[work.index];
    Json json = {{"path", written.artefact.path.string()},
                 {"format", adapter::format_name(written.artefact.format)},
                 {"task", job.task == nullptr ? "" : job.task->name},
                 {"prompts_used", work.provenance.prompts_used},
                 {"prompts_distinct", work.provenance.prompts_distinct},
                 {"seconds", seconds_json(work.seconds)},
                 {"bytes", written.file.bytes},
                 {"sha256", written.file.sha256},
                 {"precision", work.provenance.precision},
                 {"device", work.provenance.device}};
    if (options_.variants > 0) json["variant"] = job.variant;
    if (work.provenance.untrained) json["untrained"] = true;
    for (const verify::Finding& finding : work.findings)
      json["findings"].push_back(finding.message);
    print_json(json);
  }

  // "2/5 algebra: ", or of several jobs "2-5/9: ".
  std::string label_of(std::size_t first, std::size_t last) const {
    if (jobs_.size() == 1) return "";
    if (first < last) return cat(first + 1, "-", last + 1, "/", jobs_.size(), ": ");
    return cat(first + 1, "/", jobs_.size(), " ", jobs_[first].path.filename().string(), ": ");
  }

  Context& context_;
  GenerateOptions options_;
  Progress progress_;
  std::vector<adapter::AdapterFormat> formats_;
  text::PromptSet set_;
  std::vector<generate::Job> jobs_;
  generate::Generator generator_;
  fs::path encoder_;
  bool is_loading_ = false;
  std::unique_ptr<Engine> engine_;
  std::optional<generate::Session> session_;
  std::string condition_sha256_;
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
  add_precision_option(command, options->engine);
}

}  // namespace dnd::app
