#include "formats/pickle.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"

namespace dnd::formats {
namespace {

using Kind = PickleNode::Kind;

// A tensor costs about seven nodes and nine memo entries, so 140,000 tensors fit. The stack holds
// one batch of SETITEMS: Python's writer sends 1,000 items at a time.
constexpr std::size_t kMaxNodes = 1'000'000;
constexpr std::size_t kMaxItems = 8'000'000;  // in all nodes together
constexpr std::size_t kMaxMemo = 2'000'000;
constexpr std::size_t kMaxStack = 10'000;

enum class Opcode : unsigned char {
  mark = '(',
  stop = '.',
  bin_int = 'J',
  bin_int1 = 'K',
  bin_int2 = 'M',
  bin_persid = 'Q',
  reduce = 'R',
  bin_unicode = 'X',
  empty_tuple = ')',
  build = 'b',
  global = 'c',
  bin_get = 'h',
  long_bin_get = 'j',
  bin_put = 'q',
  long_bin_put = 'r',
  set_item = 's',
  tuple = 't',
  set_items = 'u',
  empty_dict = '}',
  proto = 0x80,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  new_true = 0x88,
  new_false = 0x89,
  long1 = 0x8A,
};

// Names for messages about opcodes that other pickles have.
struct RefusedOpcode {
  unsigned char code;
  std::string_view name;
};
constexpr std::array<RefusedOpcode, 24> kRefused = {
    {{'0', "POP"},           {'2', "DUP"},      {'F', "FLOAT"},
     {'I', "INT"},           {'L', "LONG"},     {'N', "NONE"},
     {'P', "PERSID"},        {'S', "STRING"},   {'T', "BINSTRING"},
     {'V', "UNICODE"},       {'G', "BINFLOAT"}, {']', "EMPTY_LIST"},
     {'a', "APPEND"},        {'e', "APPENDS"},  {'l', "LIST"},
     {'d', "DICT"},          {'i', "INST"},     {'o', "OBJ"},
     {0x81, "NEWOBJ"},       {0x82, "EXT1"},    {0x8C, "SHORT_BINUNICODE"},
     {0x93, "STACK_GLOBAL"}, {0x94, "MEMOIZE"}, {0x95, "FRAME"}}};

std::string_view opcode_name(unsigned char code) {
  const auto* found =
      std::find_if(kRefused.begin(), kRefused.end(),
                   [&](const RefusedOpcode& refused) { return refused.code == code; });
  return found == kRefused.end() ? "unknown" : found->name;
}

// The stack machine. Every access is checked; positions in messages are those of the opcode.
class Machine {
 public:
  Machine(std::string_view bytes, std::span<const PickleGlobal> allowed, const std::string& who)
      : bytes_(bytes), allowed_(allowed), who_(who) {}

  PickleValue run() {
    if (bytes_.substr(0, 2) != "\x80\x02") refuse("not a pickle of protocol 2");
    bool running = true;
    while (running) {
      opcode_at_ = position_;
      running = step(static_cast<unsigned char>(take(1)[0]));
    }
    if (position_ != bytes_.size()) refuse(bytes_.size() - position_, " bytes follow the end");
    const PickleValue root = pop();
    if (!stack_.empty() || !marks_.empty()) refuse("values are left over at the end");
    return root;
  }

  std::vector<PickleNode> take_nodes() { return std::move(nodes_); }

 private:
  template <typename... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail(ErrorKind::data, who_, ": byte ", opcode_at_, ": ", parts...);
  }

  // Executes one opcode; false at the end of the pickle.
  bool step(unsigned char code) {
    switch (static_cast<Opcode>(code)) {
      case Opcode::proto:
        read_protocol();
        return true;
      case Opcode::mark:
        push_mark();
        return true;
      case Opcode::stop:
        return false;
      case Opcode::bin_get:
        recall(take_unsigned(1));
        return true;
      case Opcode::long_bin_get:
        recall(take_unsigned(4));
        return true;
      case Opcode::bin_put:
        memoize(take_unsigned(1));
        return true;
      case Opcode::long_bin_put:
        memoize(take_unsigned(4));
        return true;
      case Opcode::set_item:
        set_items(pop_values(2));
        return true;
      case Opcode::set_items:
        set_items(pop_to_mark());
        return true;
      case Opcode::build:
        build();
        return true;
      default:
        push(make(code));
        return true;
    }
  }

  // The opcodes that leave one new value on the stack.
  PickleValue make(unsigned char code) {
    switch (static_cast<Opcode>(code)) {
      case Opcode::bin_int:
        return std::int64_t{static_cast<std::int32_t>(take_unsigned(4))};
      case Opcode::bin_int1:
        return static_cast<std::int64_t>(take_unsigned(1));
      case Opcode::bin_int2:
        return static_cast<std::int64_t>(take_unsigned(2));
      case Opcode::long1:
        return read_long();
      case Opcode::new_true:
        return true;
      case Opcode::new_false:
        return false;
      case Opcode::bin_unicode:
        return read_text();
      case Opcode::global:
        return read_global();
      case Opcode::empty_tuple:
        return add({Kind::tuple, nullptr, {}});
      case Opcode::tuple1:
        return add({Kind::tuple, nullptr, pop_values(1)});
      case Opcode::tuple2:
        return add({Kind::tuple, nullptr, pop_values(2)});
      case Opcode::tuple3:
        return add({Kind::tuple, nullptr, pop_values(3)});
      case Opcode::tuple:
        return add({Kind::tuple, nullptr, pop_to_mark()});
      case Opcode::empty_dict:
        return add({Kind::dict, nullptr, {}});
      case Opcode::reduce:
        return reduce();
      case Opcode::bin_persid:
        return add({Kind::persistent_id, nullptr, node(pop(), Kind::tuple).items});
      default:
        break;
    }
    refuse("opcode ", opcode_name(code), " (0x", to_hex(&code, 1),
           ") is not allowed in a state_dict; nothing was executed (save only"
           " model.state_dict(), with the default pickle protocol)");
  }

  // Reading the arguments of opcodes.

  std::string_view take(std::size_t count) {
    const std::size_t left = bytes_.size() - position_;
    if (count > left) refuse(count, " bytes needed, ", left, " left (file truncated?)");
    position_ += count;
    return bytes_.substr(position_ - count, count);
  }

  std::uint64_t take_unsigned(std::size_t count) {
    std::uint64_t value = 0;
    const std::string_view digits = take(count);
    for (std::size_t i = count; i-- > 0;)
      value = value << 8U | static_cast<unsigned char>(digits[i]);
    return value;
  }

  void read_protocol() {
    if (opcode_at_ != 0) refuse("PROTO in the middle");
    take(1);
  }

  // Little-endian two's complement of 0 to 8 bytes.
  std::int64_t read_long() {
    const std::uint64_t count = take_unsigned(1);
    if (count > 8) refuse("an integer of ", count, " bytes, at most 8 allowed");
    if (count == 0) return 0;
    const auto unused = static_cast<unsigned>(64 - 8 * count);
    return static_cast<std::int64_t>(take_unsigned(count) << unused) >> unused;
  }

  std::string_view read_text() {
    const std::string_view text = take(take_unsigned(4));
    if (!is_valid_utf8(text)) refuse("a string is not UTF-8: '", printable(text), "'");
    return text;
  }

  std::string_view take_line() {
    const std::size_t end = bytes_.find('\n', position_);
    if (end == std::string_view::npos) refuse("a name without an end (file truncated?)");
    const std::string_view line = bytes_.substr(position_, end - position_);
    position_ = end + 1;
    return line;
  }

  const PickleGlobal* read_global() {
    const std::string_view module = take_line();
    const std::string_view name = take_line();
    for (const PickleGlobal& global : allowed_) {
      if (global.module == module && global.name == name) return &global;
    }
    refuse("global '", printable(module), " ", printable(name),
           "' is not allowed in a state_dict: the file may be malicious; nothing was executed");
  }

  // The stack, the memo and the nodes.

  void push(const PickleValue& value) {
    if (stack_.size() >= kMaxStack) refuse("more than ", kMaxStack, " values on the stack");
    stack_.push_back(value);
  }

  void push_mark() {
    if (marks_.size() >= kMaxStack) refuse("more than ", kMaxStack, " marks on the stack");
    marks_.push_back(stack_.size());
  }

  std::vector<PickleValue> pop_values(std::size_t count) {
    const std::size_t bottom = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() - bottom < count) refuse("the stack is empty");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<PickleValue> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    return values;
  }

  PickleValue pop() { return pop_values(1).front(); }

  std::vector<PickleValue> pop_to_mark() {
    if (marks_.empty()) refuse("no mark on the stack");
    std::vector<PickleValue> values = pop_values(stack_.size() - marks_.back());
    marks_.pop_back();
    return values;
  }

  // Python numbers its memo 0, 1, 2, ...; anything else could make a huge table of nothing.
  void memoize(std::size_t index) {
    const PickleValue value = pop();
    push(value);
    if (index > memo_.size() || index >= kMaxMemo) {
      refuse("memo entry ", index, " follows entry ", memo_.size());
    }
    if (index == memo_.size()) memo_.emplace_back();
    memo_[index] = value;
  }

  void recall(std::size_t index) {
    if (index >= memo_.size()) refuse("memo entry ", index, " is not set");
    push(memo_[index]);
  }

  PickleValue add(PickleNode made) {
    if (nodes_.size() >= kMaxNodes) refuse("more than ", kMaxNodes, " objects");
    count_items(made.items.size());
    nodes_.push_back(std::move(made));
    return PickleRef{nodes_.size() - 1};
  }

  // A short opcode can copy a long tuple, so the size of the file alone is no bound.
  void count_items(std::size_t added) {
    items_ += added;
    if (items_ > kMaxItems) refuse("more than ", kMaxItems, " values in tuples and dicts");
  }

  PickleNode& node(const PickleValue& value, Kind kind) {
    const auto* ref = std::get_if<PickleRef>(&value);
    if (ref == nullptr || nodes_[ref->index].kind != kind) {
      refuse("expected a ", kind == Kind::tuple ? "tuple" : "dict", " on the stack");
    }
    return nodes_[ref->index];
  }

  PickleValue reduce() {
    const PickleValue arguments = pop();
    const PickleValue callee = pop();
    const auto* global = std::get_if<const PickleGlobal*>(&callee);
    if (global == nullptr) refuse("a call of something that is not a global");
    std::vector<PickleValue> items = node(arguments, Kind::tuple).items;
    if ((*global)->name != "OrderedDict") return add({Kind::call, *global, std::move(items)});
    if (!items.empty()) refuse("OrderedDict with arguments");
    return add({Kind::dict, nullptr, {}});
  }

  void set_items(const std::vector<PickleValue>& pairs) {
    if (pairs.size() % 2 != 0) refuse("a key without a value");
    const PickleValue target = pop();
    push(target);
    std::vector<PickleValue>& items = node(target, Kind::dict).items;
    count_items(pairs.size());
    items.insert(items.end(), pairs.begin(), pairs.end());
  }

  // Attributes of an OrderedDict: state_dict() sets `_metadata`, the versions of the modules.
  void build() {
    node(pop(), Kind::dict);
    const PickleValue target = pop();
    node(target, Kind::dict);
    push(target);
  }

  std::string_view bytes_;
  std::span<const PickleGlobal> allowed_;
  const std::string& who_;
  std::size_t position_ = 0;
  std::size_t opcode_at_ = 0;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;  // sizes of the stack where MARK was pushed
  std::vector<PickleValue> memo_;
  std::vector<PickleNode> nodes_;
  std::size_t items_ = 0;
};

}  // namespace

Pickle::Pickle(std::string_view bytes, std::span<const PickleGlobal> allowed,
               const std::string& who) {
  Machine machine(bytes, allowed, who);
  root_ = machine.run();
  nodes_ = machine.take_nodes();
}

const PickleNode* Pickle::node(const PickleValue& value, PickleNode::Kind kind) const {
  const auto* ref = std::get_if<PickleRef>(&value);
  if (ref == nullptr || nodes_[ref->index].kind != kind) return nullptr;
  return &nodes_[ref->index];
}

std::string Pickle::describe(const PickleValue& value) const {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "True" : "False";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return cat("the number ", *number);
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return cat("the string '", printable(*text), "'");
  }
  if (const auto* global = std::get_if<const PickleGlobal*>(&value)) {
    return cat("the global ", (*global)->module, ".", (*global)->name);
  }
  const PickleNode& node = nodes_[std::get<PickleRef>(value).index];
  switch (node.kind) {
    case Kind::tuple:
      return cat("a tuple of ", node.items.size());
    case Kind::dict:
      return "a dict";
    case Kind::call:
      return cat("the result of ", node.callee->module, ".", node.callee->name);
    case Kind::persistent_id:
      return "a storage";
  }
  return "";
}

}  // namespace dnd::formats
