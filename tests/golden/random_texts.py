"""The texts of tests/support/random_texts.cpp, once more: the same tables, the same steps.

Text number i is made of 1 to 6 parts. A part is, with equal chances, words, white space, digits,
characters of one script, a letter with combining marks, a chain of emoji, the text of a special
token, control characters, any characters, or a long run of one character. Numbers are drawn from
SplitMix64, started with i.
"""
import json
import pathlib

_MASK = (1 << 64) - 1
_TABLES = json.loads((pathlib.Path(__file__).parent / "random_texts.json").read_text())


class _Random:
    def __init__(self, seed):
        self._state = seed

    def below(self, n):
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((z ^ (z >> 31)) >> 33) % n

    def pick(self, name):
        table = _TABLES[name]
        return table[self.below(len(table))]

    def character_of(self, name):
        first, last = self.pick(name)
        return chr(first + self.below(last - first + 1))


def _words(r):
    text = ""
    for _ in range(1 + r.below(8)):
        text += r.pick("words")
        text += r.pick("punctuation") if r.below(4) == 0 else " "
    return text


def _spaces(r):
    return r.pick("spaces") * (1 + r.below(20))


def _digits(r):
    return "".join(r.pick("digits") for _ in range(1 + r.below(8)))


def _script(r):
    first, last = r.pick("scripts")
    return "".join(chr(first + r.below(last - first + 1)) for _ in range(1 + r.below(12)))


def _marks(r):
    text = r.pick("bases")
    for _ in range(1 + r.below(4)):
        text += r.character_of("marks")
    return text


def _emoji(r):
    text = r.pick("emoji")
    for _ in range(r.below(4)):
        text += r.pick("joiners")
        text += r.pick("emoji")
    return text


def _special(r):
    return r.pick("special")


def _controls(r):
    return "".join(r.character_of("controls") for _ in range(1 + r.below(4)))


def _any(r):
    text = ""
    for _ in range(1 + r.below(6)):
        code = r.below(0x110000 - 0x800)
        text += chr(code if code < 0xD800 else code + 0x800)
    return text


def _run(r):
    return r.pick("runs") * (20 + r.below(60))


_PARTS = [_words, _spaces, _digits, _script, _marks, _emoji, _special, _controls, _any, _run]


def random_text(index):
    r = _Random(index)
    return "".join(_PARTS[r.below(len(_PARTS))](r) for _ in range(1 + r.below(6)))


def random_words(index):
    """A text of words alone."""
    return _words(_Random(index))
