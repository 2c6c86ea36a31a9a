#include "adapter/peft_tensors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "adapter/other_kinds.h"
#include "base/checked_math.h"
#include "base/file.h"
#include "base/strings.h"
#include "formats/torch_checkpoint.h"

namespace dnd::adapter {
namespace {

enum class Part { a, b, magnitude, alpha };

struct Key {
  std::string stem;
  Part part = Part::a;
  std::string adapter_name;
};

bool is_checkpoint_name(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".bin" || extension == ".pt" || extension == ".pth";
}

TensorFile open_safetensors(const std::filesystem::path& path, const std::string& who) {
  const auto source = std::make_shared<formats::SafetensorsFile>(path);
  TensorFile file{who, source->metadata(), {}};
  for (const formats::TensorView& tensor : source->tensors()) {
    file.tensors.push_back({tensor.name, tensor.dtype, tensor.shape,
                            [source, &tensor] { return source->read_f32(tensor.name); }});
  }
  return file;
}

TensorFile open_checkpoint(const std::filesystem::path& path, const std::string& who) {
  const auto source = std::make_shared<formats::TorchCheckpoint>(path);
  TensorFile file{who, {}, {}};
  for (const formats::CheckpointTensor& tensor : source->tensors()) {
    file.tensors.push_back({tensor.name, tensor.dtype, tensor.shape,
                            [source, &tensor] { return source->read_f32(tensor); }});
  }
  return file;
}

// What may follow the token: `.weight`, where `bare` also nothing; before it an adapter's name.
bool is_ending(std::string_view rest, bool bare) {
  if (rest.ends_with(".weight")) {
    rest.remove_suffix(std::string_view(".weight").size());
  } else if (!bare) {
    return false;
  }
  return rest.empty() || (rest.size() > 1 && rest[0] == '.' && rest.find('.', 1) == rest.npos);
}

// "default" of ".default.weight".
std::string adapter_name_in(std::string_view rest) {
  if (rest.ends_with(".weight")) rest.remove_suffix(std::string_view(".weight").size());
  return std::string(rest.empty() ? rest : rest.substr(1));
}

std::optional<Key> parse_key(std::string_view name, PairNames names) {
  struct Token {
    std::string_view text;
    Part part;
    bool bare;
    bool of_trainers = false;
  };
  constexpr std::array kTokens = {
      Token{".lora_A", Part::a, false}, Token{".lora_B", Part::b, false},
      Token{".lora_magnitude_vector", Part::magnitude, true},
      Token{".lora_down", Part::a, false, true}, Token{".lora_up", Part::b, false, true}};
  for (const Token& token : kTokens) {
    if (token.of_trainers && names != PairNames::trainers) continue;
    const std::size_t at = name.rfind(token.text);
    if (at == std::string_view::npos || at == 0) continue;
    const std::string_view rest = name.substr(at + token.text.size());
    if (!is_ending(rest, token.bare)) continue;
    return Key{std::string(name.substr(0, at)), token.part, adapter_name_in(rest)};
  }
  constexpr std::string_view kAlpha = ".alpha";
  if (names == PairNames::peft || !name.ends_with(kAlpha) || name.size() == kAlpha.size())
    return std::nullopt;
  return Key{std::string(name.substr(0, name.size() - kAlpha.size())), Part::alpha, {}};
}

// Why a tensor is no part of a pair.
std::string_view obstacle(std::string_view name) {
  const auto has = [&](std::string_view text) { return name.find(text) != name.npos; };
  if (has("lora_embedding_")) return "LoRA of an embedding is not supported";
  if (has(".lora_B") && name.ends_with(".bias")) return "a LoRA bias (lora_bias) is not supported";
  if (has("lora_down") || has("lora_up") || has(".lora.")) {
    return "lora_up and lora_down are read behind lora_unet_ and diffusion_model. only";
  }
  if (name.ends_with(".lora_a") || name.ends_with(".lora_b")) {
    return "an MLX name; its adapter_config.json must lie beside the file";
  }
  if (has("lora_")) return "an unknown kind of LoRA tensor";
  if (name.ends_with(".alpha")) return "an alpha tensor (the configuration file holds alpha)";
  return "no LoRA matrix (saved by modules_to_save, a trained bias, or not an adapter at all)";
}

const StoredTensor*& slot(StoredPair& pair, Part part) {
  switch (part) {
    case Part::a:
      return pair.a;
    case Part::b:
      return pair.b;
    case Part::magnitude:
      return pair.magnitude;
    case Part::alpha:
      return pair.alpha;
  }
  fail(ErrorKind::internal, "adapter: unknown part of a pair");
}

// A header's length, then its object: what a file of tensors begins with under whatever name.
bool begins_as_safetensors(const std::filesystem::path& path) {
  if (is_checkpoint_name(path)) return false;
  constexpr std::size_t kLength = 8;
  const MappedFile file(path);
  return file.text().size() > kLength && file.text()[kLength] == '{';
}

void refuse_other_kinds(const TensorFile& file) {
  for (const StoredTensor& tensor : file.tensors) {
    const std::string_view kind = other_kind(tensor.name);
    if (kind.empty()) continue;
    fail(ErrorKind::data, file.who, ": holds ", kind, ", not LoRA alone: tensor '",
         printable(tensor.name), "'");
  }
}

void check_whole(const TensorFile& file, const StoredPair& pair) {
  if (pair.a != nullptr && pair.b != nullptr) return;
  const StoredTensor* there = pair.a != nullptr ? pair.a : pair.b;
  if (there == nullptr) there = pair.magnitude != nullptr ? pair.magnitude : pair.alpha;
  fail(ErrorKind::data, file.who, ": tensor '", printable(there->name), "' has no ",
       pair.a == nullptr ? "lora_A" : "lora_B", " beside it: half a pair (file cut or filtered?)");
}

void check_shapes(const TensorFile& file, const StoredPair& pair) {
  const formats::Shape& a = pair.a->shape;
  const formats::Shape& b = pair.b->shape;
  const auto refuse = [&](std::string_view why) {
    fail(ErrorKind::data, file.who, ": module '", printable(pair.stem), "': lora_A ", shape_text(a),
         " and lora_B ", shape_text(b), ": expected (rank, in) and (out, rank)", why);
  };
  if (a.size() > 2 || b.size() > 2) refuse("; convolutions and stacked experts are not supported");
  if (a.size() != 2 || b.size() != 2) refuse("");
  if (a[0] != b[1]) refuse(a[1] == b[0] ? " (transposed, as MLX stores them?)" : "");
  if (a[0] < 1 || a[1] < 1 || b[0] < 1) refuse(", none of them 0");
  if (pair.magnitude != nullptr && pair.magnitude->shape != formats::Shape{b[0]}) {
    fail(ErrorKind::data, file.who, ": tensor '", printable(pair.magnitude->name), "': shape ",
         shape_text(pair.magnitude->shape), ", expected ", shape_text({b[0]}));
  }
}

}  // namespace

TensorFile open_tensor_file(const std::filesystem::path& path) {
  const std::string who = "adapter: " + path.string();
  return is_checkpoint_name(path) ? open_checkpoint(path, who) : open_safetensors(path, who);
}

std::vector<StoredPair> collect_pairs(const TensorFile& file, PairNames names,
                                      const std::function<bool(const StoredTensor&)>& is_beside) {
  refuse_other_kinds(file);
  std::vector<StoredPair> pairs;
  std::map<std::string, std::size_t> by_stem;
  for (const StoredTensor& tensor : file.tensors) {
    if (is_beside && is_beside(tensor)) continue;
    const std::optional<Key> key = parse_key(tensor.name, names);
    if (!key) {
      fail(ErrorKind::data, file.who, ": tensor '", printable(tensor.name),
           "': ", obstacle(tensor.name));
    }
    const auto [entry, is_new] = by_stem.emplace(key->stem, pairs.size());
    if (is_new) pairs.emplace_back().stem = key->stem;
    const StoredTensor*& place = slot(pairs[entry->second], key->part);
    if (place != nullptr) {
      fail(ErrorKind::data, file.who, ": tensors '", printable(place->name), "' and '",
           printable(tensor.name), "' are of the same module: more than one adapter in the file");
    }
    place = &tensor;
    if (key->part == Part::a) pairs[entry->second].adapter_name = key->adapter_name;
  }
  if (pairs.empty()) fail(ErrorKind::data, file.who, ": holds no LoRA matrices");
  for (const StoredPair& pair : pairs) check_whole(file, pair);
  return pairs;
}

LoraPair load_pair(const TensorFile& file, const StoredPair& stored, const std::string& module) {
  check_shapes(file, stored);
  LoraPair pair;
  pair.module = module;
  pair.key = stored.stem;
  pair.adapter_name = stored.adapter_name;
  pair.rank = stored.a->shape[0];
  pair.in = stored.a->shape[1];
  pair.out = stored.b->shape[0];
  pair.a = stored.a->read();
  pair.b = stored.b->read();
  if (stored.magnitude != nullptr) pair.magnitude = stored.magnitude->read();
  return pair;
}

double alpha_value(const TensorFile& file, const StoredTensor& tensor) {
  std::vector<float> values;
  if (checked_elements(tensor.shape) == 1U) values = tensor.read();
  if (values.size() != 1 || !std::isfinite(values[0])) {
    fail(ErrorKind::data, file.who, ": tensor '", printable(tensor.name), "': shape ",
         shape_text(tensor.shape), ", expected one finite number");
  }
  return static_cast<double>(values[0]);
}

double scale_by_alpha(const TensorFile& file, const StoredPair& stored, std::int64_t rank) {
  if (stored.alpha == nullptr) return 1.0;
  const double alpha = alpha_value(file, *stored.alpha);
  if (alpha == 0.0) {
    fail(ErrorKind::data, file.who, ": tensor '", printable(stored.alpha->name),
         "': alpha is 0, which kohya's loader takes for the rank and others for a scale of 0");
  }
  return alpha / static_cast<double>(rank);
}

bool has_tensor(const std::filesystem::path& path, bool (*test)(std::string_view name)) {
  if (path.extension() != ".safetensors" && !begins_as_safetensors(path)) return false;
  const formats::SafetensorsFile file(path);
  return std::any_of(file.tensors().begin(), file.tensors().end(),
                     [&](const formats::TensorView& tensor) { return test(tensor.name); });
}

}  // namespace dnd::adapter
