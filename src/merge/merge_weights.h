// Base model + adapters -> plain model of the same files, tensors and types.
//
// Goals: any size in little memory, at about the speed of a copy; the same bytes whatever the
// number of threads and wherever the weights are cut into blocks; all files or none. Non-goals:
// other types, shards or formats than the base's; undoing a merge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "base/staged.h"
#include "merge/base_weights.h"
#include "merge/merge_plan.h"

namespace dnd::merge {

struct MergeOptions {
  int threads = 2;
  std::uint64_t block_bytes = 2U << 20U;  // read, changed and written at a time, by each thread
  OnExisting on_existing = OnExisting::refuse;
  std::function<void(double)> progress;  // share done, 0..1; one thread at a time
};

struct MergeResult {
  std::size_t tensors_merged = 0;
  std::size_t tensors_copied = 0;
  std::uint64_t bytes = 0;  // of all files
};

// What a merge into `base` may replace: a folder of files with the names of the base's.
FolderKind merged_folder(const BaseWeights& base);

// Makes the folder `out` at once (see dnd::Staged): the files of `base` under their names, with W' =
// W + sum of scale B A for the targets (DoRA: magnitude / ||W + scale B A|| times that, by row, before the
// one rounding, as PEFT merges), everything else byte for byte. What is replaced must consist of files of
// these names, apart from the base. Throws Error(cannot_create), Error(io), or Error(data) naming the
// tensor where a result is not finite.
MergeResult merge_weights(const BaseWeights& base, std::span<const MergeTarget> targets,
                          const std::filesystem::path& out, const MergeOptions& options);

}  // namespace dnd::merge
