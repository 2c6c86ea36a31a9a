#include <algorithm>
#include <map>

#include "operations.h"

namespace dnd::renderer {
namespace {

using Test = bool (*)(const value&, const Arguments&);

bool is_number(const value& v) { return as_number(v).has_value(); }

// Of `v` with the one argument.
template <const char* kOperator>
bool operation(const value& v, const Arguments& arguments) {
  arguments.expect("a comparing test", 1, 1);
  return truth(apply_operator(kOperator, v, arguments.positional[0]));
}

template <bool (*kIs)(const value&)>
bool kind(const value& v, const Arguments& arguments) {
  arguments.expect("a test of a type", 0, 0);
  return kIs(v);
}

bool is_defined(const value& v) { return !is_undefined(v); }
bool is_true(const value& v) { return is_bool(v) && v->val_int != 0; }
bool is_false(const value& v) { return is_bool(v) && v->val_int == 0; }
bool is_any_text(const value& v) { return is_text(v) || v->type() == "safe text"; }
bool is_sequence(const value& v) {
  return is_any_text(v) || is_list(v) || is_dict(v) || is_undefined(v);
}
bool is_iterable(const value& v) { return is_sequence(v) || v->type() == "generator"; }

std::int64_t whole(const value& v) {
  const auto number = as_integer(v);
  if (!number) refuse("whether " + name_of_type(v) + " is odd, even or divisible");
  return *number;
}
bool is_odd(const value& v) { return whole(v) % 2 != 0; }
bool is_even(const value& v) { return whole(v) % 2 == 0; }

bool is_divisible(const value& v, const Arguments& arguments) {
  arguments.expect("test 'divisibleby'", 1, 1);
  const value rest = apply_operator("%", make_integer(whole(v)), arguments.positional[0]);
  return !truth(rest);
}

constexpr char kEq[] = "==", kNe[] = "!=", kLt[] = "<", kLe[] = "<=", kGt[] = ">",
               kGe[] = ">=", kIn[] = "in";

const std::map<std::string, Test>& tests() {
  static const std::map<std::string, Test> table = {
      {"boolean", kind<is_bool>},      {"defined", kind<is_defined>},
      {"divisibleby", is_divisible},   {"eq", operation<kEq>},
      {"equalto", operation<kEq>},     {"==", operation<kEq>},
      {"even", kind<is_even>},         {"false", kind<is_false>},
      {"float", kind<is_float>},       {"ge", operation<kGe>},
      {"greaterthan", operation<kGt>}, {"gt", operation<kGt>},
      {"in", operation<kIn>},          {"integer", kind<is_integer>},
      {"iterable", kind<is_iterable>}, {"le", operation<kLe>},
      {"lessthan", operation<kLt>},    {"lt", operation<kLt>},
      {"mapping", kind<is_dict>},      {"ne", operation<kNe>},
      {"!=", operation<kNe>},          {"none", kind<is_none>},
      {"number", kind<is_number>},     {"odd", kind<is_odd>},
      {"sequence", kind<is_sequence>}, {"string", kind<is_any_text>},
      {"true", kind<is_true>},         {"undefined", kind<is_undefined>},
  };
  return table;
}

}  // namespace

bool apply_test(const std::string& name, const value& v, const Arguments& arguments) {
  const auto test = tests().find(name);
  if (test == tests().end()) refuse("test '" + name + "'");
  return test->second(v, arguments);
}

}  // namespace dnd::renderer
