// dnd verify: will an adapter load, and will it act?
#include "verify/verify.h"

#include <optional>

#include "adapter/files/read_lora.h"
#include "adapter/lora.h"
#include "adapter/peft_rule.h"
#include "base/log.h"
#include "base/strings.h"
#include "bundle/generator_config.h"
#include "bundle/weights_hash.h"
#include "context.h"
#include "generate/find_generator.h"
#include "source_options.h"
#include "target/base_model.h"
#include "verify_run.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

struct VerifyOptions {
  std::vector<fs::path> adapters;
  fs::path base;
  fs::path model;
  bool partial = false;
  RunOptions run;
};

// What the adapters are held against, opened once.
struct Reference {
  std::optional<target::BaseModel> base;
  std::optional<adapter::UpdateNorms> norms;
  adapter::BaseHints hints;
  std::string generator_sha256;  // of the weights of --model

  verify::Against against(bool partial) const {
    return {base ? &*base : nullptr, norms ? &*norms : nullptr, partial};
  }
};

Reference open_reference(const VerifyOptions& options) {
  Reference reference;
  if (!options.model.empty()) {
    const bundle::GeneratorConfig config =
        bundle::read_bundle(generate::find_generator(options.model));
    reference.base = verify::base_of_layout(config.layout);
    reference.norms = config.statistics;
    reference.hints = adapter::hints_of(config.layout);
    reference.generator_sha256 = bundle::weights_sha256(options.model, config);
    if (!reference.norms) {
      log_info(cat("generator '", printable(config.name),
                   "' records no training statistics: norms are not checked"));
    }
  }
  if (options.base.empty()) return reference;
  const std::optional<double> scale = reference.hints.scale;
  reference.base = target::read_base_model(options.base);
  reference.hints = adapter::hints_of(*reference.base);
  reference.hints.scale = scale;
  return reference;
}

Json verdict_json(const verify::RuntimeVerdict& runtime) {
  Json json = {{"runtime", runtime.runtime},
               {"verdict", verify::verdict_name(runtime.verdict)},
               {"why", runtime.why}};
  for (const verify::ReleaseVerdict& each : runtime.releases) {
    json["releases"].push_back({{"release", each.release},
                                {"verdict", verify::verdict_name(each.verdict)},
                                {"why", each.why}});
  }
  return json;
}

Json report_json(const fs::path& path, const verify::Report& report, const RunReport* run) {
  Json findings = Json::array();
  for (const verify::Finding& finding : report.findings) {
    findings.push_back(
        {{"severity", finding.severity == verify::Severity::error ? "error" : "warning"},
         {"check", finding.check},
         {"message", finding.message}});
  }
  Json runtimes = Json::array();
  for (const verify::RuntimeVerdict& runtime : report.runtimes) {
    runtimes.push_back(verdict_json(runtime));
  }
  Json json = {{"path", path.string()},
               {"ok", !report.has_errors()},
               {"findings", findings},
               {"runtimes", runtimes}};
  if (run != nullptr) json["run"] = run->json;
  return json;
}

void print_verdict(const std::string& runtime, verify::Verdict verdict, const std::string& why) {
  print_line(
      cat("  ", runtime, ": ", verify::verdict_name(verdict), why.empty() ? "" : " - ", why));
}

void print_report(const fs::path& path, const adapter::LoraAdapter& adapter,
                  const verify::Report& report, const RunReport* run) {
  print_line(cat(path.string(), ": ", report.has_errors() ? "FAILED" : "ok", " (",
                 adapter::format_name(adapter.format), ", ", adapter.pairs.size(), " modules)"));
  for (const verify::Finding& finding : report.findings) {
    const bool error = finding.severity == verify::Severity::error;
    print_line(cat("  ", error ? "error" : "warning", " [", finding.check, "] ", finding.message));
  }
  for (const verify::RuntimeVerdict& runtime : report.runtimes) {
    print_verdict(runtime.runtime, runtime.verdict, runtime.why);
    for (const verify::ReleaseVerdict& each : runtime.releases) {
      if (each.verdict == runtime.verdict) continue;
      print_verdict(each.release, each.verdict, each.why);
    }
  }
  if (run == nullptr) return;
  for (const std::string& line : run->lines) print_line(cat("  run: ", line));
}

// As PEFT would apply it.
RunReport run_what_acts(adapter::LoraAdapter adapter, const Reference& reference,
                        AdapterRun& runner) {
  try {
    if (reference.base) adapter::keep_what_acts(adapter, *reference.base, "run");
  } catch (const Error& error) {
    return {{{verify::Severity::error, "run", error.what()}}, Json(), {}};
  }
  return runner.run(adapter);
}

// What was made by a generator was perhaps not made by this one.
void check_generator(const adapter::LoraAdapter& adapter, const Reference& reference,
                     std::vector<verify::Finding>& findings) {
  const auto named = adapter.metadata.find("dnd.generator_sha256");
  if (reference.generator_sha256.empty() || named == adapter.metadata.end()) return;
  if (named->second == reference.generator_sha256) return;
  findings.push_back({verify::Severity::warning, "generator",
                      cat("made by weights of sha256 ", printable(named->second),
                          ", those of --model are ", reference.generator_sha256)});
}

// `runner`: nullptr where nothing is run.
void verify_one(const Context& context, const fs::path& path, const Reference& reference,
                bool partial, AdapterRun* runner, int& exit_code) {
  const adapter::LoraAdapter adapter = adapter::read_lora(
      path, reference.hints, adapter::ModuleNames::as_found, adapter::Besides::keep);
  verify::Report report = verify::verify(adapter, reference.against(partial));
  check_generator(adapter, reference, report.findings);
  std::optional<RunReport> run;
  if (runner != nullptr) {
    run = run_what_acts(adapter, reference, *runner);
    report.findings.insert(report.findings.end(), run->findings.begin(), run->findings.end());
  }
  if (context.json) {
    print_json(report_json(path, report, run ? &*run : nullptr));
  } else {
    print_report(path, adapter, report, run ? &*run : nullptr);
  }
  if (report.has_errors() && exit_code == 0) exit_code = static_cast<int>(ErrorKind::data);
}

void run_verify(Context& context, const VerifyOptions& options) {
  if (!options.run.logits_out.empty() && options.adapters.size() > 1) {
    fail(ErrorKind::usage, "verify: --logits-out takes one adapter, got ", options.adapters.size());
  }
  const Reference reference = open_reference(options);
  if (!reference.base) {
    log_info("no --base and no --model: names and shapes are not held against a base model");
  }
  std::optional<AdapterRun> runner;
  if (options.run.run) runner.emplace(options.base, options.run);
  for (const fs::path& path : options.adapters) {
    try {
      verify_one(context, path, reference, options.partial, runner ? &*runner : nullptr,
                 context.exit_code);
    } catch (const Error& error) {
      if (options.adapters.size() == 1) throw;
      log_error(error.what());
      if (context.exit_code == 0) context.exit_code = static_cast<int>(error.kind());
    }
  }
}

}  // namespace

void add_verify(CLI::App& program, Context& context) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App& command = add_command(
      program, context, "verify", "Will an adapter load, and will it act?",
      {{"dnd verify adapters/arc --base SmolLM2-135M-Instruct/", "names, shapes, layers, runtimes"},
       {"dnd verify arc.gguf --base base.gguf", ""},
       {"dnd verify adapters/arc --base SmolLM2-135M-Instruct/ --run",
        "does it change the logits?"},
       {"dnd verify adapters/* --model BUNDLE", "against the generator's layout and statistics"}},
      [&context, options] {
        options->base = base_place(options->base).path;
        run_verify(context, *options);
      });
  command.add_option("adapters", options->adapters, "Adapter folders and files")->required();
  command.add_option("-b,--base", options->base,
                     "Base model: folder, config.json, .safetensors, index.json or .gguf");
  command.add_option("-m,--model", options->model,
                     "Generator bundle: its layout stands for the base where none is given,\n"
                     "its training statistics for what norms are usual");
  command.add_flag("--partial", options->partial, "Accept that some layers are left out");
  add_run_options(command, options->run);
}

}  // namespace dnd::app
