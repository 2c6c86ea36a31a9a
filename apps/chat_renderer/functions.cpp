#include <array>
#include <ctime>

#include "operations.h"

namespace dnd::renderer {
namespace {

value range(const Arguments& arguments, context&) {
  arguments.expect("function 'range'", 1, 3);
  std::array<std::int64_t, 3> given = {0, 0, 1};  // start, stop, step
  const std::size_t count = arguments.positional.size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto number = as_integer(arguments.positional[i]);
    if (!number) refuse("function 'range' of " + name_of_type(arguments.positional[i]));
    given[count == 1 ? 1 : i] = *number;
  }
  const auto [start, stop, step] = given;
  if (step == 0) refuse("function 'range' with a step of 0");
  constexpr std::size_t kMost = 100000;  // the reference's own bound
  std::vector<value> items;
  for (std::int64_t at = start; step > 0 ? at < stop : at > stop;) {
    if (items.size() == kMost) refuse("function 'range' of more than 100000 numbers");
    items.push_back(make_integer(at));
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return make_list(std::move(items));
}

// Fills `into` from a dict and from named arguments.
void fill(jinja::value_object_t& into, const std::string& what, const Arguments& arguments) {
  if (arguments.positional.size() > 1) refuse(what + " got more than one dict");
  for (const value& dict : arguments.positional) {
    if (!is_dict(dict)) refuse(what + " of " + name_of_type(dict));
    for (const auto& [key, held] : dict->val_obj) into.insert(key, held);
  }
  for (const auto& [name, held] : arguments.named) into.insert(name, held);
}

value dict(const Arguments& arguments, context&) {
  const auto made = jinja::mk_val<jinja::value_object>();
  fill(*made, "function 'dict'", arguments);
  return made;
}

// transformers keeps these from templates.
void check_member_name(const std::string& name) {
  if (name.rfind('_', 0) == 0) refuse("a namespace's '" + name + "', which begins with '_'");
}

value make_namespace(const Arguments& arguments, context&) {
  auto made = std::make_shared<Namespace>();
  fill(*made, "function 'namespace'", arguments);
  for (const auto& [key, held] : made->val_obj) check_member_name(printed(key));
  return made;
}

[[noreturn]] value raise_exception(const Arguments& arguments, context&) {
  arguments.expect("function 'raise_exception'", 1, 1, {"message"});
  throw Raised{printed(arguments.positional[0])};
}

value say_time(const Arguments& arguments, std::time_t now) {
  arguments.expect("function 'strftime_now'", 1, 1);
  const std::string format = printed(arguments.positional[0]);
  std::tm local = {};
  ::localtime_r(&now, &local);
  // A mark behind the format tells a text of no length from one too long.
  std::string text(4096, '\0');
  text.resize(std::strftime(text.data(), text.size(), (format + '.').c_str(), &local));
  if (text.empty()) refuse("function 'strftime_now' of a long format");
  text.pop_back();
  return make_text(text);
}

}  // namespace

void add_functions(context& scope, std::time_t now) {
  const auto add = [&](const std::string& name, Callable::Body body) {
    scope.set_val(name, std::make_shared<Callable>("function '" + name + "'", std::move(body)));
  };
  add("range", range);
  add("dict", dict);
  add("namespace", make_namespace);
  add("raise_exception", raise_exception);
  add("strftime_now",
      [now](const Arguments& arguments, context&) { return say_time(arguments, now); });
}

}  // namespace dnd::renderer
