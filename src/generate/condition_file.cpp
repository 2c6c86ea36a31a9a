#include "generate/condition_file.h"

#include <span>

namespace dnd::generate {
namespace fs = std::filesystem;
namespace {

constexpr const char* kTensor = "condition";

}  // namespace

FileKind condition_file() {
  return {"a condition", [](const fs::path& path) {
            const formats::SafetensorsFile file(path);
            return file.tensors().size() == 1 && file.find(kTensor) != nullptr;
          }};
}

void write_condition(const fs::path& path, const HostTensor& condition,
                     const formats::Metadata& metadata, OnExisting on_existing) {
  Staged staged(path, condition_file(), on_existing);
  formats::SafetensorsWriter writer(staged.path(), {{kTensor, Dtype::f32, condition.shape}},
                                    metadata);
  writer.write(std::as_bytes(std::span(condition.values)));
  writer.finish();
  staged.commit();
}

HostTensor read_condition(const fs::path& path, const bundle::ConditionConfig& condition) {
  const formats::SafetensorsFile file(path);
  const formats::Shape shape = {condition.prompts, condition.max_length, condition.width};
  return {shape, file.read_f32(kTensor, &shape)};
}

}  // namespace dnd::generate
