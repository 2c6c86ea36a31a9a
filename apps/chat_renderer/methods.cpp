#include <algorithm>
#include <array>
#include <map>

#include "operations.h"
#include "python_text.h"
#include "text/unicode.h"

namespace dnd::renderer {
namespace {

using Method = value (*)(const value&, const Arguments&);

std::string text_argument(const value& v, const std::string& what) {
  if (v == nullptr || !is_text(v)) {
    refuse(what + " with " + (v == nullptr ? std::string("nothing") : name_of_type(v)));
  }
  return text_of(v);
}

template <bool kLeft, bool kRight>
value strip(const value& v, const Arguments& arguments) {
  arguments.expect("method 'strip'", 0, 1);
  std::optional<std::string> chars;
  if (!arguments.positional.empty() && !is_none(arguments.positional[0])) {
    chars = text_argument(arguments.positional[0], "method 'strip'");
  }
  return make_text(stripped(text_of(v), kLeft, kRight, chars));
}

value list_of_texts(const std::vector<std::string>& texts) {
  std::vector<value> items;
  items.reserve(texts.size());
  for (const std::string& text : texts) items.push_back(make_text(text));
  return make_list(std::move(items));
}

template <bool kFromRight>
value split(const value& v, const Arguments& arguments) {
  const std::string what = "method 'split'";
  arguments.expect(what, 0, 2, {"maxsplit"});
  const value most = arguments.find(1, "maxsplit");
  const auto bound = most == nullptr ? std::optional<std::int64_t>(-1) : as_integer(most);
  if (!bound) refuse(what + " at most " + name_of_type(most) + " times");
  if (arguments.positional.empty() || is_none(arguments.positional[0])) {
    if (*bound >= 0) refuse(what + " at white space and a bound");
    return list_of_texts(split_words(text_of(v)));
  }
  const std::string separator = text_argument(arguments.positional[0], what);
  if (separator.empty()) refuse(what + " at an empty text");
  return list_of_texts(kFromRight ? split_from_right(text_of(v), separator, *bound)
                                  : split_text(text_of(v), separator, *bound));
}

value replace(const value& v, const Arguments& arguments) {
  const std::string what = "method 'replace'";
  arguments.expect(what, 2, 3);
  const value count = arguments.find(2, "count");
  const auto bound = count == nullptr ? std::optional<std::int64_t>(-1) : as_integer(count);
  if (!bound) refuse(what + " at most " + name_of_type(count) + " times");
  return make_text(replaced(text_of(v), text_argument(arguments.positional[0], what),
                            text_argument(arguments.positional[1], what), *bound));
}

template <bool kAtEnd>
value has_affix(const value& v, const Arguments& arguments) {
  const std::string what = kAtEnd ? "method 'endswith'" : "method 'startswith'";
  arguments.expect(what, 1, 1);
  const std::string text = text_of(v);
  const auto fits = [&](const value& given) {
    const std::string affix = text_argument(given, what);
    return text.size() >= affix.size() &&
           text.compare(kAtEnd ? text.size() - affix.size() : 0, affix.size(), affix) == 0;
  };
  const value& given = arguments.positional[0];
  if (given->type() != "Tuple") return make_bool(fits(given));
  return make_bool(std::any_of(given->val_arr.begin(), given->val_arr.end(), fits));
}

// Whether Python makes several letters of one that has this code point, or looks at its neighbours; our
// tables have one for one.
bool has_special_case(char32_t point) {
  static constexpr std::array<char32_t, 10> kSpecial = {0xDF,  0x130, 0x149, 0x1F0, 0x390,
                                                        0x3A3, 0x3B0, 0x587, 0x1C5, 0x345};
  return std::find(kSpecial.begin(), kSpecial.end(), point) != kSpecial.end() ||
         (point >= 0x1E96 && point <= 0x1E9E) || (point >= 0x1F50 && point <= 0x1FFF) ||
         (point >= 0xFB00 && point <= 0xFB17);
}

// `text` by code points, with `change` where the special ones may be left as they are.
std::string in_case(const value& v, const Arguments& arguments, char32_t (*change)(char32_t)) {
  arguments.expect("a method of case", 0, 0);
  std::string out;
  for (const char32_t point : text::decode_utf8(text_of(v))) {
    if (has_special_case(point)) refuse("upper or lower case of a letter that Python treats apart");
    text::append_utf8(out, change(point));
  }
  return out;
}

value upper(const value& v, const Arguments& arguments) {
  return make_text(in_case(v, arguments, text::simple_upper));
}

value lower(const value& v, const Arguments& arguments) {
  return make_text(in_case(v, arguments, text::simple_lower));
}

value capitalize(const value& v, const Arguments& arguments) {
  std::string text = in_case(v, arguments, text::simple_lower);
  if (!text.empty() && (text[0] & 0x80) != 0)
    refuse("'capitalize' of a text that does not begin in ASCII");
  if (!text.empty())
    text[0] = static_cast<char>(text::simple_upper(static_cast<unsigned char>(text[0])));
  return make_text(text);
}

value format(const value& v, const Arguments& arguments) {
  const std::string what = "method 'format'";
  arguments.expect(what, 0, 99);
  const auto parts = split_text(text_of(v), "{}", -1);
  if (parts.size() > arguments.positional.size() + 1) refuse(what + " with too few arguments");
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].find_first_of("{}") != std::string::npos) refuse(what + " with more than '{}'");
    out += parts[i];
    if (i + 1 < parts.size()) out += printed(arguments.positional[i]);
  }
  return make_text(out);
}

value join(const value& v, const Arguments& arguments) {
  arguments.expect("method 'join'", 1, 1);
  std::string out;
  const auto items = items_of(arguments.positional[0], "method 'join'");
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += text_of(v);
    out += text_argument(items[i], "method 'join'");
  }
  return make_text(out);
}

value find(const value& v, const Arguments& arguments) {
  arguments.expect("method 'find'", 1, 1);
  const std::string text = text_of(v);
  const std::size_t at = text.find(text_argument(arguments.positional[0], "method 'find'"));
  if (at == std::string::npos) return make_integer(-1);
  return make_integer(
      static_cast<std::int64_t>(count_code_points(std::string_view(text).substr(0, at))));
}

value get(const value& v, const Arguments& arguments) {
  arguments.expect("method 'get'", 1, 2);
  value held = find_key(v, arguments.positional[0]);
  if (held != nullptr) return held;
  return arguments.positional.size() > 1 ? arguments.positional[1] : make_none();
}

// keys, values and items.
template <bool kKeys, bool kValues>
value view(const value& v, const Arguments& arguments) {
  arguments.expect("method 'items'", 0, 0);
  std::vector<value> out;
  for (const auto& pair : v->val_obj) {
    if (kKeys && kValues) {
      out.push_back(jinja::mk_val<jinja::value_tuple>(pair));
    } else {
      out.push_back(kKeys ? pair.first : pair.second);
    }
  }
  return make_list(std::move(out));
}

const std::map<std::string, Method>& methods(bool of_text) {
  static const std::map<std::string, Method> text = {
      {"capitalize", capitalize},
      {"endswith", has_affix<true>},
      {"find", find},
      {"format", format},
      {"join", join},
      {"lower", lower},
      {"lstrip", strip<true, false>},
      {"replace", replace},
      {"rsplit", split<true>},
      {"rstrip", strip<false, true>},
      {"split", split<false>},
      {"startswith", has_affix<false>},
      {"strip", strip<true, true>},
      {"upper", upper},
  };
  static const std::map<std::string, Method> dict = {
      {"get", get},
      {"items", view<true, true>},
      {"keys", view<true, false>},
      {"values", view<false, true>},
  };
  return of_text ? text : dict;
}

}  // namespace

value call_method(const value& object, const std::string& name, const Arguments& arguments) {
  if (is_text(object) || is_dict(object)) {
    const auto& table = methods(is_text(object));
    if (const auto method = table.find(name); method != table.end()) {
      return method->second(object, arguments);
    }
  }
  refuse("method '" + name + "' of " + name_of_type(object));
}

}  // namespace dnd::renderer
