"""Writes what Hugging Face transformers computes for each prompt of a prompts.jsonl file.

The tests of our tokenizer and our forward pass compare against this file, so it is made by a program that shares
nothing with ours. Needs torch, transformers and safetensors (made with 2.13.0, 4.57.3 and 0.8.0), no network, no GPU:

  python tests/golden/make_demo_fixture.py --model DIR --prompts FILE.jsonl --out FILE.safetensors

DIR is a Hugging Face directory (config.json, model.safetensors, tokenizer.json). Each line of FILE.jsonl is an object
with a string "prompt"; other keys are ignored. The output holds, with n = number of lines:

  ids         i32 [offsets[n]]  token ids of all lines, one after another, with the tokenizer's own special tokens
  offsets     i64 [n+1]         line k owns ids[offsets[k]:offsets[k+1]]
  top_ids     i32 [n,10]        the ten tokens with the largest logits at the last position, best first, then by id
  top_logits  f32 [n,10]        their logits
  logsumexp   f32 [n]           log of the sum of exp(logit) over the vocabulary, computed in float64

The weights are widened to float32 and each prompt runs alone, unpadded, with eager attention on the CPU. The metadata
key `made_with` names the versions (one key: safetensors writes several in random order). Another machine may differ by
rounding.
"""

import argparse
import json
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

TOP = 10


def read_prompts(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line)["prompt"] for line in file]


def last_logits(model, ids):
    """Logits f32 [vocabulary] after the last of `ids`."""
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0, -1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--model", required=True, help="Hugging Face directory")
    parser.add_argument("--prompts", required=True, help="JSON lines with a string `prompt` each")
    parser.add_argument("--out", required=True, help="safetensors file to write")
    args = parser.parse_args()

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32, attn_implementation="eager").eval()
    encoded = [tokenizer(prompt).input_ids for prompt in read_prompts(args.prompts)]

    top_ids, top_logits, logsumexp = [], [], []
    for ids in encoded:
        logits = last_logits(model, ids)
        values, order = torch.sort(logits, descending=True, stable=True)
        top_ids.append(order[:TOP])
        top_logits.append(values[:TOP])
        logsumexp.append(torch.logsumexp(logits.double(), dim=0))

    lengths = torch.tensor([0] + [len(ids) for ids in encoded], dtype=torch.int64)
    tensors = {
        "ids": torch.tensor([token for ids in encoded for token in ids], dtype=torch.int32),
        "offsets": torch.cumsum(lengths, dim=0),
        "top_ids": torch.stack(top_ids).to(torch.int32),
        "top_logits": torch.stack(top_logits).to(torch.float32),
        "logsumexp": torch.stack(logsumexp).to(torch.float32),
    }
    made_with = f"torch {torch.__version__}, transformers {transformers.__version__}"
    save_file(tensors, args.out, metadata={"made_with": made_with})
    print(f"{args.out}: {len(encoded)} prompts, {tensors['ids'].numel()} tokens")


if __name__ == "__main__":
    main()
