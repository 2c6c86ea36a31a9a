// Where a model lies that a user names: a folder, a file, or a name on the Hugging Face hub that the local
// cache of huggingface_hub has. Nothing is fetched and nothing is written.
//
// Source of the cache's shape: huggingface_hub, "Understand caching": HUB/models--ORG--NAME/refs/REV holds a
// commit, HUB/models--ORG--NAME/snapshots/COMMIT the files of it (links into blobs/).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace dnd::formats {

struct ModelPlace {
  std::filesystem::path path;  // what readers open: a folder, or a file
  std::string hub_name;        // "ORG/NAME" where it was found by name; else empty
  std::string commit;          // of the snapshot; empty where it was not found by name
};

// The folder of huggingface_hub's cache: $HF_HUB_CACHE, $HUGGINGFACE_HUB_CACHE, $HF_HOME/hub,
// $XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub, the first that is set. Empty where none is.
std::filesystem::path hub_cache();

// What `given` names. A path that exists comes first, as in transformers; a folder without a model of its own
// but with one GGUF (or one split in several) is that file; a name is ORG/NAME or NAME, with @REV for
// another revision than main (a branch, a tag or a commit). What is neither is returned as it was given, for
// its reader to refuse, unless something better can be said. Throws Error(no_input): a name that the cache
// does not have (with the command that fetches it) or has in several revisions none of which is meant, a
// folder that is the cache, an adapter, or above the model; Error(data): several GGUFs in one folder.
ModelPlace find_model(const std::string& given);

}  // namespace dnd::formats
