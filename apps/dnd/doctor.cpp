// dnd doctor: what this machine and build can do.
#include <sched.h>
#include <unistd.h>

#include "base/build_id.h"
#include "base/environment.h"
#include "base/installation.h"
#include "base/paths.h"
#include "base/remembered_hashes.h"
#include "base/strings.h"
#include "base/version.h"
#include "bundle/write_bundle.h"
#include "context.h"
#include "engine_loader.h"
#include "generate/generator.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

// The first CUDA device, and each of its kernels against the CPU.
Json cuda_report(Engine& engine) {
  try {
    const CudaReport report = engine.examine_cuda(0);
    Json checks = Json::array();
    for (const CudaReport::Check& check : report.checks) {
      checks.push_back({{"name", check.name},
                        {"error", check.error},
                        {"bound", check.bound},
                        {"passed", check.passed}});
    }
    return {
        {"ok", report.passed()},         {"name", report.name},       {"compute", report.compute},
        {"driver", report.driver},       {"runtime", report.runtime}, {"cublas", report.cublas},
        {"memory", report.memory_bytes}, {"free", report.free_bytes}, {"checks", checks}};
  } catch (const Error& error) {
    return {{"ok", false}, {"error", error.what()}};
  }
}

Json engine_report() {
  Json report = {{"library", engine_library_path().string()}};
  try {
    const auto engine = open_engine({});
    const EngineInfo info = engine->info();
    report["ok"] = true;
    report["libtorch"] = info.libtorch;
    report["device"] = info.device;
    report["cuda"] = cuda_report(*engine);
    report["cpu_capability"] = info.cpu_capability;
    report["threads"] = info.threads;
  } catch (const Error& error) {
    report["ok"] = false;
    report["error"] = error.what();
  }
  return report;
}

Json encoder_report() {
  Json found = Json::array();
  std::vector<fs::path> folders = {data_folder() / "encoders"};
  if (const std::string folder = environment("DND_ENCODERS"); !folder.empty()) {
    folders.insert(folders.begin(), folder);
  }
  for (const fs::path& folder : folders) {
    if (!is_folder(folder)) continue;
    for (const fs::path& entry : list_folder(folder)) {
      if (path_exists(entry / "config.json")) found.push_back(entry.string());
    }
  }
  return found;
}

Json generator_report() {
  try {
    const generate::Generator generator = generate::open_generator("");
    return {{"ok", true},
            {"path", generator.folder.string()},
            {"name", generator.config.name},
            {"untrained", generator.config.untrained}};
  } catch (const Error& error) {
    return {{"ok", false}, {"error", error.what()}};
  }
}

std::uint64_t memory_bytes() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

template <typename Line>
void print_cuda(const Json& cuda, Line line) {
  if (cuda.contains("error")) {
    line("cuda", "no: " + cuda["error"].get<std::string>());
    return;
  }
  const auto text = [&](const char* key) { return cuda[key].get<std::string>(); };
  line("cuda", cat(text("name"), ", compute ", text("compute"), ", driver for CUDA ",
                   text("driver"), ", runtime ", text("runtime"), ", cuBLAS ", text("cublas"), ", ",
                   human_bytes(cuda["free"].get<std::uint64_t>()), " of ",
                   human_bytes(cuda["memory"].get<std::uint64_t>()), " free"));
  for (const Json& check : cuda["checks"]) {
    line("cuda check", cat(check["passed"].get<bool>() ? "passed  " : "FAILED  ",
                           check["name"].get<std::string>(), ": error ", check["error"].dump(),
                           ", bound ", check["bound"].dump()));
  }
}

void print_report(const Json& report) {
  const auto line = [](const char* what, const std::string& text) {
    print_line(cat(what, std::string(14 - std::string_view(what).size(), ' '), text));
  };
  line("version",
       cat(report["version"].get<std::string>(), ", build ", report["build"].get<std::string>()));
  line("memory", human_bytes(report["memory_bytes"].get<std::uint64_t>()));
  const Json& engine = report["engine"];
  if (engine["ok"].get<bool>()) {
    line("engine", cat("LibTorch ", engine["libtorch"].get<std::string>(), ", ",
                       engine["cpu_capability"].get<std::string>(), ", ",
                       engine["threads"].get<int>(), " threads"));
    print_cuda(engine["cuda"], line);
  } else {
    line("engine", "NOT USABLE: " + engine["error"].get<std::string>());
  }
  for (const Json& encoder : report["encoders"]) line("encoder", encoder.get<std::string>());
  if (report["encoders"].empty()) line("encoder", "none found (see dnd generate --encoder)");
  const Json& generator = report["generator"];
  line("generator", generator["ok"].get<bool>()
                        ? cat(generator["path"].get<std::string>(),
                              generator["untrained"].get<bool>() ? " (untrained)" : "")
                        : "none: " + generator["error"].get<std::string>());
  const auto hashes = report["hashes"].get<std::string>();
  line("hashes", hashes.empty() ? "not remembered: neither XDG_CACHE_HOME nor HOME is set"
                                : hashes + " (of files; may be deleted)");
  for (const Json& preset : report["presets"]) line("preset", preset.get<std::string>());
}

void run_doctor(Context& context) {
  const Json report = {{"version", version()},
                       {"build", build_id()},
                       {"program", executable_path().string()},
                       {"memory_bytes", memory_bytes()},
                       {"engine", engine_report()},
                       {"encoders", encoder_report()},
                       {"generator", generator_report()},
                       {"hashes", hash_cache_file().string()},
                       {"presets", bundle::preset_names(data_folder() / "presets")}};
  if (context.json) {
    print_json(report);
  } else {
    print_report(report);
  }
  if (!report["engine"]["ok"].get<bool>()) {
    context.exit_code = static_cast<int>(ErrorKind::unavailable);
  }
}

}  // namespace

void add_doctor(CLI::App& program, Context& context) {
  add_command(program, context, "doctor", "What this machine and build can do",
              {{"dnd doctor", ""}, {"dnd doctor --json", "for scripts"}},
              [&context] { run_doctor(context); });
}

}  // namespace dnd::app
