// dnd generate: prompts -> adapters.
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapter/files/artefact.h"
#include "adapter/files/format_table.h"
#include "adapter/modelfile.h"
#include "base/log.h"
#include "base/strings.h"
#include "context.h"
#include "engine_loader.h"
#include "generate/check_base.h"
#include "generate/run_jobs.h"
#include "generate_estimate.h"
#include "generate_options.h"
#include "generate_plan.h"
#include "progress.h"
#include "source_options.h"
#include "target/base_model.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

Json seconds_json(const generate::Seconds& s) {
  const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };
  return {{"load", rounded(s.load)},
          {"encode", rounded(s.encode)},
          {"decode", rounded(s.decode)},
          {"detokenize", rounded(s.detokenize)},
          {"write", rounded(s.write)},
          {"total", rounded(s.load + s.encode + s.decode + s.detokenize + s.write)}};
}

// Modelfiles of a call; none without --modelfile.
class Modelfiles {
 public:
  // Throws Error(usage) where nothing names the base.
  Modelfiles(const GenerateOptions& options, const formats::ModelPlace& base,
             const adapter::AdapterLayout& layout)
      : wanted_(options.modelfile), force_(options.force), made_for_(layout.base_model) {
    if (!wanted_) return;
    base_ = base.path.empty() ? layout.base_model : adapter::modelfile_base(base.path);
    if (base_.empty()) {
      fail(ErrorKind::usage, "generate: --modelfile needs --base: the generator does not name one");
    }
    if (base.path.empty()) {
      log_warning(
          cat("the Modelfile will say FROM ", base_,
              ", which Ollama does not know by that name: --base FILE.gguf names a file, or "
              "put its own name there"));
    }
  }

  // Before anything is computed.
  void check(const std::vector<generate::Job>& jobs,
             const std::vector<adapter::AdapterFormat>& formats) const {
    if (!wanted_) return;
    std::set<fs::path> adapters;
    for (const generate::Job& job : jobs) {
      for (const adapter::Artefact& artefact : adapter::artefacts_of(job.path, formats)) {
        adapters.insert(artefact.path.lexically_normal());
      }
    }
    for (const generate::Job& job : jobs) {
      for (const adapter::Artefact& artefact : adapter::artefacts_of(job.path, formats)) {
        if (artefact.format != adapter::AdapterFormat::gguf) continue;
        const fs::path place = adapter::modelfile_place(artefact.path);
        if (adapters.contains(place.lexically_normal())) {
          fail(ErrorKind::data, place.string(),
               ": an adapter and a Modelfile of this call would go there (a task named like "
               "another's file)");
        }
        adapter::check_modelfile(place, text_of(artefact.path), force_);
      }
    }
  }

  // Beside a GGUF that is there; its place, empty where none is wanted.
  fs::path write(const adapter::Artefact& artefact) const {
    if (!wanted_ || artefact.format != adapter::AdapterFormat::gguf) return {};
    fs::path place = adapter::modelfile_place(artefact.path);
    adapter::write_modelfile(place, text_of(artefact.path), force_);
    return place;
  }

 private:
  std::string text_of(const fs::path& gguf) const {
    return adapter::modelfile_text(base_, gguf, made_for_);
  }

  bool wanted_;
  bool force_;
  std::string made_for_;
  std::string base_;
};

// What the user sees of a run.
class Reporter : public generate::RunObserver {
 public:
  Reporter(Context& context, const GenerateOptions& options, const std::vector<generate::Job>& jobs,
           const Modelfiles& modelfiles, Json prompts_read)
      : context_(context),
        options_(options),
        jobs_(jobs),
        modelfiles_(modelfiles),
        prompts_read_(std::move(prompts_read)),
        progress_(context.quiet) {}

  void on_load() override { progress_.stage("load"); }
  void on_encode(std::size_t job) override { progress_.stage(label_of(job, job) + "encode"); }
  void on_decode(std::size_t first, std::size_t last) override {
    progress_.stage(label_of(first, last) + "decode");
  }
  void on_layer(std::size_t done, std::size_t total) override {
    progress_.update(static_cast<double>(done) / static_cast<double>(total));
  }

  void on_failure(const fs::path& place, const Error& error, std::size_t adapters) override {
    progress_.clear();
    const std::string prefix = place.string() + ": ";
    const std::string_view what = error.what();
    log_error(cat(what.starts_with(prefix) ? "" : prefix, what));
    if (failed_ == 0) context_.exit_code = static_cast<int>(error.kind());
    failed_ += adapters;
  }

  void on_made(std::size_t job, const generate::Made& made) override {
    progress_.clear();
    for (const verify::Finding& finding : made.findings) {
      log_warning(cat(jobs_[job].path.string(), ": [", finding.check, "] ", finding.message));
    }
    for (const generate::Written& written : made.written) print(jobs_[job], made, written);
  }

  // How many of all adapters failed, once the run is over.
  void conclude(std::size_t adapters) const {
    if (failed_ > 0) log_error(cat(failed_, " of ", adapters, " adapters failed"));
  }

 private:
  void print(const generate::Job& job, const generate::Made& made,
             const generate::Written& written) const {
    const fs::path modelfile = modelfiles_.write(written.artefact);
    if (!modelfile.empty())
      log_info(cat("for Ollama up to 0.33: ollama create NAME -f ", modelfile.string()));
    if (!context_.json) return print_line(written.artefact.path.string());
    const adapter::Provenance& provenance = made.provenance;
    Json json = {{"path", written.artefact.path.string()},
                 {"format", adapter::format_name(written.artefact.format)},
                 {"task", job.task == nullptr ? "" : job.task->name},
                 {"prompts_used", provenance.prompts_used},
                 {"prompts_distinct", provenance.prompts_distinct},
                 {"seconds", seconds_json(made.seconds)},
                 {"bytes", written.file.bytes},
                 {"sha256", written.file.sha256},
                 {"precision", provenance.precision},
                 {"device", provenance.device}};
    if (!prompts_read_.empty()) json["prompts_read"] = prompts_read_;
    if (!modelfile.empty()) json["modelfile"] = modelfile.string();
    if (options_.variants > 0) json["variant"] = job.variant;
    if (provenance.untrained) json["untrained"] = true;
    for (const verify::Finding& finding : made.findings)
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
  const GenerateOptions& options_;
  const std::vector<generate::Job>& jobs_;
  const Modelfiles& modelfiles_;
  Json prompts_read_;
  Progress progress_;
  std::size_t failed_ = 0;
};

// The prompts of a call; of one task, --task, where that is given.
text::PromptSet load_named_prompts(const GenerateOptions& options) {
  if (!options.condition.empty()) return {};
  text::PromptSet set = load_prompts(options.source);
  if (options.task.empty()) return set;
  text::check_task_name(options.task);
  text::PromptSet whole;
  whole.sources = std::move(set.sources);
  whole.tasks.push_back({options.task, {}});
  for (text::PromptTask& task : set.tasks) {
    auto& all = whole.tasks[0].prompts;
    all.insert(all.end(), task.prompts.begin(), task.prompts.end());
  }
  return whole;
}

generate::RunOptions run_options(const GenerateOptions& options,
                                 const generate::Generator& generator) {
  generate::RunOptions run;
  if (options.condition.empty()) {
    run.encoder = generate::find_encoder(generator, options.source.encoder);
    run.encoder_name = options.source.encoder.empty()
                           ? generator.config.condition.encoder
                           : fs::path(options.source.encoder).lexically_normal().stem().string();
  }
  run.condition = options.condition;
  run.choice = options.source.choice(0);
  run.precision = options.engine.precision;
  run.at_once = batch_size(generator.config, options);
  return run;
}

// What --base names, once it is the generator's, whose layout learns from it what it does not say.
std::optional<target::BaseModel> checked_base(const formats::ModelPlace& place,
                                              generate::Generator& generator) {
  if (place.path.empty()) return std::nullopt;
  target::BaseModel base = target::read_base_model(place.path);
  generate::check_base(generator.config, base, place.hub_name);
  generate::complete_layout(generator.config.layout, base);
  return base;
}

void run_generate(Context& context, const GenerateOptions& options) {
  generate::OutputOptions output{chosen_formats(options), options.adapter_dtype, options.force,
                                 options.resume};
  const text::PromptSet set = load_named_prompts(options);
  const std::vector<generate::Job> jobs = plan_jobs(options, set);
  generate::Generator generator = generate::open_generator(options.source.model);
  const formats::ModelPlace base = base_place(options.base);
  const std::optional<target::BaseModel> base_model = checked_base(base, generator);
  if (base_model) output.base = &*base_model;
  const Modelfiles modelfiles(options, base, generator.config.layout);
  const generate::JobOutputs outputs(generator.config, output);
  const generate::RunOptions run = run_options(options, generator);
  const Json prompts_read = text::sources_json(set.sources);
  std::vector<fs::path> inputs = options.source.prompts;
  inputs.insert(inputs.end(), {generator.folder, run.encoder, options.condition, base.path});
  outputs.check(jobs, inputs);
  modelfiles.check(jobs, output.formats);
  if (options.dry_run) {
    generate::check_jobs(jobs, generator, outputs, run);
    return print_estimate(context, generator, options,
                          {.adapters = jobs.size(), .prompts_read = prompts_read});
  }
  Reporter reporter(context, options, jobs, modelfiles, prompts_read);
  generate::run_jobs(
      jobs, generator, outputs, run, [&] { return open_engine(options.engine); }, reporter);
  reporter.conclude(jobs.size() * outputs.formats());
  if (jobs.empty()) log_info("nothing to do in this shard");
}

}  // namespace

void add_generate(CLI::App& program, Context& context) {
  const auto options = std::make_shared<GenerateOptions>();
  CLI::App& command = add_command(
      program, context, "generate", "Prompts in, one LoRA adapter per task out",
      {{"dnd generate --prompts questions.jsonl", "one adapter in adapters/questions"},
       {"dnd generate -m BUNDLE -p all.jsonl -o out --json", "records with a \"task\" field"},
       {"printf 'What is 2+3?\\n' | dnd generate -p - -o out", "from a pipe"},
       {"dnd generate -m BUNDLE -p p.jsonl -o out --format peft,gguf", "out and out.gguf"},
       {"dnd generate -m BUNDLE -p p.jsonl --format gguf --modelfile --base base.gguf",
        "for Ollama"},
       {"dnd generate -m BUNDLE -p p.jsonl -o out --variants 10 --resume", "ten draws of prompts"}},
      [&context, options] {
        check_combination(*options);
        run_generate(context, *options);
      });
  add_source_options(command, options->source);
  add_output_options(command, *options);
  add_engine_options(command, options->engine);
  add_precision_option(command, options->engine);
}

}  // namespace dnd::app
