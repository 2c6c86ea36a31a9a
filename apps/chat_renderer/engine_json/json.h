// Stands in the place of llama.cpp's JSON library, which the engine includes for one function that is not
// used here: contexts are made by values.h. Holds nothing.
#pragma once

#include <string>

struct common_json {
  bool is_null() const { return true; }
  bool is_boolean() const { return false; }
  bool is_number_integer() const { return false; }
  bool is_number_float() const { return false; }
  bool is_string() const { return false; }
  bool is_array() const { return false; }
  bool is_object() const { return false; }
  template <typename T>
  T get() const {
    return T();
  }

  struct Iterator {
    const common_json* at;
    std::string key() const { return {}; }
    const common_json& value() const { return *at; }
    const common_json& operator*() const { return *at; }
    Iterator& operator++() { return *this; }
    bool operator!=(const Iterator&) const { return false; }
  };
  Iterator begin() const { return {this}; }
  Iterator end() const { return {this}; }
};
