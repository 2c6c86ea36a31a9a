// Prompts from files: records in the shapes people keep them in -> tasks of question texts.
//
// Containers, by file name; "-" (standard input) and other names are told apart by their content:
//   .jsonl .ndjson  one record a line
//   .json           an array of records, an object that holds one list of records, or one record
//   .txt            one prompt a line
//   .csv .tsv       RFC 4180, with commas, semicolons or tabs, by the first rows (text/table.h); a lone
//                   column needs no known name, and no header where its first row is a sentence
// JSON Lines named .json, and a JSON document named .jsonl, are read as what they are; so is a table whose
// name says text, where all its columns have known names. All of them are UTF-8, with or without a byte-order
// mark, LF or CRLF; blank lines separate and mean nothing. gzip is unpacked, up to kMaxPromptFile.
//
// A record is a string, or an object read by the first of these that it has (null counts as
// absent):
//   prompt                     a string, or a list of messages
//   body.messages, body.prompt OpenAI / vLLM batch
//   messages, conversations    {role, content} or {from, value}; content a string or list of parts
//   instruction [+ input]      joined as "instruction\ninput"
//   arguments                  lm-eval samples: [[prompt, ...], ...] or {"gen_args_0": {"arg_0": ...}}
//   question problem query input content text
// The order puts names that can only be the question before names that may hold more. Only the question is
// read: of a conversation the first message of the user ("user" or "human") - never the system's, never a
// later turn, never an answer. `content` and `text` that hold question and answer whole are cut where the
// answer begins: by marks (text/transcript.h), or where all of a file end with what their records call the
// answer. What was guessed is noted (text/prompt_source.h).
//
// Non-goals, refused by name: Parquet, Arrow, other compressions, YAML, encodings other than UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "text/prompt_source.h"

namespace dnd::text {

// Largest prompt file read, in bytes; of a packed one both as it is and unpacked.
inline constexpr std::uint64_t kMaxPromptFile = 1ULL << 30U;

struct PromptOptions {
  // Where not empty: read this field of every record instead. A dot walks into objects
  // ("doc.question") where no field has the full name.
  std::string field;
};

// `name` is "" where the records have no `task`.
struct PromptTask {
  std::string name;
  std::vector<std::string> prompts;
};

struct PromptSet {
  std::vector<PromptTask> tasks;  // in order of first appearance
  std::size_t skipped_empty = 0;  // records left out because their prompt is only white space
  std::vector<PromptSource> sources = {};  // how each file was read
};

// Whether it has nothing but white space, Unicode's too: such a prompt is no prompt.
bool is_blank(std::string_view prompt);

// Reads all files as one input. A task whose prompts are all empty is kept, without prompts. Throws
// Error(no_input), or Error(data) naming file and line (or record): malformed containers, unknown
// shapes, bad task names, records with and without `task` in one input, files without records.
PromptSet read_prompts(const std::vector<std::filesystem::path>& files,
                       const PromptOptions& options);

// Task names become folder names. Throws Error(data) unless `name` is 1 to 100 bytes of UTF-8
// without separators (/ \) and control characters, does not begin with a dot and does not end with
// a dot or a space.
void check_task_name(const std::string& name);

enum class SelectMode { random, first };

struct Selection {
  std::vector<std::size_t> indices;  // `needed` positions in the prompts, in the order of use
  std::size_t distinct = 0;          // how many different texts they name
};

// Chooses `needed` (> 0) of the prompts:
//   as many as needed  all, in their order, whatever the mode and the variant;
//   more               `random`: draw_without_replacement (base/random.h), in the order drawn, from
//                      SplitMix64 seeded with SplitMix64(seed).next() + variant (modulo 2^64);
//                      `first`: the first ones;
//   fewer              repeated in their order: 0, 1, ..., 0, 1, ...
// Throws Error(data) if there are none.
Selection select_prompts(const std::vector<std::string>& prompts, std::size_t needed,
                         SelectMode mode, std::uint64_t seed, std::size_t variant);

}  // namespace dnd::text
