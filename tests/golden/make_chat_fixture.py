"""Writes what transformers' apply_chat_template makes of 70 conversations for each of six families.

The tests of our chat templates compare with these files. Needs transformers and tokenizers (made with 4.57.3 and
0.22), no network, no model weights:

  python tests/golden/make_chat_fixture.py --sources DIR --out tests/golden/chat

DIR holds one folder a family: smollm2, llama3, qwen2_5, qwen3, gemma2, gemma3, each with tokenizer.json and
tokenizer_config.json (tests/golden/README.md says where they are from). Written are

  conversations.json        the conversations, which all families share: lists of {"role", "content"}
  NAME.json                 {"made_with", "date", "template", "special_tokens", "cases"}; a case is {"conversation" (an
                            index), "ending" ("open": a new reply begins, "closed", "continued"), "date" (empty: the
                            template is told of none), "ids" (null: the template raises an error)}
  NAME.tokenizer.json.xz    for qwen2_5 and gemma3, whose whole tokenizers are large: the tokens and merges that occur
                            in the conversations, with their ids. It holds every merge whose result is part of a text,
                            so it cannot encode these texts differently; that is checked here against the whole one.
"""

import argparse
import datetime
import json
import lzma
import pathlib
import random

import tokenizers
import transformers
from transformers import AutoTokenizer
from transformers.utils import chat_template_utils

DATE = "2025-02-03"
LLAMA_DATE = "26 Jul 2024"  # what Llama's template takes where it is told of no day
REDUCED = ["qwen2_5", "gemma3"]

# The tokenizer that the sources have for Gemma 2 comes without its template; this is the published one.
GEMMA2_TEMPLATE = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}"
    "{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)

TEXTS = [
    "What is the capital of France?",
    "Paris.",
    "",
    " ",
    "\n\n",
    "  two spaces before, and behind  ",
    "\tTabs\tand\r\nreturns\r",
    "Ein Öl-Fräser läuft – „langsam“ … ½ €",
    "Цена: 1 234,56 ₽ за кг",
    "日本語のテキスト、全角　空白。",
    "العربية من اليمين إلى اليسار",
    "नमस्ते दुनिया",
    "emoji 😀👩‍👩‍👧‍👦🇫🇷 and é as two characters",
    "def f(x):\n    return {'a': [x, x**2], \"b\": None}\n",
    "```python\nfor i in range(10):\n\tprint(f'{i:>3}')\n```",
    '{"name": "get_weather", "arguments": {"city": "Zürich", "unit": "°C"}}',
    "{{ messages[0] }} {% for x in y %} {# not a template #}",
    "<b>bold</b> & <tags/> of <unknown> kinds",
    "1234567890 3.14159 1e-5 0x7f 1,000,000",
    "$$\\int_0^1 x^2\\,dx = \\tfrac{1}{3}$$",
    "A first paragraph.\n\nA second one.\n\n\n- a list\n- of things\n",
    "user",
    "assistant\nuser\nsystem",
    "UPPER lower MiXeD",
    "x" * 60,
    "Repeat after me: " + "na " * 20,
    "'single' \"double\" `back` ‘curly’ “quotes”",
    "\u200bzero\u00a0width\u2028separators\ufeff",
    "/path/to/file.txt C:\\Windows\\System32",
    "Why? Because! (Really?) [Yes] {No} <Maybe>",
]
SYSTEMS = ["You are a helpful assistant.", "Be brief.\nAnswer in one word.", "", "  Trim me \n"]


def conversations():
    """70 lists of messages, always the same; every template takes at least 50 of them."""
    draw = random.Random(5)
    texts = list(TEXTS)
    result = []

    def turns(count, system=None):
        messages = [] if system is None else [{"role": "system", "content": system}]
        for i in range(count):
            messages.append({"role": "assistant" if i % 2 else "user", "content": draw.choice(texts)})
        return messages

    result += [[{"role": "user", "content": text}] for text in texts[:16]]
    result += [turns(1, system) for system in SYSTEMS]
    result += [turns(2) for _ in range(6)] + [turns(2, draw.choice(SYSTEMS)) for _ in range(4)]
    result += [turns(3) for _ in range(5)] + [turns(5, draw.choice(SYSTEMS)) for _ in range(4)]
    result += [turns(4) for _ in range(2)] + [turns(7) for _ in range(2)]
    result += [
        [{"role": "user", "content": "Think."}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nDone."}],
        [{"role": "user", "content": "Think."}, {"role": "assistant", "content": "<think>hm</think>Done."},
         {"role": "user", "content": "More."}],
        [{"role": "user", "content": [{"type": "text", "text": " one "}, {"type": "text", "text": "two"}]}],
        [{"role": "system", "content": [{"type": "text", "text": "rules"}]},
         {"role": "user", "content": [{"type": "text", "text": "parts"}]}],
        [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
        [{"role": "assistant", "content": "I begin."}, {"role": "user", "content": "Go on."}],
        [{"role": "user", "content": "call"}, {"role": "tool", "content": '{"t": 21}'}],
    ]
    result += [turns(1 + i % 5) for i in range(20)]
    assert len(result) == 70, len(result)
    return result


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromisoformat(DATE)


def load(folder, name):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if name == "gemma2":
        tokenizer.chat_template = GEMMA2_TEMPLATE
    return tokenizer


def apply(tokenizer, conversation, ending, date):
    told = {} if date else {"date_string": LLAMA_DATE}
    try:
        ids = tokenizer.apply_chat_template(
            conversation,
            add_generation_prompt=ending == "open",
            continue_final_message=ending == "continued",
            **told,
        )
        return ids
    except Exception:  # TemplateError, and TypeError where a template adds a list to a text
        return None


def has_text(message):
    return isinstance(message["content"], str) and message["content"].strip() != ""


def cases_of(tokenizer, all_conversations):
    cases = []
    for index, conversation in enumerate(all_conversations):
        endings = ["closed" if conversation[-1]["role"] == "assistant" else "open"]
        if conversation[-1]["role"] == "assistant" and has_text(conversation[-1]):
            endings.append("continued")
        elif index % 5 == 0:
            endings.append("closed")
        for ending in endings:
            date = DATE if index % 2 == 0 else ""
            ids = apply(tokenizer, conversation, ending, date)
            cases.append({"conversation": index, "ending": ending, "date": date, "ids": ids})
    return cases


def reduce_tokenizer(data, texts):
    """The tokenizer.json `data` (JSON) with what can occur in `texts` alone."""
    whole = tokenizers.Tokenizer.from_str(json.dumps(data))
    pieces = []
    for text in texts:
        pieces.append(whole.normalizer.normalize_str(text) if whole.normalizer else text)
    if data["model"].get("byte_fallback"):
        searched = "\n".join(pieces)
    else:
        level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        searched = "\n".join("".join(part for part, _ in level.pre_tokenize_str(piece)) for piece in pieces)
    added = {token["content"] for token in data["added_tokens"] if token["content"] in "\n".join(texts)}
    added |= {token["content"] for token in data["added_tokens"] if token["special"] and "unused" not in token["content"]}
    data["added_tokens"] = [token for token in data["added_tokens"] if token["content"] in added]
    vocab = data["model"]["vocab"]
    kept = {t: i for t, i in vocab.items() if t in searched or t in added or len(t) == 1 and ord(t) < 0x180
            or len(t) == 6 and t.startswith("<0x")}
    pairs = [merge if isinstance(merge, list) else merge.split(" ") for merge in data["model"]["merges"]]
    # An added token keeps its id only as part of the vocabulary, which ends earlier now.
    kept |= {token["content"]: token["id"] for token in data["added_tokens"]}
    data["model"]["vocab"] = kept
    data["model"]["merges"] = [[a, b] for a, b in pairs if a + b in searched]
    return data


def write_reduced(folder, name, out, cases, tokenizer, all_conversations):
    texts = []
    for case in cases:
        if case["ids"] is not None:
            texts.append(tokenizer.decode(case["ids"], clean_up_tokenization_spaces=False))
    texts += [part for c in all_conversations for m in c for part in
              ([m["content"]] if isinstance(m["content"], str) else [p["text"] for p in m["content"]])]
    data = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    reduced = json.dumps(reduce_tokenizer(data, texts), ensure_ascii=False, separators=(",", ":"))
    small = tokenizers.Tokenizer.from_str(reduced)
    whole = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text in texts:
        assert small.encode(text).ids == whole.encode(text).ids, text
    with open(out / f"{name}.tokenizer.json.xz", "wb") as file:
        file.write(lzma.compress(reduced.encode("utf-8"), check=lzma.CHECK_CRC32, preset=9 | lzma.PRESET_EXTREME))


def dump(value, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sources", required=True, type=pathlib.Path, help="folder with one folder a family")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder to write into")
    args = parser.parse_args()
    chat_template_utils.datetime = FixedDate
    all_conversations = conversations()
    dump(all_conversations, args.out / "conversations.json")
    for name in ["smollm2", "llama3", "qwen2_5", "qwen3", "gemma2", "gemma3"]:
        tokenizer = load(args.sources / name, name)
        cases = cases_of(tokenizer, all_conversations)
        if name in REDUCED:
            write_reduced(args.sources / name, name, args.out, cases, tokenizer, all_conversations)
        texts = {k: str(v) for k, v in tokenizer.special_tokens_map.items() if k.endswith("_token")}
        dump({"made_with": f"transformers {transformers.__version__}, tokenizers {tokenizers.__version__}",
              "template": tokenizer.chat_template, "special_tokens": texts, "cases": cases},
             args.out / f"{name}.json")
        errors = sum(case["ids"] is None for case in cases)
        assert len({case["conversation"] for case in cases if case["ids"] is not None}) >= 50, name
        print(f"{name}: {len(cases)} cases, {errors} of them errors")


if __name__ == "__main__":
    main()
