#include "merge/merge_gguf.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <exception>
#include <utility>
#include <vector>

#include "adapter/gguf_rows.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/dequantize.h"
#include "formats/gguf_model.h"
#include "merge/block_file.h"
#include "merge/merge_rows.h"
#include "merge/row_blocks.h"

namespace dnd::merge {
namespace fs = std::filesystem;
namespace {

using formats::GgufModel;
using formats::GgufTensor;
using formats::GgufTensorSpec;

constexpr const char* kFileTypeKey = "general.file_type";

// What matrices can become, and what a file of them is to llama.cpp (llama.h, enum llama_ftype).
struct OutputType {
  Dtype dtype;
  std::uint32_t ggml;
  std::uint32_t file;
};
constexpr std::array kOutputTypes = {OutputType{Dtype::f16, formats::kGgmlF16, 1},  // the default
                                     OutputType{Dtype::f32, formats::kGgmlF32, 0},
                                     OutputType{Dtype::bf16, formats::kGgmlBf16, 32}};

const OutputType& output_type(std::optional<Dtype> dtype) {
  const auto found = std::find_if(kOutputTypes.begin(), kOutputTypes.end(),
                                  [&](const OutputType& type) { return type.dtype == dtype; });
  return found == kOutputTypes.end() ? kOutputTypes[0] : *found;
}

bool is_float(const formats::GgmlType& type) {
  return type.dtype && is_float_convertible(*type.dtype);
}

// One tensor of the result.
struct Item {
  const GgufTensor* source = nullptr;
  const formats::GgmlType* type = nullptr;  // it gets
  std::optional<MergeTarget> target;        // with rows in the file's order
  Weight weight;                            // name and fp32, for merge_rows()

  bool is_copy() const { return !target && type == source->type; }
  std::int64_t columns() const { return source->shape.empty() ? 1 : source->shape.back(); }
};

const formats::GgmlType* type_for(const GgufTensor& tensor, std::optional<Dtype> dtype) {
  const bool blocks = !tensor.type->dtype;
  if (!blocks && !is_float(*tensor.type)) return tensor.type;
  if (tensor.shape.size() < 2) {
    return blocks ? formats::find_ggml_type(formats::kGgmlF32) : tensor.type;
  }
  if (!dtype && !blocks) return tensor.type;
  return formats::find_ggml_type(output_type(dtype).ggml);
}

// What is done to every tensor, in the order of the base's parts.
class GgufPlan {
 public:
  GgufPlan(const GgufModel& model, std::span<const MergeTarget> targets, std::optional<Dtype> dtype)
      : model_(model) {
    for (const formats::GgufFile& part : model.parts()) {
      for (const GgufTensor& tensor : part.tensors()) {
        items_.push_back({&tensor, type_for(tensor, dtype), {}, {}});
      }
    }
    for (const MergeTarget& target : targets) add(target);
    for (const Item& item : items_) check(item);
  }

  const std::vector<Item>& items() const { return items_; }

  std::vector<GgufTensorSpec> specs() const {
    std::vector<GgufTensorSpec> specs;
    for (const Item& item : items_) {
      specs.push_back({item.source->name, item.type->id, item.source->shape});
    }
    return specs;
  }

  formats::GgufEntries entries(std::optional<Dtype> dtype) const {
    formats::GgufEntries entries;
    for (const auto& [key, value] : model_.metadata().entries()) {
      if (!key.starts_with("split.") && key != "general.alignment")
        entries.emplace_back(key, value);
    }
    const bool converted = std::any_of(items_.begin(), items_.end(), [](const Item& item) {
      return item.type != item.source->type;
    });
    if (!converted) return entries;
    std::erase_if(entries, [](const auto& entry) { return entry.first == kFileTypeKey; });
    entries.emplace_back(kFileTypeKey, formats::gguf_u32(output_type(dtype).file));
    return entries;
  }

 private:
  void add(const MergeTarget& target) {
    const formats::GgufWeight& weight = model_.weights()[target.weight];
    const auto item = std::find_if(items_.begin(), items_.end(),
                                   [&](const Item& each) { return each.source == weight.stored; });
    item->target = target;
    item->weight = {weight.name, Dtype::f32, weight.stored->shape};
    if (!weight.turned) return;
    const std::int64_t heads = model_.heads_of(weight);
    for (MergeTerm& term : item->target->terms) {
      adapter::LoraPair pair = *term.pair;
      const auto turn = [&](std::vector<float>& rows) {
        if (!rows.empty()) {
          rows = adapter::reorder_rows(rows, pair.out, heads, adapter::RowOrder::to_gguf);
        }
      };
      turn(pair.b);
      turn(pair.magnitude);
      term.pair = &turned_.emplace_back(std::move(pair));
    }
  }

  void check(const Item& item) const {
    if (item.is_copy() || can_dequantize(*item.source->type)) return;
    fail(ErrorKind::data, "merge: ", model_.metadata().path().string(), ": tensor '",
         printable(item.source->name), "': type ", item.source->type->name, ", expected one of ",
         formats::dequantizable_types());
  }

  const GgufModel& model_;
  std::vector<Item> items_;
  std::deque<adapter::LoraPair> turned_;  // at fixed places
};

// Rows of one item, or bytes that are copied.
struct RowBlock {
  std::uint64_t begin = 0;  // rows, or bytes
  std::uint64_t count = 0;
  std::vector<std::byte> result;
};

class GgufRewriter {
 public:
  GgufRewriter(formats::GgufWriter& writer, std::uint64_t bytes, const MergeOptions& options)
      : writer_(writer), all_bytes_(bytes), options_(options) {}

  void run(const Item& item) {
    const auto columns = static_cast<std::uint64_t>(item.columns());
    const std::uint64_t elements =
        item.source->bytes.size() / item.source->type->block_bytes * item.source->type->block_size;
    if (elements == 0) return;
    const std::uint64_t rows = elements / columns;
    const std::uint64_t step = rows_at_once(options_.block_bytes, columns * sizeof(float));
    for (std::uint64_t row = 0; row < rows;) {
      std::vector<RowBlock> batch;
      for (int i = 0; i < options_.threads && row < rows; ++i) {
        batch.push_back({row, std::min(step, rows - row), {}});
        row += batch.back().count;
      }
      compute(item, batch);
      for (const RowBlock& block : batch) put(block.result);
    }
  }

 private:
  // All blocks at once; what one throws is thrown here, the first block's before the others'.
  static void compute(const Item& item, std::vector<RowBlock>& batch) {
    std::vector<std::exception_ptr> errors(batch.size());
    std::atomic<std::size_t> next = 0;
    run_on_threads(static_cast<int>(batch.size()), [&] {
      for (std::size_t i = next++; i < batch.size(); i = next++) {
        try {
          compute_block(item, batch[i]);
        } catch (...) {
          errors[i] = std::current_exception();
        }
      }
    });
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
  }

  static void compute_block(const Item& item, RowBlock& block) {
    const formats::GgmlType& from = *item.source->type;
    const auto columns = static_cast<std::uint64_t>(item.columns());
    const std::uint64_t row_bytes = columns / from.block_size * from.block_bytes;
    const auto source =
        item.source->bytes.subspan(block.begin * row_bytes, block.count * row_bytes);
    if (item.is_copy()) {
      block.result.assign(source.begin(), source.end());
      return;
    }
    std::vector<float> values(block.count * columns);
    dequantize(from, source, values);
    if (item.target) {
      merge_rows(item.weight, *item.target, static_cast<std::int64_t>(block.begin),
                 std::as_writable_bytes(std::span(values)));
    }
    const Dtype dtype = *item.type->dtype;
    if (first_not_finite(dtype, values)) {
      fail(ErrorKind::data, "merge: tensor '", printable(item.source->name),
           "': a value is not finite as ", item.type->name,
           dtype == Dtype::f16 ? " (--dtype bf16 or f32 has room for larger ones)"
                               : " (base or adapter damaged?)");
    }
    block.result.resize(values.size() * dtype_bits(dtype) / 8);
    from_f32(dtype, values, block.result);
  }

  void put(std::span<const std::byte> bytes) {
    writer_.write(bytes);
    done_bytes_ += bytes.size();
    if (options_.progress) {
      options_.progress(static_cast<double>(done_bytes_) / static_cast<double>(all_bytes_));
    }
  }

  formats::GgufWriter& writer_;
  std::uint64_t all_bytes_;
  std::uint64_t done_bytes_ = 0;
  const MergeOptions& options_;
};

}  // namespace

FileKind gguf_model_file() {
  return {"a GGUF model", [](const fs::path& path) {
            return formats::GgufFile(path).text("general.type").value_or("model") == "model";
          }};
}

MergeResult merge_gguf(const BaseWeights& base, std::span<const MergeTarget> targets,
                       const fs::path& out, std::optional<Dtype> dtype,
                       const MergeOptions& options) {
  const GgufModel& model = *base.gguf->weights().gguf();
  check_apart(out, {base.path});
  const GgufPlan plan(model, targets, dtype);
  std::uint64_t bytes = 0;
  for (const GgufTensorSpec& spec : plan.specs()) bytes += spec.byte_size();
  Staged staged(out, gguf_model_file(), options.on_existing);
  check_free_space(out, bytes);
  formats::GgufWriter writer(staged.path(), plan.entries(dtype), plan.specs());
  keep_permissions(base.path, staged.path());
  GgufRewriter rewriter(writer, bytes, options);
  for (const Item& item : plan.items()) rewriter.run(item);
  writer.finish();
  staged.commit();
  return {targets.size(), plan.items().size() - targets.size(), file_bytes(out)};
}

}  // namespace dnd::merge
