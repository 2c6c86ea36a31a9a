#include "batch_conditions.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"

namespace dnd::app {
namespace {

std::int64_t row_size(const std::vector<std::int64_t>& shape) { return shape.at(1) * shape.at(2); }

template <typename Rows>
void remember(const std::vector<std::string>& prompts, const HostTensor& condition, Rows& rows) {
  const float* values = condition.values.data();
  for (const std::string& prompt : prompts) {
    rows.try_emplace(prompt, values);
    values += row_size(condition.shape);
  }
}

}  // namespace

HostTensor BatchConditions::make(const std::vector<std::string>& prompts) {
  const auto is_known = [&](const std::string& prompt) { return rows_.contains(prompt); };
  HostTensor condition;
  if (std::none_of(prompts.begin(), prompts.end(), is_known)) {
    condition = encode(prompts);
    shape_ = condition.shape;
  } else {
    const std::vector<std::string> others = unknown_prompts(prompts, rows_);
    log_debug(cat(others.size(), " prompts to encode, the others are known from the batch"));
    Rows rows;
    HostTensor encoded;
    if (!others.empty()) encoded = encode(others);
    remember(others, encoded, rows);
    condition.shape = shape_;
    for (const std::string& prompt : prompts) {
      const float* row = is_known(prompt) ? rows_.at(prompt) : rows.at(prompt);
      condition.values.insert(condition.values.end(), row, row + row_size(shape_));
    }
  }
  remember(prompts, condition, rows_);
  return condition;
}

}  // namespace dnd::app
