#include "dnd/engine.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <sched.h>
#include <torch/headeronly/version.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/build_id.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/strings.h"
#include "bundle/generator_config.h"
#include "comm/process_group.h"
#include "dnd/language_model.h"
#include "dnd/trainer.h"
#include "formats/safetensors.h"
#include "generate/estimate.h"
#include "lm/load_language_model.h"
#include "nn/cuda_decoder.h"
#include "nn/hyperconv_decoder.h"
#include "nn/text_encoder.h"
#include "nn/torch_decoder.h"
#include "ops/cpu/cpu_target.h"
#include "ops/cuda/library.h"
#include "ops/cuda/torch_half.h"
#include "ops/guarded.h"
#include "ops/process.h"
#include "ops/workers.h"
#include "text/tokenizer.h"
#include "trainer/train.h"

namespace dnd::engine {
namespace {

constexpr int kMaxThreads = 1024;

int available_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

int checked_threads(int threads) {
  if (threads < 0 || threads > kMaxThreads) {
    fail(ErrorKind::usage, "threads ", threads, ": expected 1 to ", kMaxThreads, ", or 0 for all");
  }
  return threads == 0 ? available_threads() : threads;
}

// The CUDA device to use, if any. `auto` is the CPU: the CUDA path has not yet proved itself.
std::optional<int> checked_device(const std::string& device) {
  if (device == "cpu" || device == "auto") return std::nullopt;
  if (const auto index = ops::cuda::device_index(device)) return index;
  fail(ErrorKind::usage, "device '", printable(device), "': expected auto, cpu, cuda or cuda:N");
}

// What LibTorch and our CPU kernels compute with.
struct Precisions {
  bool fast;
  ops::Precision decoder;
  nn::EncoderProducts encoder;
};

Precisions checked_precision(const std::string& precision) {
  using nn::EncoderProducts;
  if (precision == "fast") return {true, ops::Precision::exact, EncoderProducts::int16};
  if (precision == "exact") return {false, ops::Precision::exact, EncoderProducts::onednn};
  if (precision == "bf16") return {false, ops::Precision::bf16, EncoderProducts::onednn};
  fail(ErrorKind::usage, "precision '", printable(precision), "': expected exact, fast or bf16");
}

HostTensor to_host(const at::Tensor& tensor) {
  const at::Tensor whole = tensor.contiguous();
  const float* values = whole.const_data_ptr<float>();
  return {whole.sizes().vec(), {values, values + whole.numel()}};
}

// The tensor owns the values, so that the decoder can let go of them.
at::Tensor owning_tensor(HostTensor host) {
  auto values = std::make_shared<std::vector<float>>(std::move(host.values));
  float* data = values->data();
  return at::from_blob(
      data, host.shape, [values = std::move(values)](void* /*data*/) mutable { values.reset(); },
      at::kFloat);
}

using ops::guarded;

class TorchEngine : public Engine {
 public:
  explicit TorchEngine(const EngineOptions& options)
      : cuda_(checked_device(options.device)),
        cuda_memory_bytes_(options.cuda_memory_bytes),
        precision_(checked_precision(options.precision)),
        workers_(checked_threads(options.threads)) {
    configure_log(options.log);
    log_debug(cat("engine: device ", options.device, ", threads ", workers_.threads(),
                  ", precision ", options.precision, "; kernels: LibTorch ", TORCH_VERSION, " ",
                  at::get_cpu_capability(), ", ours ", ops::cpu::target_name()));
    if (!cuda_) return;
    if (precision_.fast) {
      ops::cuda::require_working(*cuda_);
    } else if (cuda_memory_bytes_ > 0) {
      fail(ErrorKind::usage,
           "GPU memory: a limit is kept by our kernels alone, which are precision fast");
    } else {
      guarded("device cuda", [&] { torch_device_ = ops::cuda::torch_device(*cuda_); });
    }
  }

  EngineInfo info() const override {
    return {cuda_ ? cat("cuda:", *cuda_) : "cpu", TORCH_VERSION, at::get_cpu_capability(),
            workers_.threads()};
  }

  CudaReport examine_cuda(int device) override { return ops::cuda::examine(device); }

  void load_encoder(const std::string& folder) override {
    guarded("encoder", [&] {
      encoder_ =
          nn::load_text_encoder(folder, precision_.encoder, torch_device_.value_or(at::kCPU));
    });
  }

  std::int64_t encoder_width() const override { return encoder_ ? encoder_->width() : 0; }

  HostTensor encode(const text::TokenBatch& batch, const bundle::GeneratorConfig& config) override {
    if (!encoder_) fail(ErrorKind::internal, "engine: encode() before load_encoder()");
    return guarded("encoder", [&] {
      HostTensor condition{{batch.prompts, batch.length, encoder_->width()}, {}};
      const std::int64_t size = batch.prompts * batch.length * encoder_->width();
      condition.values.resize(static_cast<std::size_t>(size));
      nn::encode_to(workers_, *encoder_, batch, config.condition.empty_chunk,
                    at::from_blob(condition.values.data(), condition.shape, at::kFloat));
      return condition;
    });
  }

  void load_decoder(const bundle::GeneratorConfig& config,
                    formats::SafetensorsFile weights) override {
    guarded("decoder", [&] {
      weights.read_ahead();
      if (torch_device_) {
        torch_decoder_.emplace(config, formats::SafetensorsFile(weights.path()), *torch_device_);
      } else if (cuda_) {
        cuda_decoder_.emplace(config, weights.path(), *cuda_,
                              static_cast<int>(generate::kMostTasksAtOnce), cuda_memory_bytes_);
      }
      decoder_.emplace(config, std::move(weights));
    });
    layers_ = config.features.size() - 1;
  }

  HostTensor project(HostTensor condition) override {
    if (!decoder_) fail(ErrorKind::internal, "engine: project() before load_decoder()");
    return guarded("decoder", [&] {
      const at::Tensor input = at::from_blob(condition.values.data(), condition.shape, at::kFloat);
      const at::Tensor projected = decoder_->project(workers_, input, precision_.decoder);
      return projected.is_same(input) ? std::move(condition) : to_host(projected);
    });
  }

  std::vector<HostTensor> decode(std::vector<HostTensor> projected,
                                 const LayerCallback& on_layer) override {
    if (!decoder_) fail(ErrorKind::internal, "engine: decode() before load_decoder()");
    return guarded("decoder", [&] {
      std::vector<at::Tensor> inputs;
      inputs.reserve(projected.size());
      for (HostTensor& each : projected) inputs.push_back(owning_tensor(std::move(each)));
      const at::Tensor tokens = decode_together(std::move(inputs), on_layer);
      std::vector<HostTensor> results;
      results.reserve(projected.size());
      for (const at::Tensor& each : tokens.unbind(0)) results.push_back(to_host(each));
      return results;
    });
  }

  std::unique_ptr<LanguageModel> load_language_model(const std::string& path,
                                                     bool needs_texts) override {
    return lm::load_language_model(workers_, path, needs_texts);
  }

  ProcessPlace join_processes() override {
    const auto rendezvous = comm::rendezvous_from_environment();
    if (!rendezvous) return {};
    group_.emplace(*rendezvous);
    return {group_->rank(), group_->size()};
  }

  void first_alone(const std::string& what, const std::function<void()>& work) override {
    if (!group_) return work();
    group_->first_alone(what, work);
  }

  void require_same(const std::string& what, const std::string& text) override {
    if (group_) guarded("train", [&] { group_->require_equal(what, text); });
  }

  TrainResult train(const TrainJob& job, const TrainObserver& observer) override {
    return guarded("train", [&] {
      return trainer::train(workers_, job, observer,
                            {.device = torch_device_.value_or(at::kCPU),
                             .bf16 = precision_.decoder == ops::Precision::bf16,
                             .group = group_ ? &*group_ : nullptr});
    });
  }

 private:
  at::Tensor decode_together(std::vector<at::Tensor> inputs, const LayerCallback& on_layer) const {
    if (torch_decoder_) return torch_decoder_->forward(inputs, precision_.decoder, on_layer);
    if (cuda_decoder_) return cuda_decoder_->forward(inputs, on_layer);
    const auto observe = [&](std::size_t layer, const at::Tensor& /*output*/) {
      if (on_layer) on_layer(layer + 1, layers_);
    };
    return decoder_->forward(workers_, std::move(inputs), precision_.decoder, observe);
  }

  std::optional<int> cuda_;  // index of the device: our kernels where `fast`, else LibTorch's
  std::optional<at::Device> torch_device_;
  std::uint64_t cuda_memory_bytes_;
  Precisions precision_;
  ops::Workers workers_;
  std::unique_ptr<nn::EncoderModel> encoder_;
  std::optional<nn::HyperConvDecoder> decoder_;
  std::optional<nn::CudaDecoder> cuda_decoder_;
  std::optional<nn::TorchDecoder> torch_decoder_;
  std::size_t layers_ = 0;
  std::optional<comm::ProcessGroup> group_;
};

}  // namespace
}  // namespace dnd::engine

#define DND_EXPORT __attribute__((visibility("default")))

extern "C" {

DND_EXPORT const char* dnd_engine_build_id() { return dnd::build_id(); }

DND_EXPORT dnd::Engine* dnd_engine_create(const dnd::EngineOptions* options) {
  dnd::ops::set_up_process();
  return std::make_unique<dnd::engine::TorchEngine>(*options).release();
}
}
