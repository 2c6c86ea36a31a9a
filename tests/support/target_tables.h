// tests/data/targets: the linear layers of one block of each kind, and the whole models they make.
#pragma once

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "formats/safetensors.h"
#include "support/golden.h"
#include "target/base_model.h"

namespace dnd::testing {

struct TableRow {
  std::string module;  // with {i}
  std::int64_t in = 0;
  std::int64_t out = 0;
  bool bias = false;
  std::int64_t layers = 0;
};

inline std::vector<TableRow> read_table(const std::filesystem::path& path) {
  std::istringstream rows(read_text_file(path, 1U << 20U));
  std::string header;
  std::getline(rows, header);
  std::vector<TableRow> table;
  TableRow row;
  for (std::string bias; rows >> row.module >> row.in >> row.out >> bias >> row.layers;) {
    row.bias = bias == "true";
    table.push_back(row);
  }
  return table;
}

// Rows of `linears<variant>.tsv` and, where there is one, of `linears.other<variant>.tsv`.
inline std::vector<TableRow> read_target(const std::string& target, const std::string& variant) {
  const auto folder = data_path("targets") / target;
  auto table = read_table(folder / ("linears" + variant + ".tsv"));
  const auto other = folder / ("linears.other" + variant + ".tsv");
  if (!std::filesystem::exists(other)) return table;
  for (TableRow& row : read_table(other)) table.push_back(std::move(row));
  return table;
}

// Every row once for each of its layers.
inline std::vector<TableRow> expand(const std::vector<TableRow>& table) {
  std::vector<TableRow> expanded;
  for (const TableRow& row : table) {
    for (std::int64_t i = 0; i < row.layers; ++i) {
      TableRow one = row;
      if (const std::size_t place = one.module.find("{i}"); place != std::string::npos) {
        one.module.replace(place, 3, std::to_string(i));
      }
      expanded.push_back(std::move(one));
    }
  }
  return expanded;
}

// The model's tensors as a checkpoint has them: with biases, norms, embeddings and a convolution.
inline std::vector<formats::TensorSpec> whole_model(const std::vector<TableRow>& table) {
  std::vector<formats::TensorSpec> specs = {
      {"model.embed_tokens.weight", Dtype::bf16, {1000, 64}},
      {"model.norm.weight", Dtype::bf16, {64}},
      {"visual.patch_embed.proj.weight", Dtype::bf16, {8, 3, 2, 14, 14}},
      {"pos_embed", Dtype::f32, {16, 64}},
      {"blocks.0.scale_shift_table", Dtype::bf16, {6, 64}},
  };
  for (const TableRow& row : expand(table)) {
    specs.push_back({row.module + ".weight", Dtype::bf16, {row.out, row.in}});
    if (row.bias) specs.push_back({row.module + ".bias", Dtype::bf16, {row.out}});
  }
  return specs;
}

}  // namespace dnd::testing
