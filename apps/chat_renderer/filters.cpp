#include <algorithm>
#include <map>

#include "operations.h"
#include "python_text.h"

namespace dnd::renderer {
namespace {

using Filter = value (*)(const value&, const Arguments&, context&);

// Text of `v` for a filter that makes text of what it is given.
std::string soft_text(const value& v, const std::string& name) {
  if (v->type() == "safe text") refuse("filter '" + name + "' after 'safe'");
  return printed(v);
}

// The method of the same name does the rest.
template <const char* kName>
value as_method(const value& v, const Arguments& arguments, context&) {
  return call_method(make_text(soft_text(v, kName)), kName, arguments);
}
constexpr char kUpper[] = "upper", kLower[] = "lower", kCapitalize[] = "capitalize",
               kReplace[] = "replace";

value trim(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'trim'", 0, 1, {"chars"});
  Arguments chars;
  if (const value given = arguments.find(0, "chars"); given != nullptr) {
    chars.positional.push_back(given);
  }
  return call_method(make_text(soft_text(v, "trim")), "strip", chars);
}

value length(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'length'", 0, 0);
  if (is_text(v)) return make_integer(static_cast<std::int64_t>(count_code_points(text_of(v))));
  if (!is_list(v) && !is_dict(v) && !is_undefined(v))
    refuse("filter 'length' of " + name_of_type(v));
  return make_integer(
      static_cast<std::int64_t>(is_dict(v) ? v->val_obj.size() : v->val_arr.size()));
}

value otherwise(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'default'", 0, 2, {"default_value", "boolean"});
  const value other = arguments.find(0, "default_value");
  const value boolean = arguments.find(1, "boolean");
  const bool absent = is_undefined(v) || (boolean != nullptr && truth(boolean) && !truth(v));
  if (!absent) return v;
  return other == nullptr ? make_text("") : other;
}

value as_text(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'string'", 0, 0);
  return make_text(soft_text(v, "string"));
}

value as_safe(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'safe'", 0, 0);
  return jinja::mk_val<SafeText>(printed(v));
}

value as_int(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'int'", 0, 1, {"default"});
  if (const auto number = as_integer(v)) return make_integer(*number);
  const value other = arguments.find(0, "default");
  if (is_none(v)) return other == nullptr ? make_integer(0) : other;
  if (!is_text(v)) refuse("filter 'int' of " + name_of_type(v));
  std::string digits = stripped(text_of(v), true, true, std::nullopt);
  const bool minus = !digits.empty() && digits[0] == '-';
  if (minus || (!digits.empty() && digits[0] == '+')) digits.erase(0, 1);
  const bool plain = !digits.empty() && digits.size() < 19 &&
                     digits.find_first_not_of("0123456789") == std::string::npos;
  if (!plain) refuse("filter 'int' of a text that is not an integer");
  return make_integer(minus ? -std::stoll(digits) : std::stoll(digits));
}

value as_list(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'list'", 0, 0);
  return make_list(items_of(v, "filter 'list'"));
}

value first(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'first'", 0, 0);
  const auto items = items_of(v, "filter 'first'");
  return items.empty() ? make_undefined("the first item") : items.front();
}

value last(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'last'", 0, 0);
  if (v->type() == "generator") refuse("filter 'last' of a generator");
  const auto items = items_of(v, "filter 'last'");
  return items.empty() ? make_undefined("the last item") : items.back();
}

value reversed(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'reverse'", 0, 0);
  if (!is_list(v)) refuse("filter 'reverse' of " + name_of_type(v));
  return jinja::mk_val<Generator>(std::vector<value>(v->val_arr.rbegin(), v->val_arr.rend()));
}

value pairs(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'items'", 0, 0);
  if (is_undefined(v)) return make_list({});
  if (!is_dict(v)) refuse("the pairs of " + name_of_type(v));
  return call_method(v, "items", {});
}

// "a.b.0" of an item, as map, join and selectattr take it.
value path_of(value item, const value& path) {
  if (!is_text(path)) return item_of(item, path);
  for (const std::string& part : split_text(text_of(path), ".", -1)) {
    const bool index = !part.empty() && part.size() < 10 &&
                       part.find_first_not_of("0123456789") == std::string::npos;
    item = item_of(item, index ? make_integer(std::stoll(part)) : make_text(part));
  }
  return item;
}

value join(const value& v, const Arguments& arguments, context&) {
  arguments.expect("filter 'join'", 0, 2, {"d", "attribute"});
  const value between = arguments.find(0, "d");
  const value path = arguments.find(1, "attribute");
  std::string out;
  bool begun = false;
  for (value item : items_of(v, "filter 'join'")) {
    if (path != nullptr && !is_none(path)) item = path_of(item, path);
    if (begun && between != nullptr) out += soft_text(between, "join");
    out += soft_text(item, "join");
    begun = true;
  }
  return make_text(out);
}

// For filters that take nothing for no items.
std::vector<value> items_or_none(const value& v, const std::string& what) {
  return truth(v) ? items_of(v, what) : std::vector<value>();
}

value map_items(const value& v, const Arguments& arguments, context& scope) {
  std::vector<value> out;
  if (arguments.positional.empty()) {
    arguments.expect("filter 'map'", 0, 0, {"attribute"});
    const value path = arguments.find(0, "attribute");
    if (path == nullptr) refuse("filter 'map' without a filter or an attribute");
    for (const value& item : items_or_none(v, "filter 'map'")) out.push_back(path_of(item, path));
  } else {
    Arguments rest = arguments;
    rest.positional.erase(rest.positional.begin());
    const std::string filter = printed(arguments.positional[0]);
    for (const value& item : items_or_none(v, "filter 'map'")) {
      out.push_back(apply_filter(filter, item, rest, scope));
    }
  }
  return jinja::mk_val<Generator>(std::move(out));
}

// select and reject, and with an attribute's path first selectattr and rejectattr.
template <bool kWanted, bool kPath>
value choose(const value& v, const Arguments& arguments, context&) {
  const std::string what =
      kPath ? "filter 'selectattr' or 'rejectattr'" : "filter 'select' or 'reject'";
  constexpr std::size_t kTest = kPath ? 1 : 0;
  arguments.expect(what, kTest, 99);
  Arguments rest;
  for (std::size_t i = kTest + 1; i < arguments.positional.size(); ++i) {
    rest.positional.push_back(arguments.positional[i]);
  }
  std::vector<value> out;
  for (const value& item : items_or_none(v, what)) {
    const value judged = kPath ? path_of(item, arguments.positional[0]) : item;
    const bool holds = arguments.positional.size() > kTest
                           ? apply_test(printed(arguments.positional[kTest]), judged, rest)
                           : truth(judged);
    if (holds == kWanted) out.push_back(item);
  }
  return jinja::mk_val<Generator>(std::move(out));
}

// What dictsort orders by: letters without regard to case.
value sort_key(const value& pair) {
  const value& key = pair->val_arr[0];
  return is_text(key) ? call_method(key, "lower", {}) : key;
}

value sorted_pairs(const value& v, const Arguments& arguments, context& scope) {
  arguments.expect("filter 'dictsort'", 0, 0);
  if (is_undefined(v)) refuse("filter 'dictsort' of " + name_of_type(v));
  std::vector<value> out = pairs(v, arguments, scope)->val_arr;
  std::stable_sort(out.begin(), out.end(), [](const value& a, const value& b) {
    return truth(apply_operator("<", sort_key(a), sort_key(b)));
  });
  return make_list(std::move(out));
}

const std::map<std::string, Filter>& filters() {
  static const std::map<std::string, Filter> table = {
      {"capitalize", as_method<kCapitalize>},
      {"count", length},
      {"d", otherwise},
      {"default", otherwise},
      {"dictsort", sorted_pairs},
      {"first", first},
      {"int", as_int},
      {"items", pairs},
      {"join", join},
      {"last", last},
      {"length", length},
      {"list", as_list},
      {"lower", as_method<kLower>},
      {"map", map_items},
      {"reject", choose<false, false>},
      {"rejectattr", choose<false, true>},
      {"replace", as_method<kReplace>},
      {"reverse", reversed},
      {"safe", as_safe},
      {"select", choose<true, false>},
      {"selectattr", choose<true, true>},
      {"string", as_text},
      {"tojson", to_json},
      {"trim", trim},
      {"upper", as_method<kUpper>},
  };
  return table;
}

}  // namespace

value apply_filter(const std::string& name, const value& v, const Arguments& arguments,
                   context& scope) {
  const auto filter = filters().find(name);
  if (filter == filters().end()) refuse("filter '" + name + "'");
  return filter->second(v, arguments, scope);
}

}  // namespace dnd::renderer
