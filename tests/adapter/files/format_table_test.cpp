#include "adapter/files/format_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "adapter/files/artefact.h"
#include "adapter/files/read_lora.h"
#include "support/expect_error.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::adapter {
namespace {

namespace fs = std::filesystem;
using testing::product;
using testing::short_adapter;
using testing::TempDir;

WriteOptions options_of(const std::string& dtype) {
  WriteOptions options;
  options.dtype = dtype;
  options.architecture = "Qwen2ForCausalLM";
  options.on_existing = OnExisting::replace;
  return options;
}

// What the reader of a format without dots is told of the base.
BaseHints names_of(const LoraAdapter& adapter) {
  BaseHints hints;
  for (const LoraPair& pair : adapter.pairs) hints.modules.push_back(pair.module);
  return hints;
}

// What each row's writer makes, at the row's place.
class FormatTable : public ::testing::Test {
 protected:
  Artefact write(const FileFormat& row, const LoraAdapter& adapter,
                 const std::string& dtype = "f32") const {
    const fs::path folder = dir_ / row.name;
    fs::create_directories(folder);
    const Artefact artefact = artefacts_of(folder / "a.safetensors", {row.format}).at(0);
    write_artefact(artefact, adapter, options_of(dtype));
    return artefact;
  }

  TempDir dir_;
};

TEST_F(FormatTable, EveryFormatHasOneRowWhoseNameParsesBack) {
  std::set<AdapterFormat> formats;
  for (const FileFormat& row : file_formats()) {
    EXPECT_TRUE(formats.insert(row.format).second) << row.name;
    EXPECT_EQ(&file_format(row.format), &row);
    EXPECT_EQ(format_name(row.format), row.name);
    EXPECT_EQ(parse_format(std::string(row.name)), row.format);
    EXPECT_TRUE(row.as_folder || row.as_file) << row.name;
  }
  EXPECT_EQ(format_names(), (std::vector<std::string>{"peft", "gguf", "mlx", "diffusers", "kohya",
                                                      "diffusion_model"}));
  EXPECT_EQ(generated_format_names(), (std::vector<std::string>{"peft", "gguf", "mlx"}));
  EXPECT_DND_ERROR(parse_format("PEFT\n"), ErrorKind::usage, "unknown adapter format 'PEFT\\x0a'");
}

TEST_F(FormatTable, WhatIsWrittenIsReadBack) {
  const LoraAdapter adapter = short_adapter({2, 2}, {2.0, 2.0});
  for (const FileFormat& row : file_formats()) {
    const LoraAdapter back = read_lora(write(row, adapter).path, names_of(adapter));
    EXPECT_EQ(back.format, row.format);
    ASSERT_EQ(back.pairs.size(), adapter.pairs.size()) << row.name;
    for (const LoraPair& pair : adapter.pairs) {
      const LoraPair* found = back.find(pair.module);
      ASSERT_NE(found, nullptr) << row.name << " " << pair.module;
      EXPECT_EQ(product(*found), product(pair)) << row.name;
    }
  }
}

TEST_F(FormatTable, WhatIsWrittenIsReplacedByItsOwnKindAlone) {
  for (const FileFormat& row : file_formats()) {
    const Artefact artefact = write(row, short_adapter({2}, {1.0}));
    for (const FileFormat& other : file_formats()) {
      const Artefact as_other{other.format, artefact.path};
      if (other.format == row.format) {
        EXPECT_NO_THROW(check_replaceable(as_other)) << row.name;
      } else {
        EXPECT_DND_ERROR(check_replaceable(as_other), ErrorKind::cannot_create,
                         "will not be replaced");
      }
    }
  }
}

TEST_F(FormatTable, WhatIsWrittenIsFoundByItsOwnRowAlone) {
  for (const FileFormat& row : file_formats()) {
    const fs::path path = write(row, short_adapter({2}, {1.0})).path;
    const bool is_folder = fs::is_directory(path);
    for (const FileFormat& other : file_formats()) {
      const bool found = is_folder ? other.as_folder && other.as_folder->is_one(path)
                                   : other.as_file && other.as_file->is_one(path);
      EXPECT_EQ(found, other.format == row.format) << row.name << " as " << other.name;
    }
  }
}

TEST_F(FormatTable, NamesAreFlatWhereTheRowSaysSo) {
  const LoraAdapter adapter = short_adapter({2}, {1.0});
  for (const FileFormat& row : file_formats()) {
    const fs::path path = write(row, adapter).path;
    EXPECT_EQ(read_lora(path, {}, ModuleNames::as_found).flat_names, row.flat_names) << row.name;
    EXPECT_FALSE(read_lora(path, names_of(adapter)).flat_names) << row.name;
  }
}

TEST_F(FormatTable, WritersBringPairsToWhatTheRowSays) {
  const LoraAdapter adapter = short_adapter({1, 3, 2}, {0.3, 0.6, 0.3});
  for (const FileFormat& row : file_formats()) {
    const LoraAdapter back = read_lora(write(row, adapter).path, names_of(adapter));
    if (row.uniform == nullptr) continue;
    const Uniform uniform = row.uniform(adapter);
    EXPECT_TRUE(uniform.folds) << row.name;
    for (const LoraPair& pair : back.pairs) {
      EXPECT_EQ(pair.rank, uniform.rank) << row.name;
      EXPECT_EQ(pair.scale, uniform.scale) << row.name;
    }
  }
}

TEST_F(FormatTable, EveryElementTypeOfARowIsWrittenAndTold) {
  EXPECT_EQ(element_types(), (std::vector<std::string>{"f32", "f16", "bf16", "q8_0"}));
  for (const FileFormat& row : file_formats()) {
    for (const std::string& dtype : element_types()) {
      const bool known = std::count(row.dtypes.begin(), row.dtypes.end(), dtype) == 1;
      if (!known) {
        EXPECT_DND_ERROR(check_dtype(row.format, dtype), ErrorKind::usage,
                         "--adapter-dtype q8_0 is for GGUF only, not for " + std::string(row.name));
        continue;
      }
      EXPECT_NO_THROW(check_dtype(row.format, dtype));
      const Artefact artefact = write(row, short_adapter({2}, {1.0}), dtype);
      EXPECT_EQ(row.describe(artefact.path, options_of("")).dtype, dtype) << row.name;
    }
    EXPECT_NO_THROW(check_dtype(row.format, ""));
    EXPECT_DND_ERROR(check_dtype(row.format, "f8"), ErrorKind::usage, "unknown element type 'f8'");
    EXPECT_EQ(default_dtype(row.format, "bf16"), row.name == "gguf" ? "f32" : "bf16");
  }
}

TEST(CheckLayout, GgufNeedsAnArchitectureAndHeads) {
  AdapterLayout layout;
  layout.architecture = "Unknown\n";
  EXPECT_NO_THROW(check_layout(AdapterFormat::peft, layout));
  EXPECT_NO_THROW(check_layout(AdapterFormat::mlx, layout));
  EXPECT_DND_ERROR(check_layout(AdapterFormat::gguf, layout), ErrorKind::data,
                   "architecture 'Unknown\\x0a', which has no GGUF form");
  layout.architecture = "Qwen2ForCausalLM";
  EXPECT_NO_THROW(check_layout(AdapterFormat::gguf, layout));
}

}  // namespace
}  // namespace dnd::adapter
