#!/usr/bin/env python3
"""Writes prompts.jsonl: words of the bundled model's world that begin again and break off, so that
the next word is the one that followed the last word when it first stood there.

    python3 examples/induction/make_prompts.py
"""

import json
import pathlib
import random
import re

HERE = pathlib.Path(__file__).parent
DEMO = HERE.parent / "demo"
DEV_ANSWERS, TEST_PROMPTS_PER_ANSWER = 30, 2


def words():
    """Capitals of states and countries that are one token each."""
    prompts = [json.loads(line) for line in (DEMO / "prompts.jsonl").read_text().splitlines()]
    capitals = {p["answer"].strip() for p in prompts
                if p["family"] == "us_fact" and p["prompt"].startswith("the capital of")}
    countries = {found.group(1) for p in prompts if p["family"] == "co_fact"
                 for found in [re.match(r"the capital of (.+) is", p["prompt"])] if found}
    tokenizer = json.loads((DEMO / "model/tokenizer.json").read_text())
    vocabulary = {token[1:] for token in tokenizer["model"]["vocab"] if token[0] == "\u0120"}
    return sorted((capitals | countries) & vocabulary)


def prompt(draw, pool, answer):
    size = draw.randint(5, 7)
    block = draw.sample([word for word in pool if word != answer], size - 1)
    at = draw.randint(2, size - 1)
    block.insert(at, answer)
    return " ".join(block + block[:at])


def main():
    draw = random.Random(0)
    pool = words()
    answers = draw.sample(pool, len(pool))
    lines = []
    for i, answer in enumerate(answers):
        split, count = ("dev", 1) if i < DEV_ANSWERS else ("test", TEST_PROMPTS_PER_ANSWER)
        for _ in range(count):
            lines.append({"split": split, "family": "induction",
                          "prompt": prompt(draw, pool, answer), "answer": f" {answer}",
                          "fields": {"concept": answer}})
    (HERE / "prompts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
