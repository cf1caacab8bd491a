"""Small random GGUF files of every family, and the logits that transformers computes from them.

    python3 -m venv v && v/bin/pip install gguf==0.19.0 safetensors==0.8.0 torch==2.13.0 transformers==4.57.3 accelerate
    v/bin/python tests/golden/make_gguf_models.py tests/golden/gguf

Writes FAMILY.gguf (tensors as Q8_0, norms and biases as F32) and FAMILY.safetensors (`input_ids`, `logits` [n, vocabulary]). The tensors are
drawn as the format has them: that queries of Llama are permuted, gains of Gemma are shifted and GPT-2's projections are [out, in] is for the
readers to know.
"""

import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM, GPT2Config

WIDTH, HEADS, KV_HEADS, HEAD, MLP, VOCABULARY, POSITIONS = 32, 4, 2, 16, 64, 96, 64
IDS = [5, 17, 3, 3, 90, 41, 0, 66, 12, 7]


class Model:
    def __init__(self, family, path):
        self.family = family
        self.random = np.random.default_rng(len(family))
        self.writer = gguf.GGUFWriter(path, family)
        self.layers = 7 if family == "gemma3" else 2  # of which one sees everything
        self.head = WIDTH // HEADS if family in ("gpt2", "qwen2") else HEAD

    def matrix(self, name, rows, columns, scale):
        values = (self.random.standard_normal((rows, columns)) * scale).astype(np.float32)
        self.writer.add_tensor(name + ".weight", gguf.quants.quantize(values, Type.Q8_0), raw_dtype=Type.Q8_0)

    def vector(self, name, size, mean=0.0):
        self.writer.add_tensor(name, (mean + self.random.standard_normal(size) * 0.1).astype(np.float32))

    def norm(self, name, size=WIDTH):
        self.vector(name + ".weight", size, mean=1.0)
        if self.family == "gpt2":
            self.vector(name + ".bias", size)

    def projection(self, name, rows, columns, bias):
        self.matrix(name, rows, columns, columns**-0.5)
        if bias:
            self.vector(name + ".bias", rows)

    def write_keys(self):
        w = self.writer
        w.add_block_count(self.layers)
        w.add_context_length(POSITIONS)
        w.add_embedding_length(WIDTH)
        w.add_feed_forward_length(MLP)
        w.add_head_count(HEADS)
        w.add_vocab_size(VOCABULARY)
        if self.family == "gpt2":
            w.add_layer_norm_eps(1e-5)
            return
        w.add_head_count_kv(KV_HEADS)
        w.add_layer_norm_rms_eps(1e-5)
        w.add_rope_freq_base(5000.0)
        w.add_rope_dimension_count(self.head)
        w.add_key_length(self.head)
        w.add_value_length(self.head)
        if self.family.startswith("gemma"):
            w.add_sliding_window(4)
            w.add_attention_scale(1 / 16)  # transformers takes 256 for query_pre_attn_scalar
        if self.family == "gemma2":
            w.add_attn_logit_softcapping(50.0)
            w.add_final_logit_softcapping(30.0)

    def write_layer(self, i):
        name, family = f"blk.{i}.", self.family
        gpt2, gemma = family == "gpt2", family.startswith("gemma")
        query, value = HEADS * self.head, KV_HEADS * self.head
        self.norm(name + "attn_norm")
        self.norm(name + "ffn_norm")
        if gemma:
            self.norm(name + "post_attention_norm")
            self.norm(name + "post_ffw_norm")
        if family in ("qwen3", "gemma3"):
            self.norm(name + "attn_q_norm", self.head)
            self.norm(name + "attn_k_norm", self.head)
        if gpt2:
            self.projection(name + "attn_qkv", 3 * query, WIDTH, True)
        else:
            self.projection(name + "attn_q", query, WIDTH, family == "qwen2")
            self.projection(name + "attn_k", value, WIDTH, family == "qwen2")
            self.projection(name + "attn_v", value, WIDTH, family == "qwen2")
            self.projection(name + "ffn_gate", MLP, WIDTH, False)
        self.projection(name + "attn_output", WIDTH, query, gpt2)
        self.projection(name + "ffn_up", MLP, WIDTH, gpt2)
        self.projection(name + "ffn_down", WIDTH, MLP, gpt2)

    def write(self):
        self.write_keys()
        self.matrix("token_embd", VOCABULARY, WIDTH, 0.7)
        if self.family == "gpt2":
            self.matrix("position_embd", POSITIONS, WIDTH, 0.3)
        for i in range(self.layers):
            self.write_layer(i)
        self.norm("output_norm")
        if self.family in ("llama", "qwen3"):
            self.matrix("output", VOCABULARY, WIDTH, 0.5)
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_tensors_to_file()
        self.writer.close()


def settings(family):
    """What transformers does not read from the keys."""
    if family == "qwen3":
        return {"head_dim": HEAD}
    if family == "gpt2":
        config = GPT2Config(vocab_size=VOCABULARY, n_positions=POSITIONS, n_embd=WIDTH, n_layer=2, n_head=HEADS, n_inner=MLP)
        return {"config": config}
    return {}


def main():
    folder = Path(sys.argv[1])
    for family in ("llama", "qwen2", "qwen3", "gemma2", "gemma3", "gpt2"):
        path = folder / f"{family}.gguf"
        Model(family, path).write()
        model = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager", **settings(family)
        )
        with torch.no_grad():
            logits = model.eval()(torch.tensor([IDS])).logits[0]
        save_file({"input_ids": np.array(IDS, np.int32), "logits": logits.numpy()}, folder / f"{family}.safetensors")


main()
