"""Writes tests/data/chat/cases.json: what transformers makes of small templates, each using a construct of Jinja.

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

RENDERED = """
plain text
{{ bos_token }}{{ eos_token }}|{{ pad_token }}
{{ messages[0].role }} {{ messages[0]['content'] }} {{ messages[-1]["role"] }}
{% for m in messages %}{{ m.role }};{% endfor %}
{% for m in messages %}{{ loop.index0 }}{{ loop.index }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}
{% for m in messages %}{{ loop.previtem.role if loop.previtem is defined else '-' }}{{ loop.nextitem.role if not loop.last }} {% endfor %}
{% for m in messages if m.role == 'user' %}{{ loop.index }}/{{ loop.length }} {% endfor %}
{% for m in messages[1:] %}{{ m.role }} {% endfor %}{% for m in messages[::-1] %}{{ m.role }} {% endfor %}
{% for m in messages[:-1] %}{{ loop.index }}{% endfor %}{% for m in messages[1:3] %}{{ m.role }}{% endfor %}{% for m in messages[9:] %}x{% else %}none{% endfor %}
{% for k, v in table.items() %}{{ k }}{{ v is string }} {% endfor %}
{% for k in table %}{{ k }} {% endfor %}{% for c in 'aé' %}[{{ c }}]{% endfor %}
{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}{% for i in range(2, 4) %}{{ i }}{% endfor %}
{% for i in range(6) %}{% if i == 1 %}a{% continue %}{% endif %}{% if i == 4 %}b{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in [1, 2] %}{% continue %}{% else %}no turn came to its end{% endfor %}{% for i in [1] %}{% break %}{% else %}e{% endfor %}{% for i in [1] %}x{% else %}never{% endfor %}
{% for a in [1, 2] %}{% for b in [3, 4] %}{{ a }}{{ b }}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}
{% set x = 0 %}{% for i in [1, 2] %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}
{% for i in [1, 2] %}{% if i == 1 %}{% set y = i %}{% endif %}{{ y is defined }}{% endfor %}
{% set ns = namespace(n=0, seen=false) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}{{ ns.seen }}{{ ns.other is defined }}
{% set ns = namespace(items=[1], keys='k') %}{{ ns.items[0] }}{{ ns.keys }}{{ ns['keys'] }}
{% if false %}{% set w = 1 %}{% else %}{% set w = 2 %}{% endif %}{{ w }}
{% set a, b = 1, 2 %}{{ b }}{{ a }}{% set c %}in {{ a }}{% endset %}[{{ c }}]
{% set c %}{% set d = 1 %}x{% endset %}{{ d is defined }}{{ c }}
{% filter upper %}a{{ number }}b{% endfilter %}
{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, c=3) }}{{ m(b=5, a='x') }}{{ m() }}
{% macro m() %}{{ y }}{{ z is defined }}{% endmacro %}{% set y = 1 %}{% for y in [7] %}{% set z = 3 %}{{ m() }}{% endfor %}
{% macro down(n) %}{{ n }}{% if n > 0 %}{{ down(n - 1) }}{% endif %}{% endmacro %}{{ down(3) }}
{% macro m(t) %}  {{ t }} {% endmacro %}[{{ m('a') | trim }}]
{% generation %}{% set g = 1 %}text{% endgeneration %}{{ g is defined }}
{{ 'a' if flag else 'b' }}{{ 'c' if nothing }}{{ 1 if false else 2 if false else 3 }}
{{ messages | length }}{{ 'Grüße' | length }}{{ table | length }}{{ unknown | length }}{{ [] | count }}
{{ messages[1].content | trim }}|{{ messages[1]['content'].strip() }}|{{ messages[1].content.lstrip() }}|{{ messages[1].content.rstrip() }}|
{{ '\u2003\x1c a\u3000\xa0' | trim }}|{{ 'xxaxx'.strip('x') }}|{{ 'éaé'.lstrip('é') }}|{{ 'abc'.rstrip('cb') }}
{{ messages[2].content.split('</think>')[-1].lstrip('\\n') }}|{{ messages[2].content.split('</think>')[0].split('<think>')[1] }}
{{ 'a b  c'.split() | join('|') }}{{ ' a b '.split(' ') | join('|') }}{{ 'a,b,c'.split(',', 1) | join('|') }}{{ 'a,b,c'.rsplit(',', 1) | join('|') }}
{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith('c') }}{{ 'abc'.startswith(('x', 'a')) }}{{ 'abc'.find('c') }}{{ 'é'.find('z') }}
{{ 'aXbX'.replace('X', '--') }}{{ 'aab'.replace('a', 'b', 1) }}{{ 'éa'.replace('', '.') }}{{ 'abc' | replace('b', 'x') }}
{{ 'abC' | upper }}{{ 'ABc'.lower() }}{{ 'aB c'.capitalize() }}{{ 'é日' | upper }}{{ 'ÄЖ' | lower }}
{{ '{}-{}'.format(1, 'a') }}{{ ','.join(['a', 'b']) }}
{{ 'éab'[0] }}{{ 'éab'[-1] }}{{ 'éab'[1:] }}{{ 'abc'[::-1] }}{{ 'abcd'[-3:-1] }}{{ 'ab'[5] is defined }}
{{ [1, 2, 3][-1] }}{{ [1, 2][5] is defined }}{{ table.b[1].c }}{{ table['items'] }}{{ table.none is defined }}{{ messages[1].name is defined }}
{{ table | tojson }}|{{ messages[2] | tojson }}|{{ nothing | tojson }}{{ flag | tojson }}{{ 'a"\x7f' | tojson }}
{{ table | tojson(indent=2) }}|{{ [] | tojson(indent=4) }}{{ {} | tojson(indent=4) }}
{{ table | tojson(ensure_ascii=true) }}{{ ['a', 1] | tojson(separators=(',', ':')) }}
{{ unknown | default('d') }}{{ '' | default('d') }}{{ '' | default('d', true) }}{{ nothing | default('d') }}{{ '' | d('e', boolean=true) }}
{{ number | string + 'x' }}{{ nothing | string }}{{ flag | string }}{{ '12' | int + 1 }}{{ ' -3 ' | int }}{{ 'a' | string }}
{{ 'abc' | first }}{{ [4, 5] | last }}{{ [] | first is defined }}{{ table | first }}{{ ['x', 'y'] | list | length }}{{ 'ab' | list | length }}
{{ messages | map(attribute='role') | join(',') }}{{ rows | map(attribute='k.z') | list | join }}{{ ['a', 'b'] | map('upper') | join }}
{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ messages | rejectattr('role', '==', 'user') | map(attribute='role') | join(' ') }}{{ messages | selectattr('content') | list | length }}
{{ [1, 2, 3] | select('odd') | join }}{{ [1, 2] | reject('equalto', 1) | join }}{{ [0, 'a', none] | select | join }}{{ nothing | selectattr('x') | list | length }}
{% if [] | selectattr('x') %}a generator is true{% endif %}
{% for k, v in {'b': 1, 'A': 2} | dictsort %}{{ k }}{{ v }}{% endfor %}{% for k, v in {2: 'x', 1: 'y'} | dictsort %}{{ k }}{% endfor %}{% for k, v in table | items %}{{ k }}{% endfor %}
{{ 'text' | safe }}{{ '<' | safe ~ '<' }}{{ [1, 'a', none, true] | join(',') }}{{ [3, 4] | reverse | join }}{{ rows | join(',', attribute='n') }}
{{ table.get('A') }}{{ table.get('zz') }}{{ table.get('zz', 'q') }}{{ table.keys() | join }}{{ table.values() | list | length }}
{{ 1 + 2 * 3 - 4 }}{{ (1 + 2) * 3 }}{{ -7 % 3 }}{{ 7 % -3 }}{{ 'ab' * 2 }}{{ true + 1 }}{{ -number }}{{ 9007199254740993 + 0 }}
{{ 'a' ~ 1 ~ none ~ true ~ unknown }}{{ 'a' + 'b' ~ 3 }}{{ (1 + 1) ~ 'x' }}
{{ [1] + [2] == [1, 2] }}{{ [{'a': 1}] == [{'a': 1}] }}{{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }}{{ 1 == 1.0 }}{{ true == 1 }}{{ '1' == 1 }}{{ [] == [] }}{{ (1, 2) == [1, 2] }}{{ none == unknown }}
{{ 1 < 2 }}{{ 'a' < 'b' }}{{ 2.5 >= 2 }}{{ 1 != 2 }}{{ (1 == 1) != (2 == 3) }}{{ 'é' > 'z' }}
{{ 'a' in 'abc' }}{{ 'x' not in 'abc' }}{{ 'A' in table }}{{ 1 in [1, 2] }}{{ {'a': 1} in [{'a': 1}] }}{{ none in [none] }}{{ 1 in unknown }}{{ '' in 'a' }}
{{ flag and number }}{{ nothing or 'z' }}{{ not flag }}{{ '' and 'x' }}|{{ [] or none or 'y' }}{{ not (flag and nothing) }}
{{ unknown is defined }}{{ number is defined }}{{ unknown is undefined }}{{ nothing is none }}{{ nothing is not none }}{{ messages[0].tool_calls is none }}
{{ 'a' is string }}{{ 1 is string }}{{ table is mapping }}{{ messages is mapping }}{{ messages is iterable }}{{ 'a' is sequence }}{{ 1 is iterable }}{{ unknown is sequence }}
{{ 1 is number }}{{ true is number }}{{ true is integer }}{{ true is boolean }}{{ 2 is even }}{{ 3 is odd }}{{ 9 is divisibleby 3 }}{{ flag is true }}{{ 1 is true }}{{ flag is false }}{{ 1.5 is float }}
{{ 2 is eq 2 }}{{ 'b' is in ['a', 'b'] }}{{ 2 is gt 1 }}{{ '1' is eq 1 }}{{ 2 is ne(3) }}
{{ none }}{{ true }}{{ False }}{{ 12 }}{{ None }}{{ nothing }}|{{ unknown }}|{{ '' }}
{% if messages[0].role == 'system' %}{% set loop_messages = messages[1:] %}{% else %}{% set loop_messages = messages %}{% endif %}{{ loop_messages | length }}
{% if unknown %}a{% elif number == 7 %}b{% elif true %}c{% else %}d{% endif %}{% if messages %}e{% endif %}{% if {} %}f{% endif %}
{% if add_generation_prompt %}go{% else %}stay{% endif %}{{ tools is none }}{{ documents is defined }}
{{ strftime_now('%d %b %Y %H:%M:%S') }}|{{ strftime_now('') }}|{{ strftime_now('%%') }}
{{ dict(a=1, b=2) | tojson }}{{ dict({'x': 1}, y=2) | tojson }}{{ {'a': 1, 'a': 2} | tojson }}{{ {'k': [1, (2, 3)]} | tojson }}
{{ 'it''s' 'joined' }}{{ "a\\tb\\n\\\\c\\'\\"" }}
{{ messages.0.role }}{{ 'x'.y is defined }}{{ nothing.y is defined }}{{ 5.y is defined }}
{{ (messages | length) - 1 }}{{ messages | length - 1 }}{{ -3 | string }}{{ (number - 2) * 2 % 4 }}
a{# comment #}b{#- trimmed -#}  c
{{ {'a': {'b': {'c': 'deep'}}}['a'].b['c'] }}{{ [[1, 2], [3]][0][1] }}{{ {1: 'one', none: 'n', true: 't'}[1] }}
""".strip().split("\n")

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
    cases = [{"source": source, "text": render(tokenizer, source)} for source in RENDERED + WHITESPACE]
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
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cases.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
