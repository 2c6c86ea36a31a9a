// Text of a configuration of `dnd train` beside a layout ("l") and a bundle ("b") it may name.
// Accepted: the generator can be written and read again, numbers can be worked with.
#include <cmath>

#include "fuzz/fuzz_support.h"
#include "tasks/train_config.h"

namespace dnd::fuzz {
namespace {

constexpr std::string_view kLayout =
    R"({"format": "dnd-layout", "version": 1, "base_model": "example/tiny", "rank": 4, "alpha": 8,
        "architecture": "Qwen2ForCausalLM", "token_shape": [6, 14], "blocks": [{"prefix": "x.{i}",
        "count": 2, "modules": [{"name": "q", "in": 24, "out": 12, "chunks_a": 2, "chunks_b": 1}]}]})";

// A layout and a bundle (without its weights), once for all inputs.
const std::filesystem::path& folder() {
  static const std::filesystem::path made = [] {
    scratch().file("l", kLayout);
    std::filesystem::create_directories(scratch() / "b");
    scratch().file("b/generator.json",
                   cat(R"({"format": "dnd-generator", "version": 1, "name": "tiny", "decoder":
                       {"features": [[2, 6, 8], [6, 6, 14]], "kernel": 3, "dtype": "F32", "sha256": ""},
                       "condition": {"encoder": "e", "kind": "transformer", "prompts": 2, "width": 8,
                       "max_length": 6, "empty_chunk": "zero"}, "layout": )",
                       kLayout, "}"));
    return scratch().path();
  }();
  return made;
}

void check_config(const tasks::TrainConfig& config) {
  const Json written = bundle::generator_to_json(config.generator);
  const Json read = parse_json(json_pretty(written), "written");
  require(bundle::generator_to_json(bundle::generator_from_json(read, "x")) == written,
          "the generator survives writing");
  require(!json_line(tasks::train_identity(config)).empty(), "the identity can be written");
  require(config.micro_batch >= 1 && config.micro_batch <= config.batch,
          "a part of a batch is worked on at once");
  for (const double value :
       {config.learning_rate, config.weight_decay, config.epsilon, config.max_gradient_norm,
        config.condition_noise, config.target_noise}) {
    require(std::isfinite(value) && value >= 0.0, "numbers are finite and not negative");
  }
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  const auto path = folder() / "train.json";
  scratch().file("train.json", as_text(data, size));
  accepted([&] { check_config(dnd::tasks::read_train_config(path)); }, Refusal::data_or_no_input);
  return 0;
}
