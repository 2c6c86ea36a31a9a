#include "adapter/update_norms.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "base/strings.h"
#include "target/block_path.h"

namespace dnd::adapter {
namespace {

// X X^T of a (rows, columns) matrix, upper triangle only.
std::vector<double> gram_of_rows(std::span<const float> x, std::size_t rows, std::size_t columns) {
  std::vector<double> gram(rows * rows);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = i; j < rows; ++j) {
      double sum = 0.0;
      for (std::size_t c = 0; c < columns; ++c) {
        sum += static_cast<double>(x[i * columns + c]) * static_cast<double>(x[j * columns + c]);
      }
      gram[i * rows + j] = sum;
    }
  }
  return gram;
}

// X^T X of a (rows, columns) matrix, upper triangle only.
std::vector<double> gram_of_columns(std::span<const float> x, std::size_t rows,
                                    std::size_t columns) {
  std::vector<double> gram(columns * columns);
  for (std::size_t r = 0; r < rows; ++r) {
    const float* row = x.data() + r * columns;
    for (std::size_t i = 0; i < columns; ++i) {
      const auto left = static_cast<double>(row[i]);
      for (std::size_t j = i; j < columns; ++j) {
        gram[i * columns + j] += left * static_cast<double>(row[j]);
      }
    }
  }
  return gram;
}

NormRange range_from_json(JsonObject& object, const std::string& kind) {
  const Json& pair = object.array(kind);
  const bool numbers = pair.size() == 2 && pair[0].is_number() && pair[1].is_number();
  const NormRange range =
      numbers ? NormRange{pair[0].get<double>(), pair[1].get<double>()} : NormRange{-1.0, -1.0};
  if (range.low < 0.0 || range.high < range.low || !std::isfinite(range.high)) {
    fail(ErrorKind::data, object.where(), ": '", printable(kind),
         "': expected [low, high] with 0 <= low <= high");
  }
  return range;
}

}  // namespace

double update_norm(const LoraPair& pair) {
  const auto rank = static_cast<std::size_t>(pair.rank);
  const auto a = gram_of_rows(pair.a, rank, static_cast<std::size_t>(pair.in));
  const auto b = gram_of_columns(pair.b, static_cast<std::size_t>(pair.out), rank);
  double sum = 0.0;
  for (std::size_t i = 0; i < rank; ++i) {
    for (std::size_t j = i; j < rank; ++j) {
      sum += (i == j ? 1.0 : 2.0) * a[i * rank + j] * b[i * rank + j];
    }
  }
  // Rounding may leave a product of rank-deficient factors a little below zero; NaN stays NaN.
  return std::abs(pair.scale) * std::sqrt(sum < 0.0 ? 0.0 : sum);
}

void add_update_norms(UpdateNorms& norms, const LoraAdapter& adapter) {
  ++norms.adapters;
  for (const LoraPair& pair : adapter.pairs) {
    const double norm = update_norm(pair);
    const auto [entry, fresh] =
        norms.modules.try_emplace(target::module_kind(pair.module), NormRange{norm, norm});
    entry->second.low = std::min(entry->second.low, norm);
    entry->second.high = std::max(entry->second.high, norm);
  }
}

UpdateNorms update_norms_from_json(const Json& json, const std::string& who) {
  JsonObject object(json, who);
  UpdateNorms norms;
  norms.adapters = static_cast<std::size_t>(object.integer("adapters", 1, 1LL << 40U));
  JsonObject modules = object.object("update_norms");
  for (const auto& [kind, ignored] : object.at("update_norms").items()) {
    norms.modules[kind] = range_from_json(modules, kind);
  }
  object.refuse_unknown_keys();
  return norms;
}

Json update_norms_to_json(const UpdateNorms& norms) {
  Json modules = Json::object();
  for (const auto& [kind, range] : norms.modules) modules[kind] = {range.low, range.high};
  return {{"adapters", norms.adapters}, {"update_norms", modules}};
}

}  // namespace dnd::adapter
