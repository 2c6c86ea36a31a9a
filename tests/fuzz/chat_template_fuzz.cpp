// A chat template. Rendered: the text is UTF-8, within its bound; or it is refused in one short
// line. Its own process may end by its limits alone: the sanitizers' reports of anything else are found.
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "chat/template.h"
#include "fuzz/fuzz_support.h"

namespace dnd::fuzz {
namespace {

const std::filesystem::path& reports() {
  static const std::filesystem::path folder = [] {
    const std::filesystem::path made = scratch() / "reports";
    std::filesystem::create_directory(made);
    ::setenv("ASAN_OPTIONS", ("log_path=" + (made / "asan").string()).c_str(), 1);
    ::setenv("UBSAN_OPTIONS", ("log_path=" + (made / "ubsan").string()).c_str(), 1);
    return made;
  }();
  return folder;
}

// What a template may make its process die of.
bool is_a_limit(const std::string& report) {
  constexpr std::array<const char*, 5> kLimits = {"rss limit", "stack-overflow", "out-of-memory",
                                                  "allocation-size-too-big", "out of memory"};
  return std::any_of(kLimits.begin(), kLimits.end(),
                     [&](const char* limit) { return report.find(limit) != std::string::npos; });
}

void check_reports() {
  for (const auto& entry : std::filesystem::directory_iterator(reports())) {
    std::ifstream file(entry.path());
    const std::string report((std::istreambuf_iterator<char>(file)), {});
    std::filesystem::remove(entry.path());
    if (!is_a_limit(report)) std::fprintf(stderr, "%s\n", report.c_str());
    require(is_a_limit(report), "the renderer has no error of memory");
  }
}

chat::Limits limits() {
  chat::Limits limits;
  limits.time = std::chrono::milliseconds(1000);
  limits.text = 1U << 20U;
  return limits;
}

void check(const std::string& source) {
  const std::vector<chat::Message> messages = {{"system", "s"},
                                               {"user", " \xC3\xA9 \xE2\x80\x83"},
                                               {"assistant", "<think>a</think>b"},
                                               {"user", ""}};
  chat::RenderOptions options;
  options.now = 0;
  options.variables = {{"table", {{"a", 1}, {"b", {1, nullptr, true}}}}};
  const chat::Template chat_template(source, {{"bos_token", "<s>"}}, "fuzz", limits());
  const std::string text = chat_template.render(messages, options);
  require(is_valid_utf8(text), "a text is UTF-8");
  require(text.size() <= limits().text, "a text is within its bound");
  options.add_generation_prompt = true;
  chat_template.render(messages, options);
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  reports();
  const std::string source(as_text(data, size));
  if (!accepted([&] { check(source); })) check_reports();
  return 0;
}
