// A generator so small that a test makes it.
#pragma once

#include <filesystem>

#include "bundle/write_bundle.h"
#include "generate/generator.h"
#include "support/golden.h"
#include "support/temp_dir.h"

namespace dnd::testing {

// Takes 2 prompts with 4 tokens of width 2; its encoder's vocabulary: "a" is id 4, "b" 5, "c" 6, "d" 7.
class NanoGenerator {
 public:
  NanoGenerator() {
    std::filesystem::create_directory(encoder());
    dir_.file("encoder/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\nd\n");
    dir_.file("encoder/tokenizer_config.json", "{}");
    bundle::GeneratorConfig config;
    config.layout = adapter::read_layout_file(data_path("decoder/layout.json"));
    config.name = "nano";
    config.kernel = 3;
    config.features = {
        {2, 4, 2},
        {config.layout.token_count(), config.layout.token_rows, config.layout.token_columns}};
    config.condition.encoder = "encoder";
    config.condition.prompts = 2;
    config.condition.max_length = 4;
    config.condition.width = 2;
    generator_.folder = dir_ / "nano";
    generator_.config =
        bundle::create_untrained(config, 0, generator_.folder, OnExisting::refuse, {});
  }

  const generate::Generator& generator() const { return generator_; }
  std::filesystem::path encoder() const { return dir_ / "encoder"; }

 private:
  TempDir dir_;
  generate::Generator generator_;
};

}  // namespace dnd::testing
