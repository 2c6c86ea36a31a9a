// Python pickles as inert data: nothing that a pickle names is ever looked up, called or built.
//
// Python's own machine runs whatever a pickle tells it to; this one turns the opcodes that plain
// data and tensors need (protocol 2) into a tree and refuses all others. A GLOBAL must be on the
// caller's list, a call is recorded as the name and its arguments, and what they mean is the
// caller's business. collections.OrderedDict() alone is understood: it is a dict.
//
// Memory stays within a small multiple of the pickle's size, and no depth of nesting recurses.
// Format: CPython, Lib/pickletools.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dnd::formats {

// A name that GLOBAL may mention.
struct PickleGlobal {
  std::string_view module;
  std::string_view name;
};

// Stands for Pickle's node of that number.
struct PickleRef {
  std::size_t index = 0;
};

using PickleValue =
    std::variant<bool, std::int64_t, std::string_view, const PickleGlobal*, PickleRef>;

struct PickleNode {
  enum class Kind { tuple, dict, call, persistent_id };

  Kind kind = Kind::tuple;
  const PickleGlobal* callee = nullptr;  // of a call
  // Elements, arguments or parts of the id; a dict has key, value, key, value, ... as written.
  std::vector<PickleValue> items;
};

// A parsed pickle. Strings are views into `bytes` and globals point into `allowed`: both must
// outlive it.
class Pickle {
 public:
  // Throws Error(data); `who` starts every message.
  Pickle(std::string_view bytes, std::span<const PickleGlobal> allowed, const std::string& who);

  const PickleValue& root() const { return root_; }
  // The node behind `value` if it is one of that kind, else nullptr.
  const PickleNode* node(const PickleValue& value, PickleNode::Kind kind) const;
  // "a dict", "the number 3", ...: for messages.
  std::string describe(const PickleValue& value) const;

 private:
  std::vector<PickleNode> nodes_;
  PickleValue root_;
};

}  // namespace dnd::formats
