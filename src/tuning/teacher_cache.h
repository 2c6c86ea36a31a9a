// Answers of a teacher on the disk: a line of what they depend on, then one line an answer, in the order of
// the prompts. What a call was killed while writing, and what no teacher writes, is made again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "dnd/language_model.h"

namespace dnd::tuning {

class TeacherCache {
 public:
  // Takes over the answers that the file has under `key`, a JSON object; ids are below `vocabulary`.
  TeacherCache(std::filesystem::path path, const Json& key, std::int64_t vocabulary,
               bool with_tokens);

  std::vector<TaughtAnswer>& answers() { return answers_; }

  // Written by flush(), which throws Error(io).
  void add(TaughtAnswer answer);
  void flush();

 private:
  void read(std::int64_t vocabulary, bool with_tokens);

  std::filesystem::path path_;
  std::string key_;
  std::ofstream out_;
  std::vector<TaughtAnswer> answers_;
};

}  // namespace dnd::tuning
