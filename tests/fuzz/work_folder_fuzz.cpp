// A choice of file, then its bytes: what calls leave for later ones, read as a stranger's. Accepted: states
// have steps of their training, metrics none after them, conditions are whole whatever was begun, hashes are
// hashes, answers of teachers are tokens.
#include <array>
#include <cstdlib>

#include "base/file.h"
#include "base/json.h"
#include "base/remembered_hashes.h"
#include "base/sha256.h"
#include "fuzz/fuzz_support.h"
#include "tasks/metrics_file.h"
#include "tasks/prompt_conditions.h"
#include "tasks/training_state.h"
#include "tasks/work_folder.h"
#include "tuning/teacher_cache.h"

namespace dnd::fuzz {
namespace {

constexpr std::int64_t kSteps = 100;
constexpr std::int64_t kDone = 50;
constexpr std::int64_t kVocabulary = 32;
constexpr std::uint64_t kMaxBytes = 1U << 20U;

const std::vector<std::string> kTexts = {"one", "two", "three"};
const tasks::ConditionsPlan kPlan{"key", 3, 2, 2};

std::filesystem::path written(const char* name, std::string_view content) {
  return scratch().file(name, content);
}

void check_state(std::string_view content) {
  const auto path = written(tasks::kStateName, content);
  try {
    const std::int64_t steps = tasks::steps_of_state(path, kSteps, R"({"seed":"1"})");
    require(steps >= 1 && steps <= kSteps, "a state has steps of its training");
  } catch (const Error& error) {  // what differs between trainings is a line each
    require(error.kind() == ErrorKind::data, "a reader refuses content with Error(data)");
  }
}

void check_metrics(std::string_view content) {
  const auto path = written(tasks::kMetricsName, content);
  const bool read = accepted([&] {
    tasks::MetricsFile metrics(path, kDone);
    metrics.has(kDone, "task");
    metrics.add({{"step", kDone + 1}});
  });
  if (!read) return;
  const std::string text = read_text_file(path, kMaxBytes);
  for (const std::string_view line :
       split(std::string_view(text).substr(0, text.size() - 1), '\n')) {
    require(parse_json(line, "metrics")["step"].get<std::int64_t>() <= kDone + 1,
            "metrics of later steps are gone");
  }
}

void check_conditions(std::string_view content) {
  const auto path = written(tasks::kConditionsName, content);
  accepted([&] {
    if (!tasks::has_conditions(path, kPlan)) return;
    require(tasks::PromptConditions(path, kPlan).values().size() == 12, "conditions are whole");
  });
}

std::vector<float> encode(const std::vector<std::string>& texts) {
  return std::vector<float>(texts.size() * 4, 1.0F);
}

void check_part(std::string_view content) {
  const std::filesystem::path path = scratch() / "begun.safetensors";
  std::filesystem::remove(path);
  const auto part = written("begun.safetensors.part", content);
  try {
    require(tasks::write_conditions(path, kPlan, kTexts, encode, [](double) { return true; }),
            "what is not stopped is finished");
  } catch (const Error& error) {
    check_message(error.what());
    require(error.kind() == ErrorKind::cannot_create, "only somebody else's file is refused");
    require(read_text_file(part, kMaxBytes) == content, "somebody else's file stays");
    return;
  }
  require(tasks::PromptConditions(path, kPlan).values().size() == 12, "conditions are whole");
}

void check_hashes(std::string_view content) {
  static const std::filesystem::path file = written("hashed", "abc");
  ::setenv("XDG_CACHE_HOME", scratch().path().c_str(), 1);
  std::filesystem::create_directories(hash_cache_file().parent_path());
  written("dnd/file-hashes.txt", content);
  std::filesystem::permissions(hash_cache_file(), std::filesystem::perms(0600));
  require(remembered_sha256(file) == sha256_hex("abc"), "a hash is the file's");
}

void check_answers(std::string_view content) {
  const auto path = written("teacher.jsonl", content);
  accepted([&] {
    tuning::TeacherCache cache(path, {{"key", 1}}, kVocabulary, true);
    for (const auto& answer : cache.answers()) {
      require(!answer.ids.empty() && answer.tokens.size() == answer.ids.size(),
              "answers are whole");
      for (const std::int32_t id : answer.ids)
        require(id >= 0 && id < kVocabulary, "ids are tokens");
    }
  });
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  std::string_view input = as_text(data, size);
  constexpr std::array kChecks = {check_state, check_metrics, check_conditions,
                                  check_part,  check_hashes,  check_answers};
  kChecks.at(take_choice(input, kChecks.size()))(input);
  return 0;
}
