// Where an adapter came from: recorded in its safetensors metadata and in its model card.
//
// Nothing here depends on time, host or thread count, so the same call writes the same bytes.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace dnd::adapter {

struct Provenance {
  std::string generator;         // bundle name
  std::string generator_sha256;  // of the decoder weights, as they are when it is made
  bool untrained = false;        // the generator has random weights: the adapter is for tests only
  std::string encoder;           // e.g. "all-MiniLM-L12-v2"; empty where the condition was given
  std::string encoder_sha256;    // of its files, as remembered_sha256_of_files()
  std::string condition_sha256;  // of the condition file, where one was given instead of prompts
  std::string prompts_sha256;    // of the selected prompts, each followed by a NUL byte
  std::size_t prompts_used = 0;
  std::size_t prompts_distinct = 0;
  std::uint64_t seed = 0;
  std::size_t variant = 0;
  std::string selection;  // "exact", "random", "first" or "repeated"
  std::string precision;  // "exact", "fast" or "bf16"
  std::string device;     // "cpu" or "cuda"
  std::string engine;     // LibTorch version
};

// safetensors metadata: "format": "pt" and one "dnd.*" string per field that is set.
std::map<std::string, std::string> provenance_metadata(const Provenance& provenance);

}  // namespace dnd::adapter
