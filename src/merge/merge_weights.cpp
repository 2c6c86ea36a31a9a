#include "merge/merge_weights.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/paths.h"
#include "base/strings.h"
#include "merge/block_file.h"
#include "merge/merge_rows.h"
#include "merge/row_blocks.h"

namespace dnd::merge {
namespace fs = std::filesystem;
namespace {

// What one thread does at a time: bytes of one file, with whole rows of one target or none.
struct Block {
  std::size_t file = 0;
  std::uint64_t begin = 0;
  std::uint64_t bytes = 0;
  const MergeTarget* target = nullptr;
  std::int64_t first_row = 0;
};

class BlockList {
 public:
  BlockList(const BaseWeights& base, std::uint64_t block_bytes)
      : base_(base), block_bytes_(block_bytes) {}

  // `targets` are in file order.
  std::vector<Block> make(std::span<const MergeTarget> targets) {
    auto target = targets.begin();
    for (std::size_t file = 0; file < base_.files.size(); ++file) {
      std::uint64_t done = 0;
      const std::size_t before = blocks_.size();
      for (; target != targets.end() && target->file == file; ++target) {
        const Weight& weight = base_.files[file].weights[target->weight];
        add_copies(file, done, weight.begin);
        add_rows(*target, weight);
        done = weight.begin + weight.bytes;
      }
      add_copies(file, done, base_.files[file].bytes);
      if (blocks_.size() == before) blocks_.push_back({file});  // an empty file
    }
    return std::move(blocks_);
  }

 private:
  void add_copies(std::size_t file, std::uint64_t begin, std::uint64_t end) {
    for (; begin < end; begin += std::min(block_bytes_, end - begin)) {
      blocks_.push_back({file, begin, std::min(block_bytes_, end - begin)});
    }
  }

  void add_rows(const MergeTarget& target, const Weight& weight) {
    if (weight.bytes == 0) return;
    const std::int64_t rows = weight.shape[0];
    const std::uint64_t row_bytes = weight.bytes / static_cast<std::uint64_t>(rows);
    const auto step = static_cast<std::int64_t>(rows_at_once(block_bytes_, row_bytes));
    for (std::int64_t row = 0; row < rows; row += step) {
      const auto count = static_cast<std::uint64_t>(std::min(step, rows - row));
      blocks_.push_back({target.file, weight.begin + static_cast<std::uint64_t>(row) * row_bytes,
                         count * row_bytes, &target, row});
    }
  }

  const BaseWeights& base_;
  std::uint64_t block_bytes_;
  std::vector<Block> blocks_;
};

// Threads that take blocks in order, each reading, changing and writing its own: while one waits
// for the disk, others go on.
class Rewriter {
 public:
  Rewriter(const BaseWeights& base, std::vector<Block> blocks, fs::path folder,
           const std::function<void(double)>& progress)
      : base_(base),
        blocks_(std::move(blocks)),
        folder_(std::move(folder)),
        progress_(progress),
        all_bytes_(base.bytes()) {
    files_.resize(base.files.size());
    for (const Block& block : blocks_) ++files_[block.file].blocks_left;
  }

  void run(int threads) {
    run_on_threads(threads, [this] { work(); });
    if (error_) std::rethrow_exception(error_);
  }

 private:
  // One file, open on both sides: there are both or neither.
  struct OpenFile {
    OpenFile(const BaseFile& source, const fs::path& folder)
        : reader(source.path), writer(folder / source.path.filename(), source.bytes) {
      keep_permissions(source.path, folder / source.path.filename());
    }

    BlockReader reader;
    BlockWriter writer;
  };

  struct FileState {
    std::unique_ptr<OpenFile> open;  // from its first block to its last
    std::size_t blocks_left = 0;
  };

  // With the lock held. What `step` throws becomes the error before the lock goes: no other thread meets
  // what a failed step left. Once there is an error no step is made.
  template <typename Step>
  void locked(Step step) {
    const std::lock_guard lock(mutex_);
    if (error_) return;
    try {
      step();
    } catch (...) {
      error_ = std::current_exception();
    }
  }

  void work() {
    try {
      std::vector<std::byte> buffer;
      while (const Block* block = take()) {
        buffer.resize(std::max<std::size_t>(buffer.size(), block->bytes));
        rewrite(*block, std::span(buffer).first(block->bytes));
        put_back(*block);
      }
    } catch (...) {
      locked([] { throw; });
    }
  }

  // The next block, its file open; nullptr at the end and after an error.
  const Block* take() {
    const Block* taken = nullptr;
    locked([&] {
      if (next_ == blocks_.size()) return;
      const Block& block = blocks_[next_];
      FileState& file = files_[block.file];
      if (!file.open) {
        file.open = std::make_unique<OpenFile>(base_.files[block.file], folder_);
      }
      ++next_;
      taken = &block;
    });
    return taken;
  }

  void rewrite(const Block& block, std::span<std::byte> bytes) {
    OpenFile& file = *files_[block.file].open;
    file.reader.read(block.begin, bytes);
    if (block.target != nullptr) {
      const Weight& weight = base_.files[block.file].weights[block.target->weight];
      merge_rows(weight, *block.target, block.first_row, bytes);
    }
    file.writer.write(block.begin, bytes);
  }

  // Counts a finished block; whoever finishes a file's last one flushes and closes it.
  void put_back(const Block& block) {
    std::unique_ptr<OpenFile> finished;
    locked([&] {
      FileState& file = files_[block.file];
      done_bytes_ += block.bytes;
      if (progress_ && all_bytes_ > 0) {
        progress_(static_cast<double>(done_bytes_) / static_cast<double>(all_bytes_));
      }
      if (--file.blocks_left == 0) finished = std::move(file.open);
    });
    if (finished) finished->writer.finish();  // nobody else has it any more
  }

  const BaseWeights& base_;
  std::vector<Block> blocks_;
  fs::path folder_;
  const std::function<void(double)>& progress_;
  std::uint64_t all_bytes_;
  std::vector<FileState> files_;
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::uint64_t done_bytes_ = 0;
  std::exception_ptr error_;
};

}  // namespace

// Nothing tells a merged model from another one, but its files' names are the base's.
FolderKind merged_folder(const BaseWeights& base) {
  FolderKind kind{"a merged checkpoint of this base", base.entry, {}};
  for (const BaseFile& file : base.files) {
    kind.files.push_back(file.path.filename().string());
  }
  return kind;
}

MergeResult merge_weights(const BaseWeights& base, std::span<const MergeTarget> targets,
                          const fs::path& out, const MergeOptions& options) {
  check_apart(out, {base.path});
  Staged staged(out, merged_folder(base), options.on_existing);
  if (is_folder(base.path)) keep_permissions(base.path, staged.path());
  check_free_space(out, base.bytes());
  Rewriter(base, BlockList(base, options.block_bytes).make(targets), staged.path(),
           options.progress)
      .run(options.threads);
  staged.commit();
  MergeResult result{targets.size(), 0, base.bytes()};
  for (const BaseFile& file : base.files) result.tensors_copied += file.weights.size();
  result.tensors_copied -= targets.size();
  return result;
}

}  // namespace dnd::merge
