// What one adapter becomes on disk: its formats, their places, and whether they may be written.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapter/adapter_layout.h"
#include "adapter/gguf_adapter.h"
#include "adapter/lora.h"
#include "base/staged.h"
#include "base/strings.h"
#include "target/base_model.h"

namespace dnd::app {

// One file or folder to make.
struct Artefact {
  adapter::AdapterFormat format = adapter::AdapterFormat::peft;
  std::filesystem::path path;
};

// "peft", "gguf", "mlx" or "diffusers".
adapter::AdapterFormat parse_format(const std::string& name);

// By a fixed rule, whatever else is asked for: PEFT at `place`, GGUF at `place`.gguf (at `place` itself
// if it ends so and nothing else is made), MLX at `place`.mlx.
std::vector<Artefact> artefacts_of(const std::filesystem::path& place,
                                   const std::vector<adapter::AdapterFormat>& formats);

// Throws Error(usage) for element types that a format does not have: q8_0 is GGUF's alone.
void check_dtype(adapter::AdapterFormat format, const std::string& dtype);

// Throws Error(data) where no GGUF file can be made of the layout: an architecture that llama.cpp does
// not have, or heads that are needed and not known.
void check_gguf_layout(const adapter::AdapterLayout& layout);

// Throws Error(cannot_create) where nothing could be made at `path`: the nearest parent that exists
// must be a folder that takes entries. Writing may still fail, of a full disk for one.
void check_place(const std::filesystem::path& path);

// Before anything is computed: `out` can be made, and is free or, with `force`, of a kind that is replaced
// and no part of the call's `inputs`. `advice` says what else a place that is taken leaves. Throws
// Error(cannot_create).
template <typename Kind>
void check_output(const std::filesystem::path& out, const Kind& kind, bool force,
                  const std::vector<std::filesystem::path>& inputs,
                  const char* advice = "--force replaces it") {
  check_place(out);
  if (!is_occupied(out)) return;
  if (!force) {
    fail(ErrorKind::cannot_create, out.string(), ": exists already (", advice, ")");
  }
  check_apart(out, inputs);
  check_replaceable(out, kind);
}

// The same by the artefact's format.
void check_output(const Artefact& artefact, bool force,
                  const std::vector<std::filesystem::path>& inputs,
                  const char* advice = "--force replaces it");

// What may be skipped where it is finished: nothing, or an adapter of the format. Throws
// Error(cannot_create).
void check_replaceable(const Artefact& artefact);

// How an adapter is written.
struct WriteOptions {
  std::string dtype;  // "f32", "f16", "bf16"; GGUF also "q8_0"
  std::string key_prefix = "base_model.model.";
  const target::BaseModel* base = nullptr;  // where known
  std::string architecture;                 // Hugging Face class; GGUF needs it
  std::optional<target::AttentionHeads> heads;
  std::string name;  // GGUF's general.name
  OnExisting on_existing = OnExisting::refuse;
};

adapter::WrittenFile write_artefact(const Artefact& artefact, const adapter::LoraAdapter& adapter,
                                    const WriteOptions& options);

// Whether the artefact is there and was made from the same inputs: its metadata has all of `expected`
// but "format" and "dnd.version", its matrices are of `options.dtype`. Throws Error(cannot_create)
// where something else is there.
bool is_finished(const Artefact& artefact, const std::map<std::string, std::string>& expected,
                 const WriteOptions& options);

}  // namespace dnd::app
