"""Writes what Python's jinja2, set up as transformers does for chat templates, makes of small templates.

The tests of our own Jinja compare with this file. Needs transformers and jinja2 (made with 4.57.3 and 3.1.6), no
network:

  python tests/golden/make_jinja_fixture.py --out tests/golden/chat/jinja.json

The file is {"made_with", "variables", "date", "cases"}. A case is {"template", "output"}, and the output is null where
jinja2 raises an error. All cases see the same variables; strftime_now tells the date.
"""

import argparse
import datetime
import json

import jinja2
import transformers
from transformers.utils import chat_template_utils

DATE = "2025-02-03"

VARIABLES = {
    "messages": [
        {"role": "system", "content": "  Be brief. "},
        {"role": "user", "content": "Straße und Ǆ, \"quotes\" & <tags>\n\tÉtat 😀"},
        {"role": "assistant", "content": "<think>\nhm\n</think>\n\nyes", "tool_calls": []},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": " b"}]},
    ],
    "words": ["beta", "Alpha", "gamma", "alpha", "Beta"],
    "numbers": [3, 1, 2, 10],
    "mixed": [1, 2.5, True, None, "x", [1, ["y"]], {"k": "v"}],
    "person": {"name": "Ada", "age": 36, "tags": ["a", "b"], "items": "own", "address": {"city": "London"}},
    "empty": "",
    "text": "  one two\tthree \n",
    "lines": "a\nb\r\nc\n",
    "quote": "it's",
    "unicode": "日本語\u00a0x\u3000",
    "yes": True,
    "no": False,
    "nothing": None,
    "zero": 0,
    "seven": 7,
    "half": 0.5,
}

# A template a line, \n for a line break.
EXPRESSIONS = r"""
1 + 2 * 3
(1 + 2) * 3
7 // 2
-7 // 2
7 % 3
-7 % 3
7 % -3
7 / 2
6 / 3
2 ** 10
2 ** -1
-2 ** 2
1 + 2.5
0.1 + 0.2
1e3
10.0
1.5 * 2
0.0001
0.00001 * 1
123456789.0 * 1000000000
7.5 // 2
-7.5 % 2
true + 1
"a" + "b"
"a" ~ 1 ~ none ~ true ~ 1.0
1 ~ 2 + 3
"a" "b" 'c'
"a" * 3
3 * "ab"
[1, 2] + [3]
[0] * 3
(1, 2)
(1,)
()
[]
{}
[1, 'a', "it's", none, true, 1.5]
{'a': 1, "b": [1, 2]}
mixed
person
"tab\t\\ \x41 \u00e9 \n end"
'a"b'
"a'b"
1 == 1.0
true == 1
1 == '1'
none == none
[1, 2] == [1, 2.0]
(1, 2) == [1, 2]
{'a': 1} == {'a': 1.0}
'a' < 'b'
1 < 2 < 3
1 < 3 < 2
1 != 2
2 >= 2
[1, 2] < [1, 3]
'a' in 'abc'
'z' not in 'abc'
2 in [1, 2]
'name' in person
'x' not in person
undefined_name in [1]
1 in undefined_name
not true
not not true
true and false or true
0 or 'x'
'' and 'x'
'a' and 'b'
none or 0
'yes' if yes else 'no'
'yes' if no else 'no'
'yes' if no
1 if no else 2 if no else 3
'a' if 1 == 1 and not no else 'b'
messages[0]['role']
messages[0].role
messages[-1].role
messages[1:][0].role
messages[::-1][0].role
messages[10]
messages|length
words[1:3]
words[:-1]
words[-2:]
words[::2]
words[::-1]
words[4:0:-2]
words[10:]
"abcdef"[1:4]
"abcdef"[::-1]
"abcdef"[-1]
"abcdef"[10]
unicode[0]
unicode[1:3]
unicode|length
person.name
person['age']
person.missing
person.address.city
person['address']['city']
person.items()|list
person['items']
person.keys()|list
person.values()|list|length
person.get('name')
person.get('none')
person.get('none', 'x')
person.missing.deeper
undefined_name
undefined_name.x
undefined_name is defined
undefined_name is undefined
person is defined
person.name is defined
person.missing is defined
nothing is none
nothing is not none
yes is true
1 is true
no is false
yes is boolean
'a' is string
1 is string
person is mapping
words is mapping
words is iterable
'abc' is iterable
1 is iterable
words is sequence
person is sequence
1 is number
true is number
1 is integer
true is integer
1.5 is float
'a' is number
7 is odd
7 is even
9 is divisibleby 3
9 is divisibleby(4)
1 is eq 1
1 is ne 1
'a' is in ['a']
3 is gt 2
3 is lt(2)
'abc' is lower
'ABC' is upper
range is callable
yes is sameas true
not undefined_name is defined
undefined_name is not defined
text|trim
text.strip()
text.lstrip()
text.rstrip()
text.strip(' \n')
'xxaxx'.strip('x')
'xxaxx'.lstrip('x')
'xxaxx'|trim('x')
unicode.strip()
text.split()
text.split(' ')
'a,b,c'.split(',')
'a,b,c'.split(',', 1)
'a,b,c'.rsplit(',', 1)
' a  b c '.split(none, 1)
' a  b c '.rsplit(none, 1)
' a b '.split(none, 5)
''.split()
''.split(',')
'abc'.split('')
lines.splitlines()
lines.splitlines(true)
'aXbXc'.replace('X', '-')
'aXbXc'.replace('X', '-', 1)
'abc'.replace('', '-')
'abc'|replace('b', 'xx')
'aaa'|replace('a', 'b', 2)
'abc'.upper()
'Straße'.upper()
'ΑΣ'.lower()
'hello world-foo o\'neil'.title()
'hello world-foo (bar) o\'neil'|title
'hELLO wORLD'|capitalize
'hELLO'.capitalize()
'abc'.startswith('ab')
'abc'.startswith(('x', 'a'))
'abc'.endswith('bc')
'abc'.endswith('')
'abcabc'.find('c')
'abcabc'.rfind('c')
'日本語'.find('語')
'abc'.find('x')
'banana'.count('an')
'123'.isdigit()
''.isdigit()
' \t'.isspace()
'a-b'.removeprefix('a')
'a-b'.removesuffix('b')
', '.join(['a', 'b'])
words|join(', ')
numbers|join('-')
messages|join(',', attribute='role')
words|join
'abc'|join('.')
words|length
person|length
undefined_name|length
1|length
words|first
words|last
[]|first
words|list
'abc'|list
person|list
words|sort
numbers|sort
numbers|sort(reverse=true)
words|sort(case_sensitive=true)
messages|sort(attribute='role')|map(attribute='role')|list
words|unique|list
words|reverse|list
'abc'|reverse
words|map('upper')|list
words|map('replace', 'a', 'o')|join(' ')
messages|map(attribute='role')|list
messages|map(attribute='missing', default='-')|list
messages|map(attribute='content.0.text', default='-')|list
messages|selectattr('role', 'equalto', 'user')|list|length
messages|selectattr('role', 'in', ['user', 'system'])|list|length
messages|selectattr('tool_calls', 'defined')|list|length
messages|rejectattr('role', '==', 'user')|map(attribute='role')|list
messages|selectattr('tool_calls')|list
numbers|select('gt', 2)|list
numbers|select('odd')|list
numbers|reject('odd')|list
mixed|select|list|length
mixed|select('string')|list
numbers|sum
numbers|max
numbers|min
words|max
person|items|list
undefined_name|items|list
person|dictsort
person.address|dictsort
'12'|int
'x'|int
'x'|int(5)
'3.7'|int
3.7|int
' 12 '|int
none|int
'1.5'|float
'x'|float
1|float
1|string
none|string
words|string
'a'|string + 'b'
-5|abs
-2.5|abs
undefined_name|default('d')
''|default('d')
''|default('d', true)
nothing|default('d')
nothing|d('d', boolean=true)
person.missing|default
'a\nb\n\nc'|indent
'a\nb'|indent(2, true)
'a\n\nb'|indent(2, blank=true)
'a\nb'|indent('> ')
'a'|safe
'ABC'|lower
'abc'|upper|lower
undefined_name|upper
undefined_name|trim
12|trim
mixed|tojson
person|tojson
person|tojson(indent=2)
mixed|tojson(indent=4)
[]|tojson(indent=2)
{}|tojson(indent=2)
person|tojson(sort_keys=true)
person|tojson(separators=(',', ':'))
'é"\\ \n\t 😀 \x01 </a>'|tojson
'é😀'|tojson(ensure_ascii=true)
undefined_name|tojson
1.0|tojson
messages|tojson
range(3)|list
range(1, 4)|list
range(10, 0, -3)|list
range(0)|list
range(1000000)|list
dict(a=1, b='x')
dict(a=1).a
namespace(a=1).a
namespace(a=1).b
strftime_now('%d %b %Y')
strftime_now('%Y-%m-%d %A %B %j %y %%')
strftime_now('%-d %-m %a')
raise_exception('no')
1 + 'a'
'a' + 1
'a' ~ []
none + 1
undefined_name + 1
undefined_name == undefined_name
undefined_name == none
undefined_name ~ 'x'
1 / 0
1 < 'a'
words.append('x')
words.index('gamma')
words.count('beta')
person.update({'a': 1})
person.pop('name')
'a'.nothing
'a'.nothing()
person.name()
none.x
'{}'.__class__
9223372036854775807
'abc' [1]
words .0
1 if true
{'a': {'b': 1}}.a.b
{'a': 1,}
[1, 2,]
'%d' in '100%d'
'a' 'b' in 'ab'
(1 if no else 2) + 1
not 1 == 2
1 + 1 == 2 and 2 in [2]
'x' if 'a' in 'abc' else 'y'
-1 + 2
+1
- - 1
2 - -1
numbers[0] - numbers[1]
numbers[numbers|length - 1]
messages[messages|length - 1]['role']
(messages|length - 1) - 0
(text|trim)|length
text | trim | length > 3
-numbers[0]|abs
"a" if yes and (no or seven == 7)
seven is odd and yes
seven is defined and seven is not none
'{%' ~ '{{'
'é' in unicode
words is defined and words
('a', 'b')[1]
"\a\b\f\v\0\101"|tojson
'line\
joined'
'\q'
1_000
"x".join("abc")
"abc" | list | length
{"a": none, "b": undefined_name}
[undefined_name]
[[], {}, ()]
lines|trim
"A b"|lower|title
"<|im_start|>" + messages[0]['role'] + '\n' + messages[0]['content']|trim
""" + "\"\\u65e5\"\n'\\U0001F600'"

TEMPLATES = [
    "",
    "plain text",
    "trailing\n",
    "trailing two\n\n",
    "a\r\nb\rc\n",
    "{{ 1 }}\n",
    "{{ 1 }}\n\n{{ 2 }}\n",
    "{% if yes %}\nA\n{% endif %}\nB",
    "  {% if yes %}  \nA\n  {% endif %}\nB",
    "x  {% if yes %}A{% endif %}  y",
    "x\n  {%- if yes %} A {%- endif -%}  y",
    "a\n\n  {{- 1 -}}  \n\n b",
    "a  {#- note -#}  b",
    "a\n  {# note #}\nb",
    "a {# several\nlines #}\n\nb",
    "  {%+ if yes %}A{% endif %}",
    "{% if yes +%}\nA{% endif %}",
    "{{+ 1 }}",
    "  {{ 1 }}  ",
    "\t{% if yes %}\n\tA\n\t{% endif %}\nB",
    "a\n{% raw %}{{ x }} {% y %}{% endraw %}\nb",
    "{%- raw -%}  {{ x }}  {%- endraw -%}  b",
    "\u00a0{% if yes %}A{% endif %}",
    "\u00a0\n\u3000{%- if yes -%}\u3000A{% endif %}",
    "{% if no %}A{% elif zero %}B{% elif seven %}C{% else %}D{% endif %}",
    "{% if no %}A{% else %}D{% endif %}",
    "{% if no %}A{% endif %}",
    "{% for w in words %}{{ w }},{% endfor %}",
    "{% for w in words %}\n  {{ loop.index }}:{{ w }}\n{% endfor %}",
    "{% for w in [] %}A{% else %}none{% endfor %}",
    "{% for w in undefined_name %}A{% else %}none{% endfor %}",
    "{% for w in nothing %}A{% endfor %}",
    "{% for c in 'añ' %}[{{ c }}]{% endfor %}",
    "{% for k in person %}{{ k }} {% endfor %}",
    "{% for k, v in person.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in person|items %}{{ k }}={{ v }};{% endfor %}",
    "{% for a, b in [[1, 2], (3, 4)] %}{{ a + b }} {% endfor %}",
    "{% for a, b in [[1, 2, 3]] %}{{ a + b }} {% endfor %}",
    "{% for n in numbers if n > 1 %}{{ loop.index }}/{{ loop.length }}:{{ n }} {% endfor %}",
    "{% for n in numbers if n > 100 %}{{ n }}{% else %}none{% endfor %}",
    "{% for n in numbers %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
    "{% for n in numbers %}{{ loop.previtem }}<{{ n }}>{{ loop.nextitem }};{% endfor %}",
    "{% for n in numbers %}{{ loop.previtem is defined }}{{ loop.nextitem is undefined }} {% endfor %}",
    "{% for n in numbers %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for n in numbers %}{% for m in words[:2] %}{{ loop.depth }}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for n in numbers %}{% if n == 1 %}{% continue %}{% endif %}{{ n }}{% if n == 2 %}{% break %}{% endif %}{% endfor %}",
    "{% for n in numbers %}{% if loop.last %}last{% else %}-{% endif %}{% endfor %}",
    "{% for m in messages[1:] %}{{ m.role }};{% endfor %}",
    "{% for m in messages[::-1] %}{{ m['role'] }};{% endfor %}",
    "{% for m in messages %}{% if m.content is string %}{{ m.content|trim }}{% else %}{% for p in m.content %}{{ p.text if p.type == 'text' else '[' ~ p['type'] ~ ']' }}{% endfor %}{% endif %}|{% endfor %}",
    "{% set x = 1 %}{{ x }}",
    "{% set x = 1, 2 %}{{ x }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set a, b = 'xy' %}{{ a }}{{ b }}",
    "{% set x = 1 %}{% for n in numbers %}{% set x = n %}{% endfor %}{{ x }}",
    "{% set x = 1 %}{% if yes %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% for n in numbers %}{% if loop.first %}{% set x = n %}{% endif %}{{ x }}{% endfor %}",
    "{% set messages = messages[1:] %}{{ messages|length }}{{ messages[0].role }}",
    "{% set ns = namespace(found=false, n=0) %}{% for n in numbers %}{% set ns.n = ns.n + n %}{% if n == 2 %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.n }}{{ ns.found }}",
    "{% set ns = namespace() %}{% set ns.list = [] %}{% for n in numbers %}{% set ns.list = ns.list + [n * 2] %}{% endfor %}{{ ns.list }}",
    "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}{{ ns['a'] }}",
    "{% set person.name = 'x' %}",
    "{% set x %}a{{ 1 }}b{% endset %}[{{ x }}]",
    "{% set x | trim | upper %}  a{{ 1 }}b {% endset %}[{{ x }}]",
    "{% set x %}{% set y = 1 %}{% endset %}[{{ y }}]",
    "{% macro m(a, b='B') %}<{{ a }}{{ b }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}{{ m() }}",
    "{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}",
    "{%- macro m(x) -%}\n  {{ x }}\n{%- endmacro -%}\n{{ m('a') ~ m('b') }}",
    "{% macro m(a) %}{{ seven }}{{ outer }}{% endmacro %}{% set outer = 'o' %}{{ m(1) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(c=2) }}",
    "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}",
    "{% macro m(items) %}{% for i in items %}{{ loop.index }}{{ i }}{% endfor %}{% endmacro %}{{ m(words[:2]) }}",
    "{% generation %}A{{ 1 }}{% endgeneration %}",
    "{% for m in messages %}{% generation %}{{ m.role }}{% endgeneration %}{% endfor %}",
    "{% set x = 1 %}{% generation %}{% set x = 2 %}{{ x }}{% endgeneration %}{{ x }}",
    "{{ '{{' }}{{ '%}' }}",
    "{{ {'a': {'b': 1}}['a'] }}",
    "{{ {'a': 1}}}",
    "{{ messages[0]['content']\n   | trim }}",
    "{%- for message in messages -%}\n    {{- message.role -}}\n{%- endfor -%}\n",
    "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}{{ system|trim }}{{ rest|length }}",
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 1) %}{{ raise_exception('order') }}{% endif %}{% endfor %}ok",
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('order') }}{% endif %}{% endfor %}ok",
    "{% set content = messages[2].content %}{% if '</think>' in content %}{{ content.split('</think>')[-1].lstrip('\\n') }}|{{ content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') }}{% endif %}",
    "{{ messages[1].content | upper }}|{{ messages[1].content | lower }}|{{ messages[1].content | title }}",
    "{{ undefined_name }}{% if undefined_name %}A{% else %}B{% endif %}",
    "{% if not tools is defined %}{% set tools = none %}{% endif %}{{ tools is none }}",
    "{% if tools is not none and tools is defined %}A{% else %}B{% endif %}",
    "{{ loop }}",
    "{% for x in range(3) %}{{ x }}{% endfor %}",
    "{% for x in range(3) %}{% set y = x %}{% endfor %}{{ y is defined }}",
    # What is no template.
    "{{ 1 +",
    "{{ 1 + }}",
    "{{ }}",
    "{% if %}",
    "{% if yes %}",
    "{% endif %}",
    "{% for x in %}{% endfor %}",
    "{% for x of y %}{% endfor %}",
    "{% unknown %}",
    "{{ 'a }}",
    "{# a",
    "{% raw %} a",
    "{{ a.b. }}",
    "{{ a[ }}",
    "{{ (1 }}",
    "{{ 1) }}",
    "{{ a | nofilter }}",
    "{{ a is notest }}",
    "{{ f(a=1, 2) }}",
    "{% set 1 = 2 %}",
    "{% set true = 2 %}",
    "{% break %}",
    "{{ 1 2 }}",
    "{{ a ! b }}",
    "{{ $ }}",
    "{% for x in numbers %}{% endif %}{% endfor %}",
    "{% macro m(a=1, b) %}{% endmacro %}",
]


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromisoformat(DATE)


def render(template):
    try:
        return chat_template_utils._compile_jinja_template(template).render(**VARIABLES)
    except Exception:  # many types: syntax errors, TypeError of Python's own operators, …
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", required=True, help="JSON file to write")
    args = parser.parse_args()
    chat_template_utils.datetime = FixedDate
    expressions = EXPRESSIONS.replace("\\\njoined", "\\\0joined").strip("\n").split("\n")
    templates = ["{{ " + one.replace("\0", "\n") + " }}" for one in expressions] + TEMPLATES
    fixture = {
        "made_with": f"jinja2 {jinja2.__version__}, transformers {transformers.__version__}",
        "date": DATE,
        "variables": VARIABLES,
        "cases": [{"template": one, "output": render(one)} for one in templates],
    }
    with open(args.out, "w", encoding="utf-8") as file:
        json.dump(fixture, file, ensure_ascii=False, indent=0)
        file.write("\n")
    failures = sum(case["output"] is None for case in fixture["cases"])
    print(f"{args.out}: {len(templates)} templates, {failures} of them errors")


if __name__ == "__main__":
    main()
