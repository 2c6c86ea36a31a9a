#include "tokenizer/folder_settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <set>

#include "base/paths.h"
#include "base/strings.h"
#include "tokenizer/fields.h"

namespace dnd::tokenizer {
namespace fs = std::filesystem;
namespace {

constexpr std::array<const char*, 7> kNames = {"bos_token", "eos_token", "unk_token", "sep_token",
                                               "pad_token", "cls_token", "mask_token"};
constexpr const char* kExtra = "extra_special_tokens";
constexpr const char* kOldExtra = "additional_special_tokens";
constexpr const char* kAdded = "added_tokens_decoder";
constexpr const char* kOwnNames = "model_specific_special_tokens";
constexpr const char* kType = "__type";      // of a token with flags: "AddedToken"
constexpr const char* kMapped = "__mapped";  // this one came from special_tokens_map.json

bool is_name(const std::string& key) {
  return std::find(kNames.begin(), kNames.end(), key) != kNames.end();
}

bool is_token_key(const std::string& key) { return key.ends_with("_token") && !is_name(key); }

bool is_typed(const Json& value) {
  return value.is_object() && value.contains(kType) && value.at(kType) == "AddedToken";
}

bool is_empty(const Json& object, const char* key) {
  if (!object.contains(key)) return true;
  const Json& value = object.at(key);
  return value.is_null() || value == false ||
         (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         (value.is_structured() && value.empty());
}

GivenToken flagged(const Json& value, const std::string& who) {
  JsonObject fields(value, who);
  GivenToken given;
  given.token = {fields.text_or("content", ""),
                 fields.boolean_or("single_word", false),
                 fields.boolean_or("lstrip", false),
                 fields.boolean_or("rstrip", false),
                 true,
                 fields.boolean_or("special", false)};
  given.normalizes_unless_special = !value.contains("normalized");
  given.token.normalized = given.normalizes_unless_special ? !given.token.special
                                                           : fields.boolean_or("normalized", true);
  return given;
}

GivenToken text_alone(std::string text) {
  GivenToken given;
  given.token = {std::move(text), false, false, false, false, true};
  return given;
}

GivenToken given_token(const Json& value, const std::string& who) {
  if (value.is_string()) return text_alone(value.get<std::string>());
  if (is_typed(value)) return flagged(value, who);
  fail(ErrorKind::data, who, ": expected a string or an AddedToken, got ", value.type_name());
}

class Reader {
 public:
  Reader(const fs::path& folder, Json settings, const Json& document, std::string who)
      : folder_(folder), document_(document), who_(std::move(who)) {
    out_.values = std::move(settings);
  }

  FolderSettings read(TokenizerClass kind) {
    Json& values = out_.values;
    // What transformers does where there is a tokenizer.json.
    for (const char* key : {"tokenizer_class", "init_inputs", "add_bos_token", "add_eos_token"}) {
      values.erase(key);
    }
    take_old_extra();
    take_own_names();
    if (values.contains(kAdded)) {
      read_decoder();
    } else {
      merge_special_tokens_map();
      read_added_tokens_file();
      read_tokens_of_document();
    }
    map_names();
    note_markers(kind);
    add_defaults(kind);
    fill_named();
    fill_extra();
    for (auto& [id, token] : added_) out_.added.emplace_back(id, std::move(token));
    return std::move(out_);
  }

 private:
  std::string at(const std::string& key) const { return cat(who_, ": ", printable(key)); }

  void take_old_extra() {
    Json& values = out_.values;
    if (!values.contains(kOldExtra) || !is_empty(values, kExtra)) return;
    values[kExtra] = values.at(kOldExtra);
    values.erase(kOldExtra);
  }

  [[noreturn]] void refuse_extra(const Json& value) const {
    fail(ErrorKind::data, at(kExtra), ": expected an array, got ", value.type_name());
  }

  // Names of the folder's own, with a text: "image_token" and the like.
  void take_own_names() {
    Json& values = out_.values;
    Json own = Json::object();
    for (const auto& [key, value] : values.items()) {
      if (is_token_key(key) && value.is_string()) own[key] = value;
    }
    for (const auto& [key, value] : own.items()) values.erase(key);
    if (values.contains(kExtra) && values.at(kExtra).is_object()) {
      own.update(values.at(kExtra));
      values.erase(kExtra);
    }
    if (!own.empty()) values[kOwnNames] = own;
  }

  void note(std::int64_t id, const GivenToken& token) {
    if (id < 0 || id > std::numeric_limits<TokenId>::max()) {
      fail(ErrorKind::data, who_, ": an added token has the id ", id);
    }
    added_.insert_or_assign(id, token);
    by_text_.insert_or_assign(token.token.content, token);
  }

  void read_decoder() {
    const Json& entries = out_.values.at(kAdded);
    const JsonObject checked(entries, at(kAdded));  // throws where it is none
    for (const auto& [key, value] : entries.items()) {
      std::int64_t id = -1;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
      if (error != std::errc() || end != key.data() + key.size()) {
        fail(ErrorKind::data, at(kAdded), ": '", printable(key), "' is no id");
      }
      note(id, flagged(value, cat(at(kAdded), ": ", id)));
    }
  }

  // A token with flags of special_tokens_map.json.
  static Json mapped(Json token) {
    token["special"] = true;
    token[kType] = "AddedToken";
    token[kMapped] = true;
    return token;
  }

  void merge_special_tokens_map() {
    Json& values = out_.values;
    const Json map = read_object_file(folder_ / "special_tokens_map.json");
    for (const auto& [key, value] : map.items()) {
      if (key == kExtra && value.is_array()) {
        Json all = is_empty(values, kExtra) ? Json::array() : values.at(kExtra);
        if (!all.is_array()) refuse_extra(all);
        for (const Json& token : value) {
          const Json each = token.is_object() ? mapped(token) : token;
          if (std::find(all.begin(), all.end(), each) == all.end()) all.push_back(each);
        }
        values[kExtra] = all;
      } else {
        values[key] = value.is_object() && key != kExtra ? mapped(value) : value;
      }
    }
    if (!values.contains(kExtra) || !values.at(kExtra).is_object()) return;
    if (!values.contains(kOwnNames)) values[kOwnNames] = Json::object();
    const JsonObject checked(values.at(kOwnNames), at(kOwnNames));  // throws where it is none
    values[kOwnNames].update(values.at(kExtra));
    values.erase(kExtra);
  }

  // The texts of special tokens, as far as transformers sees them at this point.
  std::set<std::string> special_texts() const {
    std::set<std::string> texts;
    const auto add = [&](const Json& value) {
      if (value.is_string()) texts.insert(value.get<std::string>());
      if (value.is_object() && value.contains(kMapped))
        texts.insert(flagged(value, who_).token.content);
    };
    for (const char* name : kNames) {
      if (!is_empty(out_.values, name)) add(out_.values.at(name));
    }
    if (!is_empty(out_.values, kExtra)) {
      for (const Json& each : out_.values.at(kExtra)) add(each);
    }
    return texts;
  }

  void read_added_tokens_file() {
    const std::set<std::string> special = special_texts();
    const Json entries = read_object_file(folder_ / "added_tokens.json");
    JsonObject fields(entries, cat("tokenizer: ", (folder_ / "added_tokens.json").string()));
    for (const auto& [text, id] : entries.items()) {
      GivenToken token;
      const bool is_special = special.contains(text);
      token.token = {text, false, false, false, !is_special, is_special};
      note(fields.integer(text, 0, std::numeric_limits<TokenId>::max()), token);
    }
  }

  void read_tokens_of_document() {
    if (!document_.is_object() || !document_.contains("added_tokens")) return;
    const Json& list = document_.at("added_tokens");
    const std::vector<AddedToken> tokens = read_added_tokens(list, at("added_tokens"));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      GivenToken given;
      given.token = tokens[i];
      note(list[i].at("id").get<std::int64_t>(), given);
    }
  }

  void map_names() {
    for (const char* name : kNames) {
      if (!out_.values.contains(name) || out_.values.at(name).is_null()) continue;
      const GivenToken given = given_token(out_.values.at(name), at(name));
      const auto known = by_text_.find(given.token.content);
      named_[name] = known == by_text_.end() ? given : known->second;
    }
  }

  void note_markers(TokenizerClass kind) {
    const Json& values = out_.values;
    const bool given = values.contains("add_bos_token") || values.contains("add_eos_token");
    if (!given && kind != TokenizerClass::gpt_neox) return;
    out_.markers = {out_.flag("add_bos_token"), out_.flag("add_eos_token")};
  }

  void add_defaults(TokenizerClass kind) {
    Json& values = out_.values;
    std::vector<std::pair<std::string, Json>> defaults = default_tokens(kind);
    if (!is_empty(document_, "padding") && document_.at("padding").is_object()) {
      defaults.emplace_back("pad_token", text_or_none(document_.at("padding"), "pad_token"));
    }
    for (const auto& [name, text] : defaults) {
      if (values.contains(name)) continue;
      values[name] = text;
      if (!text.is_null()) named_[name] = given_token(text, at(name));
    }
  }

  void set_named(const std::string& name, const GivenToken& token) {
    for (auto& [known, value] : out_.named) {
      if (known == name) {
        value = token;
        return;
      }
    }
    out_.named.emplace_back(name, token);
  }

  void fill_named() {
    for (const char* name : kNames) {
      if (named_.contains(name)) set_named(name, named_.at(name));
    }
    Json own = Json::object();
    for (const auto& [key, value] : out_.values.items()) {
      if (is_token_key(key) && (value.is_string() || is_typed(value))) own[key] = value;
    }
    if (!is_empty(out_.values, kOwnNames)) {
      const JsonObject checked(out_.values.at(kOwnNames),
                               at(kOwnNames));  // throws where it is none
      own.update(out_.values.at(kOwnNames));
    }
    for (const auto& [name, value] : own.items()) set_named(name, given_token(value, at(name)));
  }

  void fill_extra() {
    const Json& values = out_.values;
    const char* key = values.contains(kExtra) ? kExtra : kOldExtra;
    if (!values.contains(key) || values.at(key).is_null()) return;
    const Json& tokens = values.at(key);
    if (!tokens.is_array()) refuse_extra(tokens);
    for (const Json& token : tokens) out_.extra.push_back(given_token(token, at(key)));
  }

  const fs::path& folder_;
  const Json& document_;
  std::string who_;
  FolderSettings out_;
  std::map<std::int64_t, GivenToken> added_;
  std::map<std::string, GivenToken> by_text_;  // of those, too, whose id another took after them
  std::map<std::string, GivenToken> named_;
};

}  // namespace

AddedToken GivenToken::added(bool special) const {
  AddedToken result = token;
  if (!special || result.special) return result;
  result.special = true;
  if (normalizes_unless_special) result.normalized = false;
  return result;
}

const GivenToken* FolderSettings::find(std::string_view name) const {
  for (const auto& [known, token] : named) {
    if (known == name) return &token;
  }
  return nullptr;
}

bool FolderSettings::flag(const char* key) const { return flag_or(values, key, false); }

FolderSettings read_settings(const fs::path& folder, Json settings, TokenizerClass kind,
                             const Json& document, const std::string& who) {
  return Reader(folder, std::move(settings), document, who).read(kind);
}

std::vector<AddedToken> tokens_to_add(const FolderSettings& settings,
                                      const std::vector<AddedToken>& present) {
  std::set<std::string> named;
  for (const auto& [name, token] : settings.named) named.insert(token.token.content);
  std::set<std::string> texts;
  for (const AddedToken& token : present) texts.insert(token.content);
  std::vector<AddedToken> tokens;
  // Also those that are present, which get these flags.
  for (const auto& [id, given] : settings.added) {
    tokens.push_back(given.added(named.contains(given.token.content)));
    texts.insert(given.token.content);
  }
  const auto add = [&](const GivenToken& given) {
    if (texts.contains(given.token.content)) return;
    tokens.push_back(given.added(named.contains(given.token.content)));
  };
  for (const auto& [name, token] : settings.named) add(token);
  for (const GivenToken& token : settings.extra) add(token);
  return tokens;
}

}  // namespace dnd::tokenizer
