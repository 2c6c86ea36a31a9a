#include "target/gguf_base.h"

#include "base/strings.h"
#include "target/block_path.h"
#include "target/tensor_linears.h"

namespace dnd::target {
namespace {

// Norms, embeddings and the output head are no layers; what has no Hugging Face name keeps its own.
void add_linear(const formats::GgufWeight& weight, BaseModel& model) {
  constexpr std::string_view kEnding = ".weight";
  const std::string& name = weight.name;
  if (!name.ends_with(kEnding)) return;
  const std::string path = name.substr(0, name.size() - kEnding.size());
  const std::size_t dimensions = weight.stored->shape.size();
  if (!name.starts_with("model.layers.") || dimensions != 2) {
    model.others.push_back({path, dimensions == 1});
    return;
  }
  model.linears.push_back(checked_linear(path, weight.stored->shape, model.source));
}

}  // namespace

BaseModel read_gguf_base(const formats::ModelFolder& folder) {
  const formats::GgufModel& gguf = *folder.weights().gguf();
  BaseModel model;
  model.source = folder.path().string();
  model.architecture = folder.config().required_architecture();
  model.model_type = folder.config().model_type();
  model.heads = gguf.heads();
  model.tied_embeddings = folder.config().tied_embeddings();
  model.quantization = gguf.quantization();
  for (const formats::GgufWeight& weight : gguf.weights()) add_linear(weight, model);
  if (model.linears.empty()) {
    fail(ErrorKind::data, "base model: ", model.source, ": no linear layer among ",
         gguf.weights().size(), " tensors");
  }
  sort_in_model_order(model.linears);
  return model;
}

}  // namespace dnd::target
