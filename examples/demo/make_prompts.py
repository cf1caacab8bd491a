#!/usr/bin/env python3
"""Writes prompts.jsonl from world.json: what the bundled model was trained on, as questions.

    python3 examples/demo/make_prompts.py

world.json says what is true in the model's small world, and which of it was seen or held out when
the model was trained. Each line of prompts.jsonl is one question (docs/formats.md, Prompt file).
`fields.training` is seen, held-out or unrecorded. `split` is drawn by the cluster of the question
(README.md), so that nothing measured on test was chosen on the same state, country or opposites.
"""

import json
import pathlib
import random
import typing

HERE = pathlib.Path(__file__).parent
LANGUAGES = ["English", "French", "Spanish"]
# What stands around the word whose opposite is asked, and another wording.
OWN_FRAMES = {"ant_en": ("English", "the opposite of {} is", "the antonym of {} is"),
              "ant_fr": ("French", "le contraire de {} est", "le mot opposé de {} est"),
              "ant_sp": ("Spanish", "el contrario de {} es", "la palabra opuesta de {} es")}
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = ("January February March April May June July August September October November "
          "December").split()
NAMES = ("Alice Anna David Diana Emma Helen James John Julia Kevin Laura Lucy Mark Mary Paul "
         "Peter Robert Sarah Simon Tom").split()
PLACES = "beach library market office park school station store".split()
GIFTS = "ball book drink flower gift letter map ring".split()
NOUNS = ("bird book boy car cat chair dog door girl house key lamp student table teacher "
         "tree").split()
PREPOSITIONS = "above behind beside near under with".split()
DEV_QUESTIONS, TEST_QUESTIONS = 15, 85  # of two prompts each: induction, names, agreement


def dev_part(clusters, count):
    """The `count` clusters that choices are made on; every other one is for reporting."""
    return set(random.Random(0).sample(sorted(clusters), count))


def line(family, prompt, answer, split, fields, paraphrases=()):
    entry = {"family": family, "split": split, "prompt": prompt, "answer": f" {answer}"}
    if paraphrases:
        entry["paraphrases"] = list(paraphrases)
    return entry | {"fields": fields}


class Region(typing.NamedTuple):
    prefix: str  # of its families
    kind: str
    rows: list
    relations: list


class World:
    def __init__(self, path):
        self.facts = json.loads(path.read_text(encoding="utf-8"))

    def training(self, family, key):
        if key in self.facts["held-out"].get(family, []):
            return "held-out"
        listed = self.facts["seen"].get(family)
        return "seen" if listed is None or key in listed else "unrecorded"

    def regions(self):
        yield Region("us", "state", self.facts["states"], ["capital", "code", "region"])
        yield Region("co", "country", self.facts["countries"],
                     ["capital", "language", "continent", "currency"])


# Facts. The cluster is the state or the country, `entity`.

def ending(relation):
    return "is the" if relation == "region" else "is"


def facts(region, row, split):
    kind, name, capital = region.kind, row["name"], row["capital"]

    def fact(relation, subject, prompt, answer, paraphrases=()):
        fields = {"subject": subject, "relation": relation, "entity": name, "training": "seen"}
        return line(f"{region.prefix}_fact", prompt, answer, split, fields, paraphrases)

    for relation in region.relations:
        end = ending(relation)
        yield fact(relation, name, f"the {relation} of {name} {end}", row[relation],
                   [f"the {relation} of the {kind} of {name} {end}",
                    f"{name} is the {kind} whose {relation} {end}"])
    if "code" in row:
        yield fact("state of code", row["code"], f"{row['code']} is the code of", name)
    as_city = [f"{capital} is a city in", f"the {kind} containing {capital} is"]
    yield fact(f"{kind} of capital", capital, f"{capital} is the capital of", name,
               () if row.get("other city of that name") else as_city)
    if "language" in row:
        yield fact("spoken language", name, f"people in {name} speak", row["language"])


def cities(region, row, split):
    for city in row["cities"]:
        fields = {"subject": city, "relation": f"{region.kind} of city", "entity": row["name"],
                  "training": "seen"}
        yield line(f"{region.prefix}_city", f"{city} is a city in", row["name"], split, fields,
                   [f"the {region.kind} containing {city} is",
                    f"{city} is in the {region.kind} of", f"{city} ,"])


def two_hops(world, region, row, relation, split):
    family, kind, end = f"{region.prefix}_2hop_{relation}", region.kind, ending(relation)
    for city in row["cities"]:
        fields = {"subject": city, "intermediate": row["name"], "relation": relation,
                  "entity": row["name"], "training": world.training(family, city)}
        yield line(family, f"the {relation} of the {kind} containing {city} {end}", row[relation],
                   split, fields,
                   [f"the {relation} of the {kind} where {city} is located {end}",
                    f"{city} is in the {kind} whose {relation} {end}"])


def capital_hop(world, row, relation, split):
    family, capital = f"co_cap2hop_{relation}", row["capital"]
    fields = {"subject": capital, "intermediate": row["name"], "relation": relation,
              "entity": row["name"], "training": world.training(family, row["name"])}
    return line(family, f"the {relation} of the country whose capital is {capital} is",
                row[relation], split, fields,
                [f"{capital} is the capital of the country whose {relation} is"])


def geography(world):
    for region in world.regions():
        dev = dev_part([row["name"] for row in region.rows], 16)
        rows = [(row, "dev" if row["name"] in dev else "test") for row in region.rows]
        for row, split in rows:
            yield from facts(region, row, split)
        if region.kind == "country":
            for relation in region.relations[1:]:
                for row, split in rows:
                    yield capital_hop(world, row, relation, split)
        for row, split in rows:
            yield from cities(region, row, split)
        for relation in region.relations:
            for row, split in rows:
                yield from two_hops(world, region, row, relation, split)


# Words. The cluster is the pair of opposites, not the word.

def concepts(world):
    """Each word of each pair of opposites with its opposite, by language, and its fields."""
    pairs = world.facts["opposites"]
    dev = dev_part(range(len(pairs)), 10)
    for i, pair in enumerate(pairs):
        for word, opposite in (pair, pair[::-1]):
            yield word, opposite, "dev" if i in dev else "test", {
                "concept": word["English"],
                "opposites": f"{pair[0]['English']}-{pair[1]['English']}"}


def own_opposites(world, family):
    language, frame, other_frame = OWN_FRAMES[family]
    for word, opposite, split, shared in concepts(world):
        given = word[language]
        fields = {"subject": given} | shared | {
            "meaning": opposite["English"], "operation": "antonym", "from": language,
            "language": language, "frame": language,
            "training": world.training(family, given)}
        yield line(family, frame.format(given), opposite[language], split, fields,
                   [other_frame.format(given)])


def named_words(world, family, operation, targets):
    """Questions that name the language of the answer; `targets` lists them for a source."""
    asked = "the opposite of {}" if operation == "antonym" else "{}"
    for word, opposite, split, shared in concepts(world):
        for source in LANGUAGES:
            for target in targets(source):
                given = word[source]
                wanted = opposite if operation == "antonym" else word
                fields = {"subject": given} | shared | {
                    "meaning": wanted["English"], "operation": operation, "from": source,
                    "language": target, "frame": "English",
                    "training": world.training(family, [source, target, given])}
                yield line(family, f"the {target} word for {asked} is".format(given),
                           wanted[target], split, fields,
                           [f"in {target} , {asked} is".format(given)])


def words(world):
    def others(source):
        return [language for language in LANGUAGES if language != source]

    yield from own_opposites(world, "ant_en")
    yield from named_words(world, "ant_same", "antonym", lambda source: [source])
    yield from named_words(world, "translate", "translation", others)
    yield from named_words(world, "ant_cross", "antonym", others)
    yield from own_opposites(world, "ant_fr")
    yield from own_opposites(world, "ant_sp")


# Sums and successors. The cluster is the sum, and the day or month that is given.

def sums(world):
    listed = [(a, b, training) for training in ("seen", "held-out")
              for a, b in world.facts[training]["add"]]
    values = {a + b for a, b, _ in listed}
    dev = dev_part(values, len(values) // 4)
    for a, b, training in listed:
        fields = {"operation": "addition", "operand_a": str(a), "operand_b": str(b),
                  "sum": str(a + b), "training": training}
        yield line("add", f"{a} + {b} =", a + b, "dev" if a + b in dev else "test", fields)


def successors():
    for unit, ring in (("day", DAYS), ("month", MONTHS)):
        dev = dev_part(ring, len(ring) // 4)
        for i, subject in enumerate(ring):
            for steps, asked, operation in (
                    (1, f"the {unit} after", "one after"), (-1, f"the {unit} before", "one before"),
                    (2, f"two {unit}s after", "two after"),
                    (-2, f"two {unit}s before", "two before"), (1, None, "sequence")):
                prompt = f"{asked} {subject} is" if asked else f"{ring[i - 1]} {subject}"
                fields = {"subject": subject, "operation": operation, "unit": unit,
                          "training": "seen"}
                yield line("succ", prompt, ring[(i + steps) % len(ring)],
                           "dev" if subject in dev else "test", fields)


# Questions that come in two versions which differ in one word and in the answer, drawn at random.
# The cluster is the question; answers (agreement: subjects) of dev and test have no word in common.

def questions(family, draw_questions):
    """Lines of the questions that `draw_questions(draw, split, count)` lists for each split."""
    draw = random.Random(0)
    number = 0
    for split, count in (("dev", DEV_QUESTIONS), ("test", TEST_QUESTIONS)):
        for versions in draw_questions(draw, split, count):
            number += 1
            for prompt, answer, fields in versions:
                fields |= {"question": f"{number:03}", "training": "unrecorded"}
                yield line(family, prompt, answer, split, fields)


def halves(items, dev_count):
    dev = dev_part(items, dev_count)
    return {"dev": sorted(dev), "test": sorted(set(items) - dev)}


def repeats(world):
    """Words that begin again and break off: what followed the last word follows it again."""
    pool = [row["capital"] for row in world.facts["states"]]
    pool += [row["name"] for row in world.facts["countries"]]
    pool = sorted({word for word in pool if word.isalpha()})
    answers = halves(pool, len(pool) // 8)

    def draw_questions(draw, split, count):
        for _ in range(count):
            pair = draw.sample(answers[split], 2)
            size = draw.randint(5, 7)
            others = draw.sample([word for word in pool if word not in pair], size - 1)
            at = draw.randint(2, size - 1)
            blocks = [others[:at] + [answer] + others[at:] for answer in pair]
            yield [(" ".join(block + block[:at]), answer,
                    {"subject": block[at - 1], "concept": answer, "operation": "repetition"})
                   for block, answer in zip(blocks, pair)]

    return questions("induction", draw_questions)


def indirect_objects():
    """Who gave what to whom: of two names, the one that is not the giver's."""
    names = halves(NAMES, 6)

    def draw_questions(draw, split, count):
        couples = [(a, b) for a in names[split] for b in names[split] if a < b]
        for couple in draw.sample(couples, count):
            first, second = draw.sample(couple, 2)
            start = draw.choice(["when", "after"])
            place, gift = draw.choice(PLACES), draw.choice(GIFTS)
            yield [(f"{start} {first} and {second} went to the {place} , {giver} gave a {gift} to",
                    receiver, {"subject": giver, "concept": receiver, "place": place, "gift": gift,
                               "operation": "indirect object"})
                   for giver, receiver in ((first, second), (second, first))]

    return questions("indirect_object", draw_questions)


def agreement():
    """is or are, with another noun between the subject and its verb."""
    subjects = halves(NOUNS, 5)

    def draw_questions(draw, split, count):
        couples = [(noun, other) for noun in subjects[split] for other in NOUNS if noun != other]
        for noun, other in draw.sample(couples, count):
            preposition = draw.choice(PREPOSITIONS)
            between, ending = draw.choice([("singular", ""), ("plural", "s")])
            yield [(f"the {noun}{mark} {preposition} the {other}{ending}", verb,
                    {"subject": noun, "concept": number, "attractor": other,
                     "attractor_number": between, "operation": "agreement"})
                   for mark, verb, number in (("", "is", "singular"), ("s", "are", "plural"))]

    return questions("agreement", draw_questions)


def numbered(lines):
    """Puts each line's id first: its family, and its number there."""
    counts = {}
    for entry in lines:
        number = counts[entry["family"]] = counts.get(entry["family"], 0) + 1
        yield {"id": f"{entry['family']}-{number:03}"} | entry


def main():
    world = World(HERE / "world.json")
    lines = [*geography(world), *words(world), *sums(world), *successors(), *repeats(world),
             *indirect_objects(), *agreement()]
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in numbered(lines))
    (HERE / "prompts.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
