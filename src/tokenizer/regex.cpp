#include "tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "text/unicode.h"
#include "tokenizer/onig_pattern.h"

namespace dnd::tokenizer {
namespace {

// As many steps back as Oniguruma allows (retry-limit-in-match).
constexpr std::uint32_t kMatchLimit = 10'000'000;
constexpr std::uint32_t kHeapLimit = 64U << 10U;  // KiB
constexpr std::size_t kJitStack = std::size_t{8} << 20U;
constexpr std::size_t kLongestText = std::size_t{1} << 31U;

// What a thread matches with.
class Matcher {
 public:
  Matcher()
      : context_(pcre2_match_context_create(nullptr)),
        data_(pcre2_match_data_create(1, nullptr)),
        stack_(pcre2_jit_stack_create(32U << 10U, kJitStack, nullptr)) {
    if (context_ == nullptr || data_ == nullptr || stack_ == nullptr) {
      fail(ErrorKind::memory, "tokenizer: no memory for matching expressions");
    }
    pcre2_set_match_limit(context_, kMatchLimit);
    pcre2_set_heap_limit(context_, kHeapLimit);
    pcre2_jit_stack_assign(context_, nullptr, stack_);
  }
  Matcher(const Matcher&) = delete;
  Matcher& operator=(const Matcher&) = delete;
  ~Matcher() {
    pcre2_jit_stack_free(stack_);
    pcre2_match_data_free(data_);
    pcre2_match_context_free(context_);
  }

  pcre2_match_context* context() const { return context_; }
  pcre2_match_data* data() const { return data_; }

 private:
  pcre2_match_context* context_;
  pcre2_match_data* data_;
  pcre2_jit_stack* stack_;
};

const Matcher& matcher() {
  static thread_local const Matcher own;
  return own;
}

std::string error_text(int code) {
  std::array<PCRE2_UCHAR, 160> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

// `written` is what messages quote.
pcre2_code* compiled(std::string_view expression, std::uint32_t options, std::string_view written,
                     const std::string& who) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), &pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_code* code = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | options, &error, &offset, context.get());
  if (code == nullptr) {
    fail(ErrorKind::data, who, ": expression '", printable(written),
         "' is not supported: ", error_text(error));
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where there is none, the interpreter does it
  return code;
}

void append_span(std::vector<Span>& spans, std::size_t begin, std::size_t end, bool is_match) {
  spans.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), is_match});
}

std::size_t next_point(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && continues_character(text[at])) ++at;
  return at;
}

}  // namespace

struct CompiledExpression {
  explicit CompiledExpression(pcre2_code* compiled) : code(compiled) {}
  CompiledExpression(const CompiledExpression&) = delete;
  CompiledExpression& operator=(const CompiledExpression&) = delete;
  ~CompiledExpression() { pcre2_code_free(code); }

  // Sets `data` to the next match from `at` on. How many groups it has, the whole match included, as far as
  // `data` has room (0: for none but the whole); std::nullopt: there is no match.
  std::optional<std::size_t> match(std::string_view text, std::size_t at,
                                   pcre2_match_data* data) const {
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    const int found =
        pcre2_match(code, subject, text.size(), at, PCRE2_NO_UTF_CHECK, data, matcher().context());
    if (found == PCRE2_ERROR_NOMATCH) return std::nullopt;
    if (found < 0) {
      fail(ErrorKind::data, "an expression cannot be matched with a text of ", text.size(),
           " bytes: ", error_text(found), " (it takes too much work?)");
    }
    return static_cast<std::size_t>(found);
  }

  pcre2_code* code;
};

Pattern::Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Pattern Pattern::expression(std::string_view expression, const std::string& who) {
  Pattern pattern;
  pattern.code_ = std::make_unique<CompiledExpression>(
      compiled(translate_onig(expression, who), PCRE2_MULTILINE, expression, who));
  return pattern;
}

Pattern Pattern::literal(std::string text) {
  Pattern pattern;
  pattern.literal_ = std::move(text);
  return pattern;
}

bool Pattern::may_match_nothing() const {
  if (!code_) return literal_.empty();
  std::uint32_t least = 0;
  pcre2_pattern_info(code_->code, PCRE2_INFO_MINLENGTH, &least);
  return least == 0;
}

void Pattern::find(std::string_view text, std::vector<Span>& spans) const {
  spans.clear();
  if (text.size() >= kLongestText) {
    fail(ErrorKind::data, "tokenizer: a text of ", text.size(), " bytes, at most ", kLongestText,
         " are read");
  }
  if (text.empty()) {
    append_span(spans, 0, 0, false);
    return;
  }
  const auto next = [&](std::size_t at, std::size_t& begin, std::size_t& end) {
    if (code_) {
      pcre2_match_data* data = matcher().data();
      if (!code_->match(text, at, data)) return false;
      const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data);
      begin = ends[0];
      end = ends[1];
      return true;
    }
    begin = text.find(literal_, at);
    end = begin + literal_.size();
    return begin != std::string_view::npos;
  };
  std::size_t done = 0;
  std::size_t last_end = std::string_view::npos;
  std::size_t begin = 0;
  std::size_t end = 0;
  for (std::size_t at = 0; at <= text.size() && next(at, begin, end);) {
    if (begin == end && end == last_end) {
      at = next_point(text, at);
      continue;
    }
    if (done != begin) append_span(spans, done, begin, false);
    append_span(spans, begin, end, true);
    done = at = last_end = end;
  }
  if (done != text.size()) append_span(spans, done, text.size(), false);
}

Expression::Expression(std::string_view expression, const std::string& who)
    : code_(std::make_shared<const CompiledExpression>(compiled(expression, 0, expression, who))) {}

bool Expression::finds(std::string_view text) const {
  return code_->match(text::well_formed(text), 0, matcher().data()).has_value();
}

// `text` is well-formed.
std::vector<Expression::Groups> Expression::all_groups(std::string_view text) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(code_->code, nullptr), &pcre2_match_data_free);
  if (!data) fail(ErrorKind::memory, "no memory for matching expressions");
  std::vector<Groups> all;
  for (std::size_t at = 0; at <= text.size();) {
    const std::optional<std::size_t> found = code_->match(text, at, data.get());
    if (!found) break;
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
    Groups groups;
    for (std::size_t i = 0; i < pcre2_get_ovector_count(data.get()); ++i) {
      const std::size_t begin = ends[2 * i];
      const std::size_t end = ends[2 * i + 1];
      // Groups from `found` on have no match; an assertion with \K may end before it begins.
      const bool is_set = i < *found && begin != PCRE2_UNSET;
      groups.push_back(is_set && begin <= end ? text.substr(begin, end - begin)
                                              : text.substr(0, 0));
    }
    at = ends[1] > at ? ends[1] : next_point(text, at);
    all.push_back(std::move(groups));
  }
  return all;
}

std::vector<std::string> Expression::matches(std::string_view text) const {
  const std::string sound = text::well_formed(text);
  std::vector<std::string> found;
  for (const Groups& groups : all_groups(sound)) {
    std::string_view chosen = groups.size() == 1 ? groups[0] : std::string_view();
    for (std::size_t i = 1; i < groups.size() && chosen.empty(); ++i) chosen = groups[i];
    found.emplace_back(chosen);
  }
  return found;
}

std::string Expression::replaced(std::string_view text, std::string_view by) const {
  const std::string sound = text::well_formed(text);
  std::string out;
  std::size_t done = 0;
  for (const Groups& groups : all_groups(sound)) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - sound.data());
    out.append(sound, done, begin - done).append(by);
    done = begin + groups[0].size();
  }
  return out.append(sound, done);
}

}  // namespace dnd::tokenizer
