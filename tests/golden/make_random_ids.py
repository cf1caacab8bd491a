"""Writes tokenizers/NAME.random: what Hugging Face's `tokenizers` makes of 100,000 random texts.

Line k is the xxHash64 (16 hexadecimal digits) of texts 100 k to 100 k + 99 of random_texts.py. Hashed are, for each
text, little-endian: the number of ids (u32), the ids without special tokens around (u32 each), the number of bytes of
the decoded text (u32), those bytes; decoded with special tokens shown. Needs tokenizers and xxhash (made with 0.22.2
and 3.6.0), no network:

  python tests/golden/make_random_ids.py [NAME ...]         # of tokenizers/NAME.tokenizer.json.xz; default: all
  python tests/golden/make_random_ids.py --show NAME LINE   # text, ids and decoded text of each text of a line
"""
import json
import lzma
import pathlib
import struct
import sys

import tokenizers
import xxhash

from random_texts import random_text

FOLDER = pathlib.Path(__file__).parent / "tokenizers"
ENDING = ".tokenizer.json.xz"
TEXTS = 100_000
TEXTS_PER_LINE = 100


def load(name):
    tokenizer = tokenizers.Tokenizer.from_str(lzma.open(FOLDER / (name + ENDING), "rt", encoding="utf-8").read())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def results(tokenizer, line):
    texts = [random_text(i) for i in range(line * TEXTS_PER_LINE, (line + 1) * TEXTS_PER_LINE)]
    ids = [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
    return list(zip(texts, ids, tokenizer.decode_batch(ids, skip_special_tokens=False)))


def line_hash(tokenizer, line):
    digest = xxhash.xxh64()
    for _, ids, decoded in results(tokenizer, line):
        decoded = decoded.encode()
        digest.update(struct.pack(f"<I{len(ids)}II", len(ids), *ids, len(decoded)) + decoded)
    return digest.hexdigest()


def main(arguments):
    if arguments[:1] == ["--show"]:
        for text, ids, decoded in results(load(arguments[1]), int(arguments[2])):
            print(json.dumps({"text": text, "ids": ids, "decoded": decoded}))
        return
    for name in arguments or sorted(p.name.removesuffix(ENDING) for p in FOLDER.glob("*" + ENDING)):
        tokenizer = load(name)
        hashes = [line_hash(tokenizer, line) for line in range(TEXTS // TEXTS_PER_LINE)]
        (FOLDER / (name + ".random")).write_text("\n".join(hashes) + "\n")
        print(name, flush=True)


main(sys.argv[1:])
