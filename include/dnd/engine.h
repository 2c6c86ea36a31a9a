// The door to the compute engine (libdnd_engine.so): everything that needs LibTorch.
//
// The engine is a library of its own because a process that loads LibTorch pays half a second at
// start; the program opens it only when it computes. C++ types cross this border, so program and engine
// must be built from the same sources: dnd_engine_build_id() is asked before anything else. What crosses:
//   - the types of this folder; tensors are plain fp32 arrays in C order (HostTensor), errors dnd::Error;
//   - the standard library's containers, functions, paths and smart pointers;
//   - of the core, bundle::GeneratorConfig (base/json.h inside), formats::SafetensorsFile (by value: the
//     engine owns the mapping from then on), text::TokenBatch, adapter::LoraAdapter, tasks::TrainConfig,
//     LogSettings.
// No type of LibTorch does. The engine knows nothing of the program: it speaks of threads, devices and
// precisions, not of flags.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "dnd/cuda_report.h"

namespace dnd::bundle {
struct GeneratorConfig;
}
namespace dnd::formats {
class SafetensorsFile;
}
namespace dnd::text {
struct TokenBatch;
}

namespace dnd {

class LanguageModel;
struct TrainJob;
struct TrainObserver;
struct TrainResult;

struct HostTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

struct EngineOptions {
  std::string device = "auto";  // "auto" (the CPU), "cpu", "cuda" or "cuda:i"
  int threads = 0;              // 0: as many as the process may run on
  // "exact": fp32. "fast": the encoder's products with 16-bit integers; on a CUDA device the
  // decoder's operands in fp16, by our kernels. "bf16": the decoder's operands rounded as released.
  // On a CUDA device "exact" and "bf16" are LibTorch's own operations.
  std::string precision = "fast";
  // That our kernels may use, "fast" alone; 0: nine tenths of what is free.
  std::uint64_t cuda_memory_bytes = 0;
  LogSettings log = {};  // of the engine's own messages
};

struct EngineInfo {
  std::string device;          // "cpu" or "cuda:i"
  std::string libtorch;        // e.g. "2.11.0"
  std::string cpu_capability;  // of LibTorch's kernels on this machine, e.g. "AVX512"
  int threads = 0;
};

// One of several processes that work together.
struct ProcessPlace {
  int rank = 0;
  int size = 1;
};

// Called as decoding goes on, with the steps that are done, 1 to `total`. A step is, on the CPU, a layer for
// all conditions; with our CUDA kernels, a layer for as many conditions as are decoded at once; with
// LibTorch's own operations on a CUDA device, a condition.
using LayerCallback = std::function<void(std::size_t done, std::size_t total)>;

// One caller at a time. Throws dnd::Error.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual EngineInfo info() const = 0;

  // Runs the self-test of the CUDA kernels on a device, whatever device the engine uses. Throws
  // Error(unavailable) with the reason and the remedy where there is none.
  virtual CudaReport examine_cuda(int device) = 0;

  // `folder`: a Hugging Face encoder. Replaces a loaded one.
  virtual void load_encoder(const std::string& folder) = 0;
  virtual std::int64_t encoder_width() const = 0;  // C
  // ids (N, L) -> condition (N, L, C). `config` says what an empty chunk means.
  virtual HostTensor encode(const text::TokenBatch& batch,
                            const bundle::GeneratorConfig& config) = 0;

  // `weights`: the decoder.safetensors of `config`. Replaces a loaded one. The file is read from the disk
  // while the caller does other things.
  virtual void load_decoder(const bundle::GeneratorConfig& config,
                            formats::SafetensorsFile weights) = 0;
  // condition (N, L, C), of any number of prompts -> what the decoder's first layer takes: (N, L', C)
  // where the generator has a projection, else the condition as it is. A prompt's rows do not depend on
  // the others.
  virtual HostTensor project(HostTensor condition) = 0;
  // Projected conditions -> weight tokens (T, R, S) of each. Decoded together they cost less time than
  // one by one, and each one's bytes are the same. They are taken, to free them early.
  virtual std::vector<HostTensor> decode(std::vector<HostTensor> projected,
                                         const LayerCallback& on_layer) = 0;

  // `path`: a Hugging Face folder or a GGUF (dnd/language_model.h). With `needs_texts` one without a
  // tokenizer that works is refused before its weights are read. The result must not outlive the engine.
  virtual std::unique_ptr<LanguageModel> load_language_model(const std::string& path,
                                                             bool needs_texts) = 0;

  // Joins the processes that torchrun's variables (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT) name;
  // {0, 1} without them. Waits until all are there. From then on train() shares every batch out.
  virtual ProcessPlace join_processes() = 0;
  // The first process does `work`, for however long that takes, while the others wait and say so now and
  // then; `what` names it ("encodes the prompts"). What it throws comes out of the first, the others get
  // Error(unavailable).
  virtual void first_alone(const std::string& what, const std::function<void()>& work) = 0;
  // Waits for all joined processes. Throws Error(data) in each unless all bring the same `text`;
  // `what` names it.
  virtual void require_same(const std::string& what, const std::string& text) = 0;

  // Trains a generator (dnd/trainer.h). With precision "bf16" under LibTorch's autocast. A CUDA
  // device takes part by LibTorch's own operations alone: precision "exact" or "bf16".
  virtual TrainResult train(const TrainJob& job, const TrainObserver& observer) = 0;
};

}  // namespace dnd

// Exported by libdnd_engine.so. The caller owns the engine. Throws dnd::Error. Nothing but the id
// (base/build_id.h) may be asked for unless it is the caller's own.
extern "C" {
const char* dnd_engine_build_id();
dnd::Engine* dnd_engine_create(const dnd::EngineOptions* options);
}
