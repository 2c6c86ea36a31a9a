// Values of the engine as Python sees them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "engine.h"

namespace dnd::renderer {

// What a call was given, names apart from positions.
struct Arguments {
  std::vector<value> positional;
  std::vector<std::pair<std::string, value>> named;  // as they stood

  // The argument called `name` or at `position`; null where it was not given.
  value find(std::size_t position, const std::string& name) const;
  // Refuses more positions than `most`, and names not in `names`. `what` is e.g. "filter 'trim'".
  void expect(const std::string& what, std::size_t least, std::size_t most,
              const std::vector<std::string>& names = {}) const;
};

// A function or macro.
struct Callable : jinja::value_t {
  using Body = std::function<value(const Arguments&, context&)>;
  Callable(std::string its_name, Body its_body)
      : name(std::move(its_name)), body(std::move(its_body)) {}
  std::string type() const override { return "function"; }
  bool as_bool() const override { return true; }
  jinja::hasher unique_hash() const noexcept override { return jinja::hasher(typeid(*this)); }

  std::string name;
  Body body;

 protected:
  bool equivalent(const jinja::value_t& other) const override { return this == &other; }
};

// Of namespace(): the only thing whose members a template may set. It has no methods.
struct Namespace : jinja::value_object_t {
  std::string type() const override { return "namespace"; }
  bool as_bool() const override { return true; }
};

// The variable `loop`.
struct Loop : jinja::value_object_t {
  std::string type() const override { return "loop"; }
};

// What `map`, `select` and the like give: true even if empty, good for one pass.
struct Generator : jinja::value_array_t {
  using jinja::value_array_t::value_array_t;
  std::string type() const override { return "generator"; }
  bool as_bool() const override { return true; }
  bool used = false;
};

// What `safe` gives: Jinja2 escapes what is added to it.
struct SafeText : jinja::value_string_t {
  using jinja::value_string_t::value_string_t;
  std::string type() const override { return "safe text"; }
};

value make_text(const std::string& text);
value make_integer(std::int64_t number);
value make_bool(bool truth);
value make_none();
value make_undefined(const std::string& name);
value make_list(std::vector<value> items);

bool is_text(const value& v);  // SafeText apart
bool is_undefined(const value& v);
bool is_none(const value& v);
bool is_bool(const value& v);
bool is_integer(const value& v);  // a bool apart
bool is_float(const value& v);
bool is_list(const value& v);  // a tuple, too; a Generator apart
bool is_dict(const value& v);  // Namespace and Loop apart

std::string text_of(const value& v);       // of a text or SafeText
std::string name_of_type(const value& v);  // "a list", for messages
bool truth(const value& v);
// Of an integer or bool.
std::optional<std::int64_t> as_integer(const value& v);
std::optional<double> as_number(const value& v);

// str(v); "" of undefined. Refuses lists, dicts, fractions and functions.
std::string printed(const value& v);
// a == b.
bool equal(const value& a, const value& b);
// The value of `key` in a dict, Namespace or Loop, or null. Refuses what cannot be a key.
value find_key(const value& dict, const value& key);
// item in container.
bool contains(const value& container, const value& item);
// What a loop over `v` sees; uses a Generator up. Refuses what is not iterable; `what` is who asks.
std::vector<value> items_of(const value& v, const std::string& what);
// json.dumps(v) with these options of transformers' filter `tojson`.
value to_json(const value& v, const Arguments& arguments, context& scope);

value from_json(const Json& json);

}  // namespace dnd::renderer
