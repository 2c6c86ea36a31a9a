#include "tasks/prompt_conditions.h"

#include <algorithm>
#include <cstddef>

#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"

namespace dnd::tasks {
namespace fs = std::filesystem;
namespace {

constexpr const char* kTensor = "conditions";
constexpr const char* kKey = "dnd.key";
constexpr const char* kRemedy = " (damaged? delete the file: it is made anew)";
constexpr std::size_t kPiece = 32;  // prompts encoded at once

formats::SafetensorsFile read_file(const fs::path& path) {
  try {
    return formats::SafetensorsFile(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    fail(ErrorKind::data, "conditions: ", error.what(), kRemedy);
  }
}

bool has_key(const formats::SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(kKey);
  return found != file.metadata().end() && found->second == key;
}

const formats::TensorView& checked(const formats::SafetensorsFile& file,
                                   const ConditionsPlan& plan) {
  const std::string who = "conditions: " + file.path().string();
  if (!has_key(file, plan.key)) {
    fail(ErrorKind::data, who, ": were made of other prompts or by another encoder",
         " (do all processes see the same folder?)");
  }
  if (file.tensors().size() != 1 || file.tensors().front().name != kTensor) {
    const std::string found =
        file.tensors().empty() ? "" : cat(", '", printable(file.tensors().front().name), "' first");
    fail(ErrorKind::data, who, ": holds ", file.tensors().size(), " tensors", found, ", expected '",
         kTensor, "' alone", kRemedy);
  }
  const formats::TensorView& view = file.tensors().front();
  if (view.dtype != Dtype::f32 || view.shape != plan.shape()) {
    fail(ErrorKind::data, who, ": tensor '", kTensor, "': ", dtype_name(view.dtype), " ",
         shape_text(view.shape), ", expected F32 ", shape_text(plan.shape()), kRemedy);
  }
  // The writer pads the header to 8 bytes; else the file is another's.
  if (reinterpret_cast<std::uintptr_t>(view.bytes.data()) % alignof(float) != 0) {
    fail(ErrorKind::data, who, ": tensor '", kTensor, "' is not aligned", kRemedy);
  }
  return view;
}

void check_finite(std::span<const float> values, const std::vector<std::string>& texts) {
  const auto bad = first_not_finite(Dtype::f32, values);
  if (!bad) return;
  fail(ErrorKind::data, "conditions: prompt '",
       printable(texts[*bad * texts.size() / values.size()]), "' encodes to ", values[*bad],
       " (is the encoder damaged?)");
}

// Replaced without being asked where the prompts or the encoder changed; nothing else of that name is.
FileKind conditions_file() {
  return {"the conditions of a training",
          [](const fs::path& path) { return read_file(path).metadata().contains(kKey); }};
}

}  // namespace

void write_conditions(const fs::path& path, const ConditionsPlan& plan,
                      const std::vector<std::string>& texts, const EncodeTexts& encode,
                      const std::function<void(double)>& progress) {
  Staged staged(path, conditions_file(), OnExisting::replace);
  formats::SafetensorsWriter writer(staged.path(), {{kTensor, Dtype::f32, plan.shape()}},
                                    {{kKey, plan.key}});
  for (std::size_t begin = 0; begin < texts.size(); begin += kPiece) {
    const std::size_t end = std::min(texts.size(), begin + kPiece);
    const std::vector<std::string> piece(texts.begin() + static_cast<std::ptrdiff_t>(begin),
                                         texts.begin() + static_cast<std::ptrdiff_t>(end));
    const std::vector<float> values = encode(piece);
    check_finite(values, piece);
    writer.write(std::as_bytes(std::span(values)));
    progress(static_cast<double>(end) / static_cast<double>(texts.size()));
  }
  writer.finish();
  staged.commit();
}

bool has_conditions(const fs::path& path, const ConditionsPlan& plan) {
  return path_exists(path) && has_key(read_file(path), plan.key);
}

PromptConditions::PromptConditions(const fs::path& path, const ConditionsPlan& plan)
    : file_(read_file(path)) {
  const std::span<const std::byte> bytes = checked(file_, plan).bytes;
  values_ = {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

}  // namespace dnd::tasks
