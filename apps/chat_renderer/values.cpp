#include "values.h"

#include <algorithm>
#include <utility>

#include "python_text.h"

namespace dnd::renderer {

value Arguments::find(std::size_t position, const std::string& name) const {
  for (const auto& [given, argument] : named) {
    if (given == name) return argument;
  }
  return position < positional.size() ? positional[position] : nullptr;
}

void Arguments::expect(const std::string& what, std::size_t least, std::size_t most,
                       const std::vector<std::string>& names) const {
  if (positional.size() < least || positional.size() > most) {
    refuse(what + " got " + std::to_string(positional.size()) + " arguments");
  }
  for (const auto& [name, ignored] : named) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::string problem = what;
      problem.append(" with the argument '").append(name).append("'");
      refuse(problem);
    }
  }
}

value make_text(const std::string& text) { return jinja::mk_val<jinja::value_string>(text); }
value make_integer(std::int64_t number) { return jinja::mk_val<jinja::value_int>(number); }
value make_bool(bool truth) { return jinja::mk_val<jinja::value_bool>(truth); }
value make_none() { return jinja::mk_val<jinja::value_none>(); }
value make_undefined(const std::string& name) {
  return jinja::mk_val<jinja::value_undefined>(name);
}
value make_list(std::vector<value> items) {
  return jinja::mk_val<jinja::value_array>(std::move(items));
}

namespace {

template <typename T>
bool is(const value& v) {
  return dynamic_cast<const T*>(v.get()) != nullptr;
}

}  // namespace

bool is_text(const value& v) { return is<jinja::value_string_t>(v) && !is<SafeText>(v); }
bool is_undefined(const value& v) { return v->is_undefined(); }
bool is_none(const value& v) { return v->is_none(); }
bool is_bool(const value& v) { return is<jinja::value_bool_t>(v); }
bool is_integer(const value& v) { return is<jinja::value_int_t>(v); }
bool is_float(const value& v) { return is<jinja::value_float_t>(v); }
bool is_list(const value& v) { return is<jinja::value_array_t>(v) && !is<Generator>(v); }
bool is_dict(const value& v) {
  return is<jinja::value_object_t>(v) && !is<Namespace>(v) && !is<Loop>(v);
}

std::string text_of(const value& v) { return v->val_str.str(); }

std::string name_of_type(const value& v) {
  if (is_text(v)) return "a text";
  if (is_undefined(v)) {
    const auto& hint = static_cast<const jinja::value_undefined_t&>(*v).hint;
    return hint.empty() ? "something undefined" : "'" + hint + "', which is undefined";
  }
  if (is_none(v)) return "none";
  if (is_bool(v)) return "a bool";
  if (is_integer(v)) return "an integer";
  if (is_float(v)) return "a fraction";
  if (is_list(v)) return "a list";
  if (is_dict(v)) return "a dict";
  return "a " + v->type();
}

bool truth(const value& v) { return v->as_bool(); }

std::optional<std::int64_t> as_integer(const value& v) {
  if (is_integer(v) || is_bool(v)) return v->val_int;
  return std::nullopt;
}

std::optional<double> as_number(const value& v) {
  if (const auto whole = as_integer(v)) return static_cast<double>(*whole);
  if (is_float(v)) return v->val_flt;
  return std::nullopt;
}

std::string printed(const value& v) {
  if (is_text(v) || is<SafeText>(v)) return text_of(v);
  if (is_undefined(v)) return "";
  if (is_none(v)) return "None";
  if (is_bool(v)) return v->val_int != 0 ? "True" : "False";
  if (is_integer(v)) return std::to_string(v->val_int);
  refuse(name_of_type(v) + " is made text of");
}

namespace {

bool equal_items(const std::vector<value>& a, const std::vector<value>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

bool equal_dicts(const value& a, const value& b) {
  if (a->val_obj.size() != b->val_obj.size()) return false;
  return std::all_of(a->val_obj.begin(), a->val_obj.end(), [&](const auto& pair) {
    const value other = find_key(b, pair.first);
    return other != nullptr && equal(pair.second, other);
  });
}

}  // namespace

value find_key(const value& dict, const value& key) {
  if (is_list(key) || is_dict(key)) refuse(name_of_type(key) + " as the key of a dict");
  for (const auto& [name, held] : dict->val_obj) {
    if (equal(name, key)) return held;
  }
  return nullptr;
}

bool equal(const value& a, const value& b) {
  if (a == b) return true;
  if (const auto x = as_integer(a), y = as_integer(b); x && y) return *x == *y;
  if (const auto x = as_number(a), y = as_number(b); x && y) return *x == *y;
  if (is<jinja::value_string_t>(a) && is<jinja::value_string_t>(b)) return text_of(a) == text_of(b);
  if (is_none(a) || is_undefined(a)) {
    return is_none(a) == is_none(b) && is_undefined(a) == is_undefined(b);
  }
  if (is_list(a) && is_list(b)) {
    return is<jinja::value_tuple_t>(a) == is<jinja::value_tuple_t>(b) &&
           equal_items(a->val_arr, b->val_arr);
  }
  return is_dict(a) && is_dict(b) && equal_dicts(a, b);
}

bool contains(const value& container, const value& item) {
  if (is_undefined(container)) return false;
  if (is_text(container)) {
    if (!is_text(item)) refuse("'in': " + name_of_type(item) + " is looked for in a text");
    return text_of(container).find(text_of(item)) != std::string::npos;
  }
  if (is_dict(container)) return find_key(container, item) != nullptr;
  if (!is_list(container)) refuse("'in': something is looked for in " + name_of_type(container));
  const auto& items = container->val_arr;
  return std::any_of(items.begin(), items.end(), [&](const value& v) { return equal(v, item); });
}

std::vector<value> items_of(const value& v, const std::string& what) {
  if (auto* generator = dynamic_cast<Generator*>(v.get())) {
    if (generator->used) refuse(what + ": the result of a filter is gone through a second time");
    generator->used = true;
    return generator->val_arr;
  }
  if (is_list(v)) return v->val_arr;
  std::vector<value> items;
  if (is_dict(v)) {
    for (const auto& pair : v->val_obj) items.push_back(pair.first);
  } else if (is_text(v)) {
    for (std::string& point : code_points(text_of(v))) items.push_back(make_text(point));
  } else if (!is_undefined(v)) {
    refuse(what + ": " + name_of_type(v) + " cannot be gone through");
  }
  return items;
}

namespace {

// Refuses what the engine's writer does not write as json.dumps does.
void check_json(const value& v) {
  if (is_list(v)) {
    for (const value& item : v->val_arr) check_json(item);
  } else if (is_dict(v)) {
    for (const auto& [key, held] : v->val_obj) {
      if (!is_text(key)) refuse("filter 'tojson': the key of a dict is " + name_of_type(key));
      check_json(held);
    }
  } else if (!is_text(v) && !is_none(v) && !is_bool(v) && !is_integer(v)) {
    refuse("filter 'tojson': " + name_of_type(v) + " cannot be written");
  }
}

}  // namespace

value to_json(const value& v, const Arguments& arguments, context& scope) {
  const std::string what = "filter 'tojson'";
  arguments.expect(what, 0, 4, {"ensure_ascii", "indent", "separators", "sort_keys"});
  check_json(v);
  const value indent = arguments.find(1, "indent");
  if (indent != nullptr && !is_none(indent) && !(is_integer(indent) && indent->val_int >= 0)) {
    refuse(what + ": the indent is " + name_of_type(indent));
  }
  const value sorted = arguments.find(3, "sort_keys");
  if (sorted != nullptr && truth(sorted)) refuse(what + " with sorted keys");
  jinja::func_args call(scope);
  call.push_back(v);
  for (const value& argument : arguments.positional) call.push_back(argument);
  for (const auto& [name, argument] : arguments.named) {
    call.push_back(jinja::mk_val<jinja::value_kwarg>(name, argument));
  }
  return jinja::global_builtins().at("tojson")(call);
}

value from_json(const Json& json) {
  if (json.is_null()) return make_none();
  if (json.is_boolean()) return make_bool(json.get<bool>());
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) {
    refuse("a variable is an integer above 2^63");
  }
  if (json.is_number_integer()) return make_integer(json.get<std::int64_t>());
  if (json.is_number_float()) return jinja::mk_val<jinja::value_float>(json.get<double>());
  if (json.is_string()) return make_text(json.get<std::string>());
  if (json.is_array()) {
    std::vector<value> items;
    for (const Json& item : json) items.push_back(from_json(item));
    return make_list(std::move(items));
  }
  const auto dict = jinja::mk_val<jinja::value_object>();
  for (const auto& [key, held] : json.items()) dict->insert(key, from_json(held));
  return dict;
}

}  // namespace dnd::renderer
