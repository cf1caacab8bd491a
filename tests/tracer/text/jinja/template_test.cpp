#include "tracer/text/jinja/template.h"

#include <stdexcept>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit::jinja {
namespace {

using circuit::testing::message_of;
using ::testing::ElementsAre;
using ::testing::StartsWith;

std::string render(std::string_view source, const Dict& variables = {},
                   const RenderOptions& options = {}) {
  return Template::parse(source, "t.jinja").render(variables, options).bytes();
}

/// Behind the name of the file.
std::string failure_of(std::string_view source, const RenderOptions& options = {}) {
  const std::string message = message_of<std::runtime_error>([&] { render(source, {}, options); });
  constexpr std::string_view kStart = "[chat_template] t.jinja:";
  return message.starts_with(kStart) ? message.substr(kStart.size()) : message;
}

struct Case {
  std::string source;
  std::string message;
};

class JinjaErrors : public ::testing::TestWithParam<Case> {};

TEST_P(JinjaErrors, AreOneLineWithTheLineOfTheTemplate) {
  EXPECT_EQ(failure_of(GetParam().source), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    OfParsing, JinjaErrors,
    ::testing::Values(
        Case{"a\n{% include 'b' %}",
             "2: unexpected 'include', expected one of if, for, set, macro, break, continue, "
             "generation, raw"},
        Case{"a\n\n{% if x %}", "3: unexpected end of the template, expected {% endif %}"},
        Case{"{{ 1 + }}", "1: unexpected }}, expected an expression"},
        Case{"\n{{ 'a }}", "2: a string that begins here does not end"},
        Case{"{{ '\\xZZ' }}", "1: the escape \\xZZ is no character"},
        Case{"{{ '\\ud800' }}", "1: the escape \\ud800 is no character"},
        Case{"{{ a", "1: a tag that begins here does not end, expected }}"},
        Case{"{#\na", "1: a comment that begins here does not end, expected #}"},
        Case{"{% raw %}\na", "1: raw text that begins here does not end, expected {% endraw %}"},
        Case{"{{ 12ab }}",
             "1: a number that begins 12 is not supported, expected at most 64 bits and digits "
             "only"},
        Case{"{{ $ }}", "1: unexpected character '$'"}, Case{"{{ (1] }}", "1: unexpected ']'"},
        Case{"{% for x in y recursive %}", "1: recursive loops are not supported"},
        Case{"{% for ns.x in y %}", "1: a loop cannot set ns.x"},
        Case{"{% set loop = 1 %}", "1: cannot set 'loop'"},
        Case{"{% continue %}", "1: continue is outside of a loop"},
        Case{"{% for x in y %}{% macro m() %}",
             "1: a macro inside a loop, a macro or a block is not supported"},
        Case{"{% macro m(a=1, b) %}", "1: a parameter without a default behind one with a default"},
        Case{"{{ f(a=1, 2) }}", "1: an argument without a name behind one with a name"},
        Case{"{{ a is b is c }}",
             "1: a test of a test is not supported, expected brackets around the first"}));

INSTANTIATE_TEST_SUITE_P(
    OfRunning, JinjaErrors,
    ::testing::Values(
        Case{"a\n{{ x.y }}", "2: x is undefined"}, Case{"{{ x + 1 }}", "1: x is undefined"},
        Case{"{{ {'a': 1}.b.c }}", "1: a mapping's 'b' is undefined"},
        Case{"{{ [1][3].c }}", "1: item 3 of a list is undefined"},
        Case{"{{ 'a' + 1 }}", "1: + of a text and a whole number is not possible"},
        Case{"{{ 1 < 'a' }}", "1: compare of a whole number and a text is not possible"},
        Case{"{{ -'a' }}", "1: - of a text is not possible"},
        Case{"{{\n1 //\n0 }}", "2: division by zero"},
        Case{"{{ 9223372036854775807 + 1 }}", "1: a number is too large"},
        Case{"{{ 10 ** 30 }}", "1: a number is too large"},
        Case{"{{ nothing() }}", "1: nothing is undefined, expected a function"},
        Case{"{{ 'a'() }}", "1: a text is called, expected a function"},
        Case{"{{ 1 | shout }}", "1: the filter shout is not supported"},
        Case{"{{ 1 is shouted }}", "1: the test shouted is not supported"},
        Case{"{{ 'a'.encode() }}", "1: the method encode of texts is not supported"},
        Case{"{{ [1].append(2) }}", "1: append would change a list, which templates may not"},
        Case{"{{ {}.clear() }}", "1: clear would change a mapping, which templates may not"},
        Case{"{{ [1].index(2) }}", "1: index: the value is not in the list"},
        Case{"{{ 'a'.strip(1) }}", "1: strip: chars is a whole number, expected a text"},
        Case{"{{ 'a'.strip('a', 'b') }}", "1: strip has 2 arguments, expected at most 1"},
        Case{"{{ 'a'.strip(x=1) }}", "1: strip has no parameter x"},
        Case{"{{ 'a'.split('b', sep='b') }}", "1: split has two values of sep"},
        Case{"{{ 'a'.replace('b') }}", "1: replace has no argument new"},
        Case{"{{ 'a'.split('') }}", "1: split: the separator is empty"},
        Case{"{{ 'a'.startswith(1) }}", "1: startswith of a whole number, expected a text"},
        Case{"{{ ''.join([1]) }}", "1: join of a whole number"},
        Case{"{{ 1 | length }}", "1: length of a whole number, which has none"},
        Case{"{{ range | tojson }}", "1: tojson of a function, which has no JSON"},
        Case{"{{ 1 | tojson(indent=99) }}", "1: tojson: indent is not between 0 and 16"},
        Case{"{{ 1 | tojson(separators='x') }}", "1: tojson: separators are no two texts"},
        Case{"{{ 'a' | indent(-1) }}", "1: indent: width is not between 0 and 1000"},
        Case{"{{ [1] | select(2) }}", "1: select of a whole number, expected a name"},
        Case{"{{ [1] | selectattr }}", "1: selectattr has too few arguments"},
        Case{"{{ 1 | items }}", "1: items of a whole number, expected a mapping"},
        Case{"{{ range(1000000) }}", "1: range of more than 100000 numbers"},
        Case{"{{ range(1, 2, 0) }}", "1: range: step is 0"},
        Case{"{{ dict([1]) }}", "1: dict of a list, expected a mapping"},
        Case{"{{ dict(1, 2) }}", "1: dict has 2 arguments without a name, expected at most one"},
        Case{"{{ {1: 2} }}", "1: a key is a whole number, expected a text"},
        Case{"{{ 'abc'['a':] }}", "1: a slice bound is a text, expected a whole number"},
        Case{"{{ 'abc'[::0] }}", "1: a slice step is 0"},
        Case{"{{ 1[:2] }}", "1: a slice of a whole number is not possible"},
        Case{"{% for x in 1 %}{% endfor %}",
             "1: cannot walk through a whole number, expected a list"},
        Case{"{% set a, b = [1] %}", "1: there are 1 values for 2 names"},
        Case{"{% set x.y = 1 %}", "1: cannot set x.y, expected a namespace"},
        Case{"{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
             "1: m has 2 arguments, expected at most 1"},
        Case{"{% macro m(a) %}{% endmacro %}{{ m(b=1) }}", "1: m has no parameter b"},
        Case{"{{ range }}", "1: cannot print a function"},
        Case{"{% for x in [1] %}{{ loop.changed(x) }}{% endfor %}",
             "1: loop.changed is not supported"},
        Case{"{% for x in [1] %}{{ loop.cycle() }}{% endfor %}", "1: cycle has no arguments"},
        Case{"\n\n{{ raise_exception('no ' ~ 'way') }}", "3: the template refuses: no way"},
        Case{"{{ strftime_now('%Y') }}",
             "1: the template asks for today's date, expected --date YYYY-MM-DD"}));

TEST(Jinja, TellsTheDayOnlyWhereItIsGiven) {
  EXPECT_EQ(render("{{ strftime_now is defined }}"), "False");
  const RenderOptions day{.date = Date{.year = 2024, .month = 2, .day = 29}};
  EXPECT_EQ(render("{{ strftime_now('%A %-d %b %Y, %j') }}", {}, day), "Thursday 29 Feb 2024, 060");
  EXPECT_EQ(failure_of("{{ strftime_now('%Q') }}", day),
            "1: strftime_now: %Q is not supported, expected one of Y y m d B b h A a j F H I M S "
            "p %");
}

TEST(Jinja, EndsTemplatesThatRunAway) {
  const std::string kTooMuch = "1: the template takes too many steps or too much memory";
  const RenderOptions little{.limits = {.work = 1 << 22}};  // of the default, a second's work
  const std::string range = "{% for i in range(100000) %}";
  EXPECT_EQ(failure_of(range + range + "{% endfor %}{% endfor %}", little), kTooMuch);
  EXPECT_EQ(failure_of("{{ 'abc' * 1000000000 }}", little), kTooMuch);
  EXPECT_EQ(failure_of("{{ [1] * 1000000000 }}", little), kTooMuch);
  EXPECT_EQ(failure_of("{% set n = namespace(x='a') %}{% for i in range(100) %}"
                       "{% set n.x = n.x ~ n.x %}{% endfor %}",
                       little),
            kTooMuch);
  // Lists that are held many times over take no memory until they are printed.
  EXPECT_EQ(failure_of("{% set n = namespace(x=[1]) %}{% for i in range(60) %}"
                       "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
                       little),
            kTooMuch);
  EXPECT_EQ(failure_of("{% set n = namespace(x=[1], y=[1]) %}{% for i in range(60) %}"
                       "{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}"
                       "{{ n.x == n.y }}",
                       little),
            kTooMuch);
}

TEST(Jinja, EndsTemplatesThatAreNestedTooDeep) {
  const auto repeated = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  const std::string kTooDeep = "1: expressions are nested too deep";
  EXPECT_EQ(failure_of("{{ " + repeated("(", 10000) + "1" + repeated(")", 10000) + "}}"), kTooDeep);
  EXPECT_EQ(failure_of("{{ " + repeated("not ", 10000) + "1 }}"), kTooDeep);
  EXPECT_EQ(failure_of("{{ " + repeated("- ", 10000) + "1 }}"), kTooDeep);
  EXPECT_EQ(failure_of("{{ 1" + repeated("|int", 10000) + " }}"), kTooDeep);
  EXPECT_EQ(failure_of("{{ 1" + repeated(" + 1", 10000) + " }}"), kTooDeep);
  EXPECT_EQ(failure_of("{{ a" + repeated(".a", 10000) + " }}"), kTooDeep);
  EXPECT_EQ(failure_of(repeated("{% if 1 %}", 10000)), "1: statements are nested too deep");
  EXPECT_EQ(failure_of("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
            "1: the template is nested too deep");
  EXPECT_EQ(failure_of("{% set n = namespace(x=1) %}{% for i in range(1000) %}"
                       "{% set n.x = [n.x] %}{% endfor %}"),
            "1: lists are nested too deep");
  EXPECT_EQ(failure_of("{% set n = namespace(x=1) %}{% for i in range(1000) %}"
                       "{% set n.x = {'a': n.x} %}{% endfor %}"),
            "1: mappings are nested too deep");
}

TEST(Jinja, FreesNamespacesThatHoldEachOther) {
  EXPECT_EQ(render("{% set a = namespace() %}{% set a.a = a %}{% set a.l = [a] %}{{ a.a.a is "
                   "defined }}"),
            "True");
}

TEST(Jinja, TakesValidUtf8Only) {
  EXPECT_THAT(message_of<std::invalid_argument>([] { Template::parse("a\xFF", "t"); }),
              StartsWith("[chat_template] t is not valid UTF-8 at byte 1"));
}

TEST(Jinja, RemembersWhereTextsComeFrom) {
  Dict variables;
  variables.set("a", MarkedText("  one,two ", 7));
  variables.set("e", MarkedText("", 8));
  const auto marks = [&](std::string_view source) {
    return Template::parse(source, "t").render(variables).marks();
  };
  EXPECT_THAT(marks("<{{ a }}>"), ElementsAre(Mark{1, 11, 7}));
  EXPECT_THAT(marks("<{{ a | trim }}>"), ElementsAre(Mark{1, 8, 7}));
  EXPECT_THAT(marks("{{ '<' ~ a.split(',')[1] + '>' }}"), ElementsAre(Mark{1, 5, 7}));
  EXPECT_THAT(marks("{{ ('<' + a)[3:6] }}"), ElementsAre(Mark{0, 3, 7}));
  EXPECT_THAT(marks("{{ a | upper | replace('ONE', '1') }}"),
              ElementsAre(Mark{0, 2, 7}, Mark{3, 8, 7}));
  EXPECT_THAT(marks("{{ '-' * 3 }}{{ e }}."), ElementsAre(Mark{3, 3, 8}));
  EXPECT_THAT(marks("{% set b %}<{{ a }}{% endset %}{{ b[:2] }}"), ElementsAre(Mark{1, 2, 7}));
  EXPECT_THAT(marks("{{ a is defined }}{{ a | length }}"), ::testing::IsEmpty());
}

TEST(Jinja, MarksWhatTheTurnOfALoopWrites) {
  Dict first;
  first.tag = 3;
  Dict second;
  second.tag = 4;
  Dict variables;
  variables.set("all", make_list({Value(first), Value(second)}));
  const auto marks = [&](std::string_view source) {
    return Template::parse(source, "t").render(variables).marks();
  };
  EXPECT_THAT(marks(".{% for x in all[::-1] %}<>{% endfor %}"),
              ElementsAre(Mark{1, 3, 4}, Mark{3, 5, 3}));
  EXPECT_THAT(marks("{% for x in all %}{% set y = 1 %}{% endfor %}"), ::testing::IsEmpty());
}

}  // namespace
}  // namespace circuit::jinja
