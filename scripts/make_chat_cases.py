"""Writes tests/data/chat/cases.json: what transformers makes of small templates, each using a construct of Jinja:
those of constructs.txt there, one a line, and the ones below.

    .deps/python/bin/python scripts/make_chat_cases.py tests/data/chat

A case is {"source", "text"}; "text" is null where the reference fails too. "refused" is what our refusal says of a
construct that the reference renders. All share the conversation, tokens and time below.
"""

import datetime
import json
import os
import pathlib
import sys
import time

os.environ["TZ"] = "UTC"
time.tzset()

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": " Grüße, \u00a0日本 \n"},
    {"role": "assistant", "content": "<think>\nhm\n</think>\n\n\"Yes\" & <no>\t'ok'\\ \u2028"},
    {"role": "user", "content": ""},
]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
VARIABLES = {
    "flag": True,
    "number": 7,
    "nothing": None,
    "table": {"b": [1, {"c": "é"}], "A": "x", "items": 3},
    "rows": [{"n": 2, "k": {"z": "p"}}, {"n": 1, "k": {"z": "q"}}],
}
NOW = 1753104645  # 21 Jul 2025 13:30:45

# Whitespace, where the line ends are the point.
WHITESPACE = [
    "a\n  {% if true %}  \n b {% endif %}\n\nc\n",
    "{{ 'a' }}\nb\n\n",
    "  {# c #}\nb\n  {#- c -#}\n d",
    "x  {%- if true -%}  y  {%- endif -%}  z",
    "x \t {{- 'a' -}} \n\n y",
    "{%- for i in [1, 2] -%}\n  {{ i }}\n{%- endfor %}\n\nend",
    "{% for i in [1, 2] %}\n    {{ i }}\n{% endfor %}\n",
    "a\r\n{% if true %}\r\nb\r\n{% endif %}\rc",
    "\n\n  {% set x = 1 %}\n  {{ x }}\n",
    "{% set x = 1 %}   {% set y = 2 %}\n{{ x }}{{ y }}",
    "text {% if true %}in{% endif %} line\n\t{% if true %}\n\tdone\n\t{% endif %}\n",
    "{{ 'line\nbreak' }}{{ \"tab\there\" }}\n",
    "{%- if true %}\n a\n{%- else %}\n b\n{%- endif %}\n",
    "",
    "\n",
    "{{- bos_token }}\n{%- for m in messages %}\n    {{- '<' + m.role + '>\n' }}\n{%- endfor %}",
]

# The reference renders these; we say by name what is missing.
REFUSED = {
    "{{ [1, 2] }}": "a list is made text of",
    "{{ 1 / 3 }}": "a fraction is made text of",
    "{{ 1 < 2 < 3 }}": "a comparison of a comparison",
    "{{ 'ab cd' | title }}": "filter 'title'",
    "{{ 'a\nb' | indent(2) }}": "filter 'indent'",
    "{{ 'ß' | upper }}": "that Python treats apart",
    "{{ [3, 1] | sort | join }}": "filter 'sort'",
    "{{ 'x' | e }}": "filter 'e'",
    "{{ ('<' | safe) + '<' }}": "operator '+' between a safe text and a text",
    "{{ 'a' is sameas 'a' }}": "test 'sameas'",
    "{{ 'abc'.title() }}": "method 'title' of a text",
    "{{ 'abc'.upper is defined }}": "'upper' of a text",
    "{{ loop is defined }}{% for i in [1] %}{{ loop.cycle('a', 'b') }}{% endfor %}": "method 'cycle' of a loop",
    "{% for i in [1] %}{{ loop.depth }}{% endfor %}": "'depth' of a loop",
    "{% macro m() %}{{ varargs | length }}{% endmacro %}{{ m(1) }}": "macro 'm' got 1 arguments",
    "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}": "'call'",
    "{% for i in [1] %}{% macro m() %}a{% endmacro %}{{ m() }}{% endfor %}": "macro 'm' inside a loop",
    "{% set x = ['a'] | map('upper') %}{{ x | join }}{{ x | join }}": "a second time",
    "{{ 1.5 | tojson }}": "a fraction cannot be written",
    "{{ {1: 2} | tojson }}": "the key of a dict is an integer",
    "{{ '3.7' | int }}": "filter 'int' of a text that is not an integer",
    "{{ 'a%s' % 'b' }}": "operator '%' between a text and a text",
    "{{ '%s' | format('a') }}": "filter 'format'",
    "{{ cycler('a').next() }}": "'cycler'",
    "{% raw %}x{% endraw %}": "Unknown statement: raw",
    "{{ 7 // 2 }}": "Unexpected token: /",
    "{{ (1,) | length }}": "Unexpected token: )",
    "{{ '\\u00e9' }}": "unknown escape character \\u",
}

# The reference fails, and so must we.
FAILING = [
    "{{ 'a' + unknown }}",
    "{{ 'a' + 1 }}",
    "{{ none + 'a' }}",
    "{{ unknown.x }}",
    "{{ messages[0].a.b }}",
    "{{ messages[9].role }}",
    "{{ unknown() }}",
    "{{ none | length }}",
    "{{ 5 | length }}",
    "{% for i in none %}{% endfor %}",
    "{% for i in 5 %}{% endfor %}",
    "{{ unknown | tojson }}",
    "{{ 1 in 'abc' }}",
    "{{ none < 1 }}",
    "{{ -'a' }}",
    "{{ raise_exception('roles must alternate') }}",
    "{% set table.x = 1 %}",
    "{% set ns = namespace(_a=1) %}",
    "{% set ns = namespace() %}{% set ns._a = 1 %}",
    "{{ [1].append(2) }}",
    "{{ table.update({}) }}",
    "{{ ([] | selectattr('a')) | length }}",
    "{{ range(100001) | length }}",
    "{% for a, b in [[1, 2, 3]] %}{% endfor %}",
    "{% set a, b = [1] %}",
    "{{ 1 % 0 }}",
    "{{ 'a'.split('') }}",
    "{{ x | unknown_filter }}",
    "{{ x is unknown_test }}",
    "{% unknown_tag %}",
    "{% if true %}",
    "{{ 1 + }}",
    "{% if false %}{{ (1 < not true) }}{% endif %}",
    "{{ 'a' ~ not 1 }}",
    "{% break %}",
    "{{ messages[0].__class__.__mro__ }}",
    "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{% endmacro %}{{ m(b=2) }}",
]


class FixedTime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(NOW, tz)


def make_tokenizer() -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({}, "")), **TOKENS)


def render(tokenizer: PreTrainedTokenizerFast, source: str) -> str | None:
    try:
        return tokenizer.apply_chat_template(
            MESSAGES, chat_template=source, tokenize=False, add_generation_prompt=True, **VARIABLES
        )
    except Exception as error:
        print(f"fails: {source!r}: {type(error).__name__}: {error}", file=sys.stderr)
        return None


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    chat_template_utils.datetime = FixedTime
    tokenizer = make_tokenizer()
    rendered = (folder / "constructs.txt").read_text().split("\n")[:-1]
    cases = [{"source": source, "text": render(tokenizer, source)} for source in rendered + WHITESPACE]
    assert all(case["text"] is not None for case in cases)
    for source, reason in REFUSED.items():
        text = render(tokenizer, source)
        assert text is not None, source
        cases.append({"source": source, "text": text, "refused": reason})
    for source in FAILING:
        assert render(tokenizer, source) is None, source
        cases.append({"source": source, "text": None})
    document = {
        "messages": MESSAGES,
        "tokens": TOKENS,
        "variables": VARIABLES,
        "now": NOW,
        "cases": cases,
    }
    (folder / "cases.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
