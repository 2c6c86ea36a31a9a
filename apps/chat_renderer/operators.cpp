#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>

#include "operations.h"
#include "python_text.h"

namespace dnd::renderer {
namespace {

[[noreturn]] void refuse_operands(const std::string& name, const value& left, const value& right) {
  refuse("operator '" + name + "' between " + name_of_type(left) + " and " + name_of_type(right));
}

value remainder(std::int64_t a, std::int64_t b) {  // with the sign of b
  if (b == 0) refuse("a division by zero");
  if (b == -1) return make_integer(0);
  const std::int64_t rest = a % b;
  return make_integer(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
}

value whole_arithmetic(char name, std::int64_t a, std::int64_t b) {
  if (name == '%') return remainder(a, b);
  std::int64_t result = 0;
  const bool beyond = name == '+'   ? __builtin_add_overflow(a, b, &result)
                      : name == '-' ? __builtin_sub_overflow(a, b, &result)
                                    : __builtin_mul_overflow(a, b, &result);
  if (beyond) refuse("an integer goes beyond 64 bits");
  return make_integer(result);
}

value fraction_arithmetic(char name, double a, double b) {
  double result = 0;
  switch (name) {
    case '+':
      result = a + b;
      break;
    case '-':
      result = a - b;
      break;
    case '*':
      result = a * b;
      break;
    case '/':
      if (b == 0) refuse("a division by zero");
      result = a / b;
      break;
    default:
      refuse("operator '%' on fractions");
  }
  return jinja::mk_val<jinja::value_float>(result);
}

value repeated(const value& text, std::int64_t times) {
  std::string out;
  const std::string once = text_of(text);
  std::size_t size = 0;
  if (times > 0 && __builtin_mul_overflow(once.size(), static_cast<std::size_t>(times), &size)) {
    refuse("a text repeated " + std::to_string(times) + " times");
  }
  out.reserve(size);
  for (std::int64_t i = 0; i < times; ++i) out += once;
  return make_text(out);
}

value joined_lists(const value& left, const value& right) {
  std::vector<value> items = left->val_arr;
  items.insert(items.end(), right->val_arr.begin(), right->val_arr.end());
  return make_list(std::move(items));
}

value arithmetic(const std::string& name, const value& left, const value& right) {
  const auto a = as_integer(left);
  const auto b = as_integer(right);
  if (a && b && name != "/") return whole_arithmetic(name[0], *a, *b);
  if (const auto x = as_number(left), y = as_number(right); x && y) {
    return fraction_arithmetic(name[0], *x, *y);
  }
  if (name == "+" && is_text(left) && is_text(right))
    return make_text(text_of(left) + text_of(right));
  if (name == "+" && left->type() == "Array" && right->type() == "Array") {
    return joined_lists(left, right);
  }
  if (name == "*" && is_text(left) && b) return repeated(left, *b);
  if (name == "*" && is_text(right) && a) return repeated(right, *a);
  refuse_operands(name, left, right);
}

template <typename T>
bool ordered(const std::string& name, const T& a, const T& b) {
  if (name == "<") return a < b;
  if (name == ">") return a > b;
  return name == "<=" ? a <= b : a >= b;
}

bool compared(const std::string& name, const value& left, const value& right) {
  if (const auto a = as_integer(left), b = as_integer(right); a && b) return ordered(name, *a, *b);
  if (const auto a = as_number(left), b = as_number(right); a && b) return ordered(name, *a, *b);
  if (is_text(left) && is_text(right)) return ordered(name, text_of(left), text_of(right));
  refuse_operands(name, left, right);
}

}  // namespace

value apply_operator(const std::string& name, const value& left, const value& right) {
  if (name == "~") return make_text(printed(left) + printed(right));
  if (name == "==") return make_bool(equal(left, right));
  if (name == "!=") return make_bool(!equal(left, right));
  if (name == "in") return make_bool(contains(right, left));
  if (name == "not in") return make_bool(!contains(right, left));
  if (name[0] == '<' || name[0] == '>') return make_bool(compared(name, left, right));
  return arithmetic(name, left, right);
}

namespace {

// Attributes that Python's types have: none of them is what a template means by a member's name.
const std::set<std::string>& python_attributes(const value& object) {
  static const std::set<std::string> text = {
      "capitalize",   "casefold",    "center",    "count",      "encode",       "endswith",
      "expandtabs",   "find",        "format",    "format_map", "index",        "isalnum",
      "isalpha",      "isascii",     "isdecimal", "isdigit",    "isidentifier", "islower",
      "isnumeric",    "isprintable", "isspace",   "istitle",    "isupper",      "join",
      "ljust",        "lower",       "lstrip",    "maketrans",  "partition",    "removeprefix",
      "removesuffix", "replace",     "rfind",     "rindex",     "rjust",        "rpartition",
      "rsplit",       "rstrip",      "split",     "splitlines", "startswith",   "strip",
      "swapcase",     "title",       "translate", "upper",      "zfill"};
  static const std::set<std::string> list = {"append", "clear",   "copy",   "count",
                                             "extend", "index",   "insert", "pop",
                                             "remove", "reverse", "sort"};
  static const std::set<std::string> dict = {"clear",      "copy",   "fromkeys", "get",
                                             "items",      "keys",   "pop",      "popitem",
                                             "setdefault", "update", "values"};
  static const std::set<std::string> number = {
      "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator",
      "from_bytes",       "fromhex",   "hex",        "imag",      "is_integer",
      "numerator",        "real",      "to_bytes"};
  static const std::set<std::string> none;
  if (is_text(object)) return text;
  if (is_list(object)) return list;
  if (is_dict(object)) return dict;
  return as_number(object) ? number : none;
}

value missing(const value& object, const std::string& name) {
  if (is_undefined(object)) refuse(name_of_type(object) + ", is asked for '" + name + "'");
  const std::string kind = name_of_type(object);
  if (python_attributes(object).count(name) > 0 || name.rfind("__", 0) == 0 ||
      !(is_text(object) || is_list(object) || is_dict(object) || is_none(object) ||
        as_number(object) || object->type() == "namespace")) {
    refuse("'" + name + "' of " + kind);
  }
  return make_undefined(name);
}

bool has_keys(const value& object) {
  return dynamic_cast<const jinja::value_object_t*>(object.get()) != nullptr;
}

}  // namespace

value attribute_of(const value& object, const std::string& name) {
  const bool shadowed = is_dict(object) && python_attributes(object).count(name) > 0;
  if (has_keys(object) && !shadowed) {
    if (value held = find_key(object, make_text(name)); held != nullptr) return held;
  }
  return missing(object, name);
}

value item_of(const value& object, const value& key) {
  if (has_keys(object)) {
    if (value held = find_key(object, key); held != nullptr) return held;
  }
  if (is_text(key)) return missing(object, text_of(key));
  const auto index = as_integer(key);
  if (index && is_text(object)) {
    const auto points = code_points(text_of(object));
    const auto size = static_cast<std::int64_t>(points.size());
    const std::int64_t at = *index < 0 ? *index + size : *index;
    return at < 0 || at >= size ? make_undefined("a code point")
                                : make_text(points[static_cast<std::size_t>(at)]);
  }
  if (index && is_list(object)) {
    const auto size = static_cast<std::int64_t>(object->val_arr.size());
    const std::int64_t at = *index < 0 ? *index + size : *index;
    return at < 0 || at >= size ? make_undefined("an item")
                                : object->val_arr[static_cast<std::size_t>(at)];
  }
  if (is_dict(object) || (index && is_none(object))) return make_undefined("an item");
  refuse(name_of_type(object) + " with " + name_of_type(key) + " in brackets");
}

value slice_of(const value& object, const value& start, const value& stop, const value& step) {
  const auto bound = [](const value& v) -> std::optional<std::int64_t> {
    if (v == nullptr || is_none(v)) return std::nullopt;
    const auto index = as_integer(v);
    if (!index) refuse("a slice to " + name_of_type(v));
    return index;
  };
  const std::int64_t by = bound(step).value_or(1);
  if (by == 0) refuse("a slice by 0");
  if (is_text(object)) {
    const auto points = code_points(text_of(object));
    std::string out;
    for (const std::size_t at :
         slice_indices(bound(start), bound(stop), by, static_cast<std::int64_t>(points.size()))) {
      out += points[at];
    }
    return make_text(out);
  }
  if (object->type() != "Array") refuse("a slice of " + name_of_type(object));
  std::vector<value> items;
  const auto length = static_cast<std::int64_t>(object->val_arr.size());
  for (const std::size_t at : slice_indices(bound(start), bound(stop), by, length)) {
    items.push_back(object->val_arr[at]);
  }
  return make_list(std::move(items));
}

}  // namespace dnd::renderer
