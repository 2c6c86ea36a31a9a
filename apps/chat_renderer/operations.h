// Jinja2's operators, attributes, tests, filters, methods and functions on the engine's values, by name.
// What is not here is refused by name when a template comes to it.
#pragma once

#include <ctime>
#include <string>

#include "engine.h"
#include "values.h"

namespace dnd::renderer {

// Every operator but `and` and `or`.
value apply_operator(const std::string& name, const value& left, const value& right);

// object.name and object[key]. Undefined where there is none, refused where Python has an attribute of that
// name.
value attribute_of(const value& object, const std::string& name);
value item_of(const value& object, const value& key);
// object[start:stop:step], null where one was left out.
value slice_of(const value& object, const value& start, const value& stop, const value& step);

bool apply_test(const std::string& name, const value& v, const Arguments& arguments);
value apply_filter(const std::string& name, const value& v, const Arguments& arguments,
                   context& scope);
value call_method(const value& object, const std::string& name, const Arguments& arguments);

// range, dict, namespace, raise_exception and strftime_now, which says `now` in the local time.
void add_functions(context& scope, std::time_t now);

}  // namespace dnd::renderer
