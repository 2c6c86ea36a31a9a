#include "formats/config_file.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::formats {
namespace {

ConfigFile config(const std::string& text) {
  const testing::TempDir dir;
  return ConfigFile(dir.file("config.json", text));
}

TEST(ConfigFile, WhatItDoesNotSayIsNotMadeUp) {
  const ConfigFile silent = config("{}");
  EXPECT_EQ(silent.name() + silent.model_type() + silent.quantization(), "");
  EXPECT_FALSE(silent.architecture() || silent.tied_embeddings() || silent.is_of_diffusers());
  EXPECT_DND_ERROR(silent.required_architecture(), ErrorKind::data, "architectures");
}

TEST(ConfigFile, OneClassOrNone) {
  EXPECT_EQ(config(R"({"architectures": ["X"], "_class_name": "Y"})").architecture(), "X");
  EXPECT_EQ(config(R"({"_class_name": "Y"})").architecture(), "Y");
  EXPECT_TRUE(config(R"({"_class_name": "Y"})").is_of_diffusers());
  for (const char* several : {"[]", "[\"X\", \"Y\"]", "[1]"}) {
    const ConfigFile file = config(std::string(R"({"architectures": )") + several + "}");
    EXPECT_FALSE(file.architecture()) << several;
    EXPECT_DND_ERROR(file.required_architecture(), ErrorKind::data, "exactly one class");
  }
}

TEST(ConfigFile, TheLanguageModelsPart) {
  const ConfigFile nested = config(R"({"text_config": {"hidden_size": 3}})");
  EXPECT_EQ(nested.language().integer("hidden_size", 1, 9), 3);
  const ConfigFile both = config(R"({"hidden_size": 4, "text_config": {"hidden_size": 3}})");
  EXPECT_EQ(both.language().integer("hidden_size", 1, 9), 4);
}

TEST(ConfigFile, TiedEmbeddings) {
  EXPECT_EQ(config(R"({"tie_word_embeddings": false})").tied_embeddings(), false);
  EXPECT_EQ(config(R"({"text_config": {"tie_word_embeddings": true}})").tied_embeddings(), true);
  EXPECT_EQ(config(R"({"tie_word_embeddings": false,
                       "text_config": {"tie_word_embeddings": true}})")
                .tied_embeddings(),
            false);
  EXPECT_DND_ERROR(config(R"({"tie_word_embeddings": 1})").tied_embeddings(), ErrorKind::data,
                   "tie_word_embeddings");
}

TEST(ConfigFile, QuantizationWhereverItStands) {
  for (const char* key : {"quantization_config", "compression_config"}) {
    const std::string part = std::string("{\"") + key + R"(": {"quant_method": "gptq"}})";
    EXPECT_EQ(config(part).quantization(), "gptq") << key;
    EXPECT_EQ(config("{\"text_config\": " + part + "}").quantization(), "gptq") << key;
    EXPECT_EQ(config(std::string("{\"") + key + "\": {}}").quantization(), kUnknownQuantization);
  }
}

TEST(ConfigFile, WhatIsNoConfig) {
  EXPECT_DND_ERROR(config("[]"), ErrorKind::data, "config.json");
  EXPECT_DND_ERROR(config("{"), ErrorKind::data, "config.json");
  EXPECT_DND_ERROR(ConfigFile("/none/config.json"), ErrorKind::no_input, "/none/config.json");
}

}  // namespace
}  // namespace dnd::formats
