#include "formats/torch_checkpoint.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/checked_math.h"
#include "base/lfs_pointer.h"
#include "base/strings.h"
#include "formats/pickle.h"

namespace dnd::formats {
namespace {

using Kind = PickleNode::Kind;

constexpr std::uint64_t kMaxPickleBytes = 16ULL << 20U;

// Every mention of a tensor in the pickle becomes a tensor with a shape of its own, at the cost of a
// few bytes in the file. Honest pickles hold at most 140,000 (formats/pickle.cpp); PyTorch's own
// operators take 64 dimensions.
constexpr std::size_t kMaxTensors = 200'000;
constexpr std::size_t kMaxDimensions = 64;

// PyTorch before 1.6 wrote a pickle of the number 0x1950a86a20f9469cfc6c first; before 0.1.10, tar.
constexpr std::string_view kLegacyMagic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
constexpr std::size_t kTarMagicAt = 257;

struct StorageType {
  std::string_view name;
  Dtype dtype;
};
constexpr std::array<StorageType, 10> kStorageTypes = {{{"FloatStorage", Dtype::f32},
                                                        {"BFloat16Storage", Dtype::bf16},
                                                        {"HalfStorage", Dtype::f16},
                                                        {"DoubleStorage", Dtype::f64},
                                                        {"LongStorage", Dtype::i64},
                                                        {"IntStorage", Dtype::i32},
                                                        {"ShortStorage", Dtype::i16},
                                                        {"CharStorage", Dtype::i8},
                                                        {"ByteStorage", Dtype::u8},
                                                        {"BoolStorage", Dtype::boolean}}};

constexpr PickleGlobal kOrderedDict = {"collections", "OrderedDict"};
constexpr PickleGlobal kRebuildTensor = {"torch._utils", "_rebuild_tensor_v2"};
constexpr PickleGlobal kRebuildParameter = {"torch._utils", "_rebuild_parameter"};

std::vector<PickleGlobal> make_allowed_globals() {
  std::vector<PickleGlobal> allowed = {kOrderedDict, kRebuildTensor, kRebuildParameter};
  for (const StorageType& type : kStorageTypes) allowed.push_back({"torch", type.name});
  return allowed;
}

bool is_call_of(const PickleNode* node, const PickleGlobal& callee) {
  return node != nullptr && node->callee->name == callee.name;
}

// Turns the pickle's tree into tensors, checked against the archive.
class StateDictReader {
 public:
  StateDictReader(const ZipArchive& archive, std::string top, const Pickle& pickle, std::string who)
      : archive_(archive), top_(std::move(top)), pickle_(pickle), who_(std::move(who)) {}

  std::vector<CheckpointTensor> read() const {
    const PickleNode* dict = pickle_.node(pickle_.root(), Kind::dict);
    if (dict == nullptr) {
      fail(ErrorKind::data, who_, ": holds ", pickle_.describe(pickle_.root()),
           ", expected a state_dict");
    }
    if (dict->items.size() / 2 > kMaxTensors) {
      fail(ErrorKind::data, who_, ": ", dict->items.size() / 2, " tensors, at most ", kMaxTensors,
           " allowed");
    }
    std::vector<CheckpointTensor> tensors;
    for (std::size_t i = 0; i < dict->items.size(); i += 2) {
      const auto* name = std::get_if<std::string_view>(&dict->items[i]);
      if (name == nullptr) {
        fail(ErrorKind::data, who_, ": a key is ", pickle_.describe(dict->items[i]),
             ", expected a string");
      }
      tensors.push_back(read_tensor(*name, dict->items[i + 1]));
    }
    return tensors;
  }

 private:
  // Refusals of one tensor start with its name.
  struct Place {
    const std::string& who;
    std::string_view name;

    template <typename... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
      fail(ErrorKind::data, who, ": tensor '", printable(name), "': ", parts...);
    }
  };

  CheckpointTensor read_tensor(std::string_view name, const PickleValue& value) const {
    const Place place{who_, name};
    const PickleNode* call = pickle_.node(value, Kind::call);
    if (is_call_of(call, kRebuildParameter)) {  // (data, requires_grad, hooks)
      check_arity(*call, 3, place);
      call = pickle_.node(call->items[0], Kind::call);
    }
    if (!is_call_of(call, kRebuildTensor)) {
      place.refuse("holds ", pickle_.describe(value),
                   ", expected a tensor (a whole training state? Save only model.state_dict())");
    }
    check_arity(*call, 6, place);  // (storage, offset, size, stride, requires_grad, hooks)
    const PickleNode* hooks = pickle_.node(call->items[5], Kind::dict);
    if (hooks == nullptr || !hooks->items.empty()) place.refuse("has backward hooks");
    CheckpointTensor tensor;
    tensor.name = name;
    tensor.shape = integers(call->items[2], "size", place);
    check_strides(tensor.shape, integers(call->items[3], "stride", place), place);
    const std::uint64_t stored = read_storage(call->items[0], tensor, place);
    locate(integer(call->items[1], "storage offset", place), stored, tensor, place);
    return tensor;
  }

  void check_arity(const PickleNode& call, std::size_t expected, const Place& place) const {
    if (call.items.size() == expected) return;
    place.refuse(call.callee->name, " with ", call.items.size(), " arguments, expected ", expected,
                 " (a tensor with metadata, or of a newer PyTorch?)");
  }

  std::int64_t integer(const PickleValue& value, std::string_view what, const Place& place) const {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < 0) {
      place.refuse(what, ": expected a number from 0 on, got ", pickle_.describe(value));
    }
    return *number;
  }

  Shape integers(const PickleValue& value, std::string_view what, const Place& place) const {
    const PickleNode* tuple = pickle_.node(value, Kind::tuple);
    if (tuple == nullptr) {
      place.refuse(what, ": expected a tuple, got ", pickle_.describe(value));
    }
    if (tuple->items.size() > kMaxDimensions) {
      place.refuse(what, ": ", tuple->items.size(), " numbers, at most ", kMaxDimensions,
                   " allowed");
    }
    Shape numbers;
    for (const PickleValue& item : tuple->items) numbers.push_back(integer(item, what, place));
    return numbers;
  }

  // C order. The stride of a dimension of size 1 means nothing, nor does any stride without
  // elements.
  static void check_strides(const Shape& shape, const Shape& strides, const Place& place) {
    bool contiguous = shape.size() == strides.size();
    const auto elements = checked_elements(shape);
    if (!elements) place.refuse("size ", shape_text(shape), " overflows");
    std::uint64_t expected = 1;
    for (std::size_t i = shape.size(); contiguous && *elements > 0 && i-- > 0;) {
      contiguous = shape[i] == 1 || static_cast<std::uint64_t>(strides[i]) == expected;
      expected *= static_cast<std::uint64_t>(shape[i]);  // divides *elements: no overflow
    }
    if (!contiguous) {
      place.refuse("size ", shape_text(shape), " has strides ", shape_text(strides),
                   ", expected C order (call .contiguous() before saving)");
    }
  }

  // Persistent id: ('storage', type, key, location, number of elements). Sets the tensor's dtype
  // and storage; returns the number of elements of the storage.
  std::uint64_t read_storage(const PickleValue& value, CheckpointTensor& tensor,
                             const Place& place) const {
    const PickleNode* id = pickle_.node(value, Kind::persistent_id);
    if (id == nullptr) place.refuse("storage: got ", pickle_.describe(value));
    const auto text = [&](std::size_t i) { return std::get_if<std::string_view>(&id->items[i]); };
    if (id->items.size() != 5 || text(0) == nullptr || *text(0) != "storage" ||
        text(2) == nullptr || text(3) == nullptr) {
      place.refuse("storage: expected ('storage', type, key, location, number of elements)");
    }
    tensor.dtype = storage_dtype(id->items[1], place);
    tensor.storage = cat(top_, "data/", *text(2));
    const std::int64_t elements = integer(id->items[4], "storage size", place);
    const ZipArchive::Entry* entry = archive_.find(tensor.storage);
    if (entry == nullptr) {
      place.refuse("storage '", printable(tensor.storage), "' is not in the archive");
    }
    const unsigned item = dtype_bits(tensor.dtype) / 8;
    const auto bytes = checked_mul(static_cast<std::uint64_t>(elements), item);
    if (bytes != entry->size) {
      place.refuse("storage '", printable(tensor.storage), "' holds ", entry->size, " bytes, ",
                   elements, " elements of ", dtype_name(tensor.dtype), " expected");
    }
    return static_cast<std::uint64_t>(elements);
  }

  Dtype storage_dtype(const PickleValue& value, const Place& place) const {
    if (const auto* global = std::get_if<const PickleGlobal*>(&value)) {
      for (const StorageType& type : kStorageTypes) {
        if (type.name == (*global)->name) return type.dtype;
      }
    }
    place.refuse("storage type: got ", pickle_.describe(value));
  }

  // Both factors are bounded by the storage's bytes once the sum of elements is.
  static void locate(std::int64_t offset, std::uint64_t stored, CheckpointTensor& tensor,
                     const Place& place) {
    const std::uint64_t elements = *checked_elements(tensor.shape);
    const auto end = checked_add(static_cast<std::uint64_t>(offset), elements);
    if (!end || *end > stored) {
      place.refuse("size ", shape_text(tensor.shape), " from offset ", offset,
                   " on does not fit into its storage of ", stored, " elements");
    }
    const unsigned item = dtype_bits(tensor.dtype) / 8;
    tensor.byte_offset = static_cast<std::uint64_t>(offset) * item;
    tensor.byte_size = elements * item;
  }

  const ZipArchive& archive_;
  std::string top_;
  const Pickle& pickle_;
  std::string who_;
};

std::string who(const std::filesystem::path& path) { return "torch checkpoint: " + path.string(); }

// Other files that PyTorch users have, told apart by their first bytes.
void refuse_other_formats(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::string_view text = file.text();
  if (text.empty()) fail(ErrorKind::data, who(path), ": the file is empty");
  if (text.starts_with(kLegacyMagic) ||
      (text.size() > kTarMagicAt && text.substr(kTarMagicAt).starts_with("ustar"))) {
    fail(ErrorKind::data, who(path),
         ": written in the format of PyTorch before 1.6: load it there"
         " and save it again with torch.save(state_dict, path)");
  }
  refuse_lfs_pointer(text, who(path));
  if (!text.starts_with("PK")) {
    fail(ErrorKind::data, who(path), ": not a file of torch.save (expected a zip archive)");
  }
}

ZipArchive open_archive(const std::filesystem::path& path) {
  refuse_other_formats(path);
  return {path, who(path)};
}

// "<top>/": the folder that holds everything, by the first entry.
std::string top_folder(const ZipArchive& archive, const std::string& who) {
  if (archive.entries().empty()) fail(ErrorKind::data, who, ": the archive is empty");
  const std::string& first = archive.entries().front().name;
  std::string top = first.substr(0, first.find('/') + 1);
  for (const ZipArchive::Entry& entry : archive.entries()) {
    if (entry.name == top + "constants.pkl" || entry.name.starts_with(top + "code/")) {
      fail(ErrorKind::data, who,
           ": a TorchScript archive, expected a state_dict (save"
           " model.state_dict() instead of the scripted model)");
    }
  }
  return top;
}

void check_byte_order(const ZipArchive& archive, const std::string& top, const std::string& who) {
  const ZipArchive::Entry* entry = archive.find(top + "byteorder");
  if (entry == nullptr) return;  // PyTorch before 2.0: little-endian machines only
  const std::string order = archive.read_text(*entry, 16);
  if (order != "little") {
    fail(ErrorKind::data, who, ": byte order '", printable(order), "', expected 'little'");
  }
}

std::vector<CheckpointTensor> read_state_dict(const ZipArchive& archive, const std::string& who) {
  static const std::vector<PickleGlobal> allowed = make_allowed_globals();
  const std::string top = top_folder(archive, who);
  const ZipArchive::Entry* entry = archive.find(top + "data.pkl");
  if (entry == nullptr) {
    fail(ErrorKind::data, who, ": no entry '", printable(top), "data.pkl' (not from torch.save?)");
  }
  check_byte_order(archive, top, who);
  const std::string bytes = archive.read_text(*entry, kMaxPickleBytes);
  const Pickle pickle(bytes, allowed, who + ": data.pkl");
  return StateDictReader(archive, top, pickle, who).read();
}

}  // namespace

TorchCheckpoint::TorchCheckpoint(const std::filesystem::path& path)
    : path_(path), archive_(open_archive(path)), tensors_(read_state_dict(archive_, who(path))) {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (index_.emplace(tensors_[i].name, i).second) continue;
    fail(ErrorKind::data, who(path), ": tensor '", printable(tensors_[i].name), "' appears twice");
  }
}

const CheckpointTensor* TorchCheckpoint::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

void TorchCheckpoint::read(const CheckpointTensor& tensor, const ByteSink& sink) const {
  archive_.read(*archive_.find(tensor.storage), tensor.byte_offset, tensor.byte_size, sink);
}

std::vector<float> TorchCheckpoint::read_f32(const CheckpointTensor& tensor) const {
  if (!is_float_convertible(tensor.dtype)) {
    fail(ErrorKind::data, who(path_), ": ", refused_type(tensor.dtype, tensor.name));
  }
  const std::size_t item = dtype_bits(tensor.dtype) / 8;
  std::vector<float> values(tensor.byte_size / item);
  std::size_t done = 0;
  read(tensor, [&](std::span<const std::byte> piece) {
    const std::size_t count = piece.size() / item;
    to_f32(tensor.dtype, piece, std::span(values).subspan(done, count));
    done += count;
  });
  return values;
}

}  // namespace dnd::formats
