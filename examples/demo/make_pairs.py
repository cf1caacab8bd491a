#!/usr/bin/env python3
"""Writes pairs.jsonl from prompts.jsonl: prompts that differ in one thing and in their answer.

    python3 examples/demo/make_pairs.py

A study runs `from` and asks whether an intervention brings the answer of `to`. `kind` is the field
that the two differ in and that is to be exchanged. Both prompts have as many tokens, so that their
positions correspond, and both are of the same split.
"""

import collections
import dataclasses
import json
import pathlib
import random

HERE = pathlib.Path(__file__).parent
US = ("us_2hop_capital", "us_2hop_code", "us_2hop_region")
CO = tuple(f"co_{hop}_{relation}" for hop in ("2hop", "cap2hop")
           for relation in ("capital", "language", "continent", "currency"))
OWN = ("ant_en", "ant_fr", "ant_sp")
NAMED = ("ant_same", "ant_cross", "translate")
DRAWN = ("induction", "indirect_object", "agreement")


@dataclasses.dataclass(frozen=True)
class Rule:
    families: tuple  # of `from`
    kind: str
    same: tuple  # fields that both prompts share
    each: tuple  # `count` pairs for every value that these fields of `from` have together
    apart: tuple  # what others that have the kind's value must not share with the pair
    count: int = 1
    partners: tuple = ()  # families of `to`; none: the family of `from`


RULES = [
    Rule(US + CO, "intermediate", ("relation",), ("entity",), ("subject", "relation"), count=2),
    Rule(("us_fact", "co_fact", "us_city", "co_city"), "entity", ("relation",), ("entity",),
         ("subject", "relation"), count=2),
    Rule(OWN, "concept", ("language",), ("opposites",), ("operation",), count=2),
    Rule(NAMED, "concept", ("from", "language"), ("opposites", "from", "language"),
         ("operation",)),
    Rule(OWN, "language", ("concept",), ("opposites",), ("opposites", "operation"), count=2,
         partners=OWN),
    Rule(NAMED, "language", ("concept", "from", "operation"), ("opposites", "from", "language"),
         ("opposites", "operation"), partners=NAMED),
    Rule(("add",), "sum", ("operand_a",), ("sum",), ("operand_a", "operand_b")),
    Rule(("add",), "sum", ("operand_b",), ("sum",), ("operand_a", "operand_b")),
    Rule(("succ",), "subject", ("operation", "unit"), ("subject", "operation"), ("operation",)),
    Rule(DRAWN, "concept", ("question",), ("question",), ("question",), count=2),
]


def values(prompt, fields):
    return tuple(prompt["fields"][field] for field in fields)


def whole_words(prompts):
    """Prompts whose words are one token each, here and in the answer."""
    tokenizer = json.loads((HERE / "model/tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = set(tokenizer["model"]["vocab"])
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]  # what byte-level BPE leaves
    others = (byte for byte in range(256) if byte not in printed)
    shown = {byte: chr(byte) for byte in printed}
    shown |= {byte: chr(256 + i) for i, byte in enumerate(others)}

    def is_token(word):
        return "".join(shown[byte] for byte in f" {word}".encode()) in vocabulary

    return [prompt for prompt in prompts
            if all(map(is_token, (prompt["prompt"] + prompt["answer"]).split()))]


def unambiguous(prompts):
    """A word that two languages share makes two questions with one text."""
    counts = collections.Counter(prompt["prompt"] for prompt in prompts)
    return [prompt for prompt in prompts if counts[prompt["prompt"]] == 1]


class Pairs:
    def __init__(self, prompts):
        self.prompts = unambiguous(whole_words(prompts))
        self.with_value = collections.defaultdict(list)
        for prompt in prompts:
            for field, value in prompt["fields"].items():
                self.with_value[field, value].append(prompt["fields"])

    def of_families(self, families):
        return [prompt for prompt in self.prompts if prompt["family"] in families]

    def known_elsewhere(self, rule, prompt, other):
        """Whether a prompt apart from both has the value that `prompt` brings to the pair."""
        return any(all(fields.get(field) not in (prompt["fields"][field], other["fields"][field])
                       for field in rule.apart)
                   for fields in self.with_value[rule.kind, prompt["fields"][rule.kind]])

    def fit(self, rule, start, end):
        return (start["split"] == end["split"]
                and values(start, rule.same) == values(end, rule.same)
                and start["fields"][rule.kind] != end["fields"][rule.kind]
                and start["answer"].split()[0] != end["answer"].split()[0]
                and len(start["prompt"].split()) == len(end["prompt"].split())
                and self.known_elsewhere(rule, start, end)
                and self.known_elsewhere(rule, end, start))

    def draw(self, rule, family):
        draw = random.Random(0)
        partners = self.of_families(rule.partners or (family,))
        strata = collections.defaultdict(list)
        for prompt in self.of_families((family,)):
            strata[prompt["split"], values(prompt, rule.each)].append(prompt)
        for stratum in draw.sample(sorted(strata), len(strata)):
            found = 0
            for start in draw.sample(strata[stratum], len(strata[stratum])):
                ends = [end for end in partners if self.fit(rule, start, end)]
                if ends and found < rule.count:
                    found += 1
                    yield start, draw.choice(ends)


def spread(rule, pairs):
    """One pair of each cluster, then another of each, so that the first ones are not of a few."""
    counts = collections.Counter()
    ranked = []
    for start, end in pairs:
        cluster = start["fields"][rule.each[0]]
        counts[cluster] += 1
        ranked.append((counts[cluster], len(ranked), start, end))
    return [(start, end) for _, _, start, end in sorted(ranked, key=lambda one: one[:2])]


def main():
    text = (HERE / "prompts.jsonl").read_text(encoding="utf-8")
    pairs = Pairs([json.loads(line) for line in text.splitlines()])
    lines = []
    numbers = collections.Counter()
    for rule in RULES:
        for family in rule.families:
            for start, end in spread(rule, pairs.draw(rule, family)):
                name = f"{family}-{rule.kind}"
                numbers[name] += 1
                lines.append({"id": f"{name}-{numbers[name]:03}", "from": start["id"],
                              "to": end["id"], "split": start["split"], "family": family,
                              "kind": rule.kind})
    (HERE / "pairs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
