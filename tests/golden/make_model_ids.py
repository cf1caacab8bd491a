"""Writes what SentencePiece and transformers make of 20,000 random texts with the tokenizers/NAME.model files.

  NAME.model.random                 sentencepiece alone
  NAME.CASE.random, NAME.CASE.json  one of transformers' own (slow) classes, and the tokenizer_config.json that it saves

Line k is the xxHash64 (16 hexadecimal digits) of texts 100 k to 100 k + 99 of random_texts.py; hashed are, for each text,
the number of ids and the ids (u32, little-endian), with the tokens that the class puts around them (sentencepiece: bos). Needs sentencepiece,
transformers and xxhash (made with 0.2.3, 4.57.3 and 3.6.0), no network:

  python tests/golden/make_model_ids.py                     # all
  python tests/golden/make_model_ids.py --show NAME CASE LINE   # CASE: model for sentencepiece
"""
import json
import os
import pathlib
import shutil
import struct
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import sentencepiece
import transformers
import xxhash

from random_texts import random_text

FOLDER = pathlib.Path(__file__).parent / "tokenizers"
LINES = 200
TEXTS_PER_LINE = 100
INSTRUCTION = ["[INST]", "[/INST]"]
CASES = {
    ("tiny-llama", "legacy"): lambda file: transformers.LlamaTokenizer(
        file, legacy=True, additional_special_tokens=INSTRUCTION),
    ("tiny-llama", "first"): lambda file: transformers.LlamaTokenizer(
        file, legacy=False, add_eos_token=True, additional_special_tokens=INSTRUCTION),
    ("tiny-gemma", "gemma"): lambda file: transformers.GemmaTokenizer(
        file, additional_special_tokens=["<start_of_turn>", "<end_of_turn>"]),
    ("tiny-t5", "t5"): lambda file: transformers.T5Tokenizer(file, legacy=True, extra_ids=3),
}


def encoder(name, case):
    file = str(FOLDER / (name + ".model"))
    if case == "model":
        model = sentencepiece.SentencePieceProcessor(model_file=file)
        return lambda text: ([model.bos_id()] if model.bos_id() >= 0 else []) + model.encode(text)
    tokenizer = CASES[name, case](file)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        shutil.copy(pathlib.Path(folder) / "tokenizer_config.json", FOLDER / f"{name}.{case}.json")
    if case == "t5":  # transformers leaves the second eos out behind a text that ends with one
        return lambda text: tokenizer(text, add_special_tokens=False).input_ids + [tokenizer.eos_token_id]
    return lambda text: tokenizer(text).input_ids


def results(encode, line):
    texts = [random_text(i) for i in range(line * TEXTS_PER_LINE, (line + 1) * TEXTS_PER_LINE)]
    return [(text, encode(text)) for text in texts]


def line_hash(encode, line):
    digest = xxhash.xxh64()
    for _, ids in results(encode, line):
        digest.update(struct.pack(f"<I{len(ids)}I", len(ids), *ids))
    return digest.hexdigest()


def main(arguments):
    if arguments[:1] == ["--show"]:
        for text, ids in results(encoder(arguments[1], arguments[2]), int(arguments[3])):
            print(json.dumps({"text": text, "ids": ids}))
        return
    models = [(path.stem, "model") for path in sorted(FOLDER.glob("*.model"))]
    for name, case in models + list(CASES):
        encode = encoder(name, case)
        hashes = [line_hash(encode, line) for line in range(LINES)]
        (FOLDER / f"{name}.{case}.random").write_text("\n".join(hashes) + "\n")
        print(name, case, flush=True)


main(sys.argv[1:])
