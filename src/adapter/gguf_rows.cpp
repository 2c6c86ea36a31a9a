#include "adapter/gguf_rows.h"

#include <algorithm>

#include "base/strings.h"
#include "formats/gguf_names.h"

namespace dnd::adapter {

std::vector<float> reorder_rows(std::span<const float> matrix, std::int64_t rows,
                                std::int64_t heads, RowOrder order) {
  const auto columns = static_cast<std::ptrdiff_t>(matrix.size()) / rows;
  std::vector<float> result(matrix.size());
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t other = formats::huggingface_row(row, rows / heads);
    const std::int64_t source = order == RowOrder::to_gguf ? other : row;
    const std::int64_t target = order == RowOrder::to_gguf ? row : other;
    std::copy_n(matrix.begin() + source * columns, columns, result.begin() + target * columns);
  }
  return result;
}

std::int64_t heads_for(const std::string& who, std::string_view gguf_architecture,
                       std::string_view module, std::int64_t rows,
                       const std::optional<target::AttentionHeads>& heads) {
  if (!formats::has_permuted_rows(gguf_architecture, module)) return 0;
  if (!heads) {
    fail(ErrorKind::data, who, ": '", printable(module), "': llama.cpp reorders its rows by ",
         "attention heads, whose number is not known (--base says which base model it is for)");
  }
  const std::int64_t count = formats::permuted_heads(gguf_architecture, module, *heads);
  if (count <= 0 || rows <= 0 || rows % count != 0 || rows / count % 2 != 0) {
    fail(ErrorKind::data, who, ": '", printable(module), "': ", rows, " rows are not ", count,
         " heads of an even size (wrong base model?)");
  }
  return count;
}

}  // namespace dnd::adapter
