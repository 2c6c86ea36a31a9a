#include "statements.h"

#include <algorithm>

#include "operations.h"

namespace dnd::renderer {

std::string run(const Body& body, context& scope) {
  std::string out;
  try {
    for (const auto& statement : body) {
      const value written = statement->execute(scope);
      if (is_text(written)) out += text_of(written);
    }
  } catch (LoopExit& exit) {
    exit.text.insert(0, out);
    throw;
  }
  return out;
}

value If::evaluate(context& scope) const {
  return make_text(run(truth(test->execute(scope)) ? body : other, scope));
}

namespace {

void assign(const std::vector<std::string>& names, const value& given, context& scope) {
  if (names.size() == 1) {
    scope.set_val(names[0], given);
    return;
  }
  const auto parts = items_of(given, "taking apart");
  if (parts.size() != names.size()) {
    refuse(std::to_string(parts.size()) + " items are given to " + std::to_string(names.size()) +
           " names");
  }
  for (std::size_t i = 0; i < names.size(); ++i) scope.set_val(names[i], parts[i]);
}

value loop_variable(const std::vector<value>& items, std::size_t at) {
  const auto loop = std::make_shared<Loop>();
  const auto count = static_cast<std::int64_t>(items.size());
  const auto index = static_cast<std::int64_t>(at);
  loop->insert("index", make_integer(index + 1));
  loop->insert("index0", make_integer(index));
  loop->insert("revindex", make_integer(count - index));
  loop->insert("revindex0", make_integer(count - index - 1));
  loop->insert("first", make_bool(at == 0));
  loop->insert("last", make_bool(at + 1 == items.size()));
  loop->insert("length", make_integer(count));
  loop->insert("previtem", at > 0 ? items[at - 1] : make_undefined("previtem"));
  loop->insert("nextitem", at + 1 < items.size() ? items[at + 1] : make_undefined("nextitem"));
  return loop;
}

}  // namespace

void For::bind(const value& item, context& scope) const { assign(names, item, scope); }

std::vector<value> For::chosen(context& scope) const {
  std::vector<value> items = items_of(iterable->execute(scope), "a loop");
  if (test == nullptr) return items;
  std::vector<value> out;
  for (const value& item : items) {
    context turn(scope);
    bind(item, turn);
    if (truth(test->execute(turn))) out.push_back(item);
  }
  return out;
}

value For::evaluate(context& scope) const {
  const std::vector<value> items = chosen(scope);
  std::string out;
  bool completed = false;  // a turn, which is what Jinja2 asks for `else`
  for (std::size_t at = 0; at < items.size(); ++at) {
    context turn(scope);  // what a turn sets ends with it
    bind(items[at], turn);
    turn.set_val("loop", loop_variable(items, at));
    try {
      out += run(body, turn);
      completed = true;
    } catch (const LoopExit& exit) {
      out += exit.text;
      if (exit.is_break) break;
    }
  }
  if (!completed) {
    context turn(scope);
    out += run(other, turn);
  }
  return make_text(out);
}

namespace {

// The text of a body of its own scope. Who leaves it for the end of a loop's turn leaves its text behind.
std::string run_apart(const Body& body, const context& scope) {
  context inner(scope);
  try {
    return run(body, inner);
  } catch (LoopExit& exit) {
    exit.text.clear();
    throw;
  }
}

value assigned(const Child& expression, const Body& body, context& scope) {
  return expression != nullptr ? expression->execute(scope) : make_text(run_apart(body, scope));
}

// Whether a namespace is in `v`: one that holds itself would never be freed.
bool holds_namespace(const value& v) {
  if (v->type() == "namespace") return true;
  const auto holds = [](const auto& item) { return holds_namespace(item); };
  return std::any_of(v->val_arr.begin(), v->val_arr.end(), holds) ||
         std::any_of(v->val_obj.begin(), v->val_obj.end(),
                     [](const auto& pair) { return holds_namespace(pair.second); });
}

}  // namespace

value Assign::evaluate(context& scope) const {
  assign(names, assigned(expression, body, scope), scope);
  return make_undefined("");
}

value AssignMember::evaluate(context& scope) const {
  const value held = assigned(expression, body, scope);
  const value target = object->execute(scope);
  auto* space = dynamic_cast<Namespace*>(target.get());
  if (space == nullptr) refuse("'" + name + "' of " + name_of_type(target) + " is set");
  if (name.rfind('_', 0) == 0) refuse("a namespace's '" + name + "', which begins with '_'");
  if (holds_namespace(held)) refuse("a namespace in a namespace");
  space->insert(name, held);
  return make_undefined("");
}

value Block::evaluate(context& scope) const {
  if (filter.empty()) {
    context inner(scope);
    return make_text(run(body, inner));
  }
  const value written = make_text(run_apart(body, scope));
  return make_text(printed(apply_filter(filter, written, arguments.evaluate(scope), scope)));
}

value DefineMacro::evaluate(context& scope) const {
  scope.set_val(name,
                std::make_shared<Callable>("macro '" + name + "'",
                                           [this, &scope](const Arguments& arguments, context&) {
                                             return call(arguments, scope);
                                           }));
  return make_undefined("");
}

value DefineMacro::call(const Arguments& arguments, context& globals) const {
  std::vector<std::string> names;
  for (const Parameter& parameter : parameters) names.push_back(parameter.name);
  arguments.expect("macro '" + name + "'", 0, parameters.size(), names);
  context scope(globals);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    value given = arguments.find(i, parameters[i].name);
    if (given == nullptr) {
      const Child& otherwise = parameters[i].otherwise;
      given = otherwise == nullptr ? make_undefined(parameters[i].name) : otherwise->execute(scope);
    }
    scope.set_val(parameters[i].name, given);
  }
  return make_text(run(body, scope));
}

}  // namespace dnd::renderer
