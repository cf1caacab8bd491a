"""Tiny random models of families and options that no attribution case covers, with the logits that
transformers computes for them: families/NAME/{config.json, *.safetensors, case.safetensors}.

    pip install torch transformers==4.57.3 safetensors
    python make_family_fixture.py            # writes beside itself
"""

import json
import pathlib
import shutil

import safetensors.torch
import torch
import transformers as tf

HERE = pathlib.Path(__file__).parent / "families"
IDS = [2, 17, 40, 8, 8, 31, 5, 22, 47, 13, 60, 1]
SIZES = dict(
    vocab_size=64,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=128,
)
LINEAR = {"rope_type": "linear", "factor": 8.0}
GEMMA3 = dict(
    SIZES,
    head_dim=12,
    query_pre_attn_scalar=10,
    sliding_window=5,
    layer_types=["sliding_attention", "full_attention", "sliding_attention"],
    rope_theta=5000.0,
    rope_local_base_freq=300.0,
    rope_scaling=LINEAR,
)

CASES = {
    "llama2": tf.LlamaConfig(**SIZES, attention_bias=True, rope_theta=700.0),
    "mistral": tf.MistralConfig(**SIZES, head_dim=10, sliding_window=4),
    "mistral-no-window": tf.MistralConfig(**SIZES, sliding_window=None),
    "qwen2": tf.Qwen2Config(**SIZES, tie_word_embeddings=True),
    "qwen2-window": tf.Qwen2Config(
        **SIZES, use_sliding_window=True, sliding_window=4, max_window_layers=1
    ),
    "qwen3-biases": tf.Qwen3Config(**SIZES, head_dim=10, attention_bias=True),
    "gemma2-untied": tf.Gemma2Config(
        **SIZES,
        head_dim=6,
        query_pre_attn_scalar=9,
        sliding_window=4,
        attn_logit_softcapping=3.0,
        final_logit_softcapping=4.0,
        tie_word_embeddings=False,
    ),
    "gemma3": tf.Gemma3TextConfig(**GEMMA3),
    "gemma3-with-vision": tf.Gemma3Config(
        text_config=GEMMA3,
        vision_config=dict(
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            image_size=8,
            patch_size=4,
        ),
        mm_tokens_per_image=4,
        image_token_index=63,
        boi_token_index=62,
        eoi_token_index=61,
    ),
}
# How the weights are stored: type, and the size at which a new shard begins.
STORED = {
    "qwen2": (torch.bfloat16, "10KB"),
    "mistral": (torch.float16, "5GB"),
    "gemma3": (torch.float32, "20KB"),
}


def randomize(model: torch.nn.Module) -> None:
    generator = torch.Generator().manual_seed(5)
    for name, tensor in sorted(model.state_dict().items()):
        noise = torch.randn(tensor.shape, generator=generator)
        if "norm" in name:  # near what the class starts with: 1, or 0 where it adds 1 itself
            tensor.copy_(tensor + 0.2 * noise)
        elif tensor.dim() == 1:
            tensor.copy_(0.2 * noise)
        else:
            tensor.copy_(noise * (0.6 if "embed" in name else 1.2 / tensor.shape[-1] ** 0.5))


def main() -> None:
    for name, config in CASES.items():
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        config._attn_implementation = "eager"
        kind = getattr(tf, tf.AutoModelForCausalLM._model_mapping[type(config)].__name__)
        if name == "gemma3-with-vision":
            kind = tf.Gemma3ForConditionalGeneration
        model = kind(config)
        dtype, shard = STORED.get(name, (torch.float32, "5GB"))
        with torch.no_grad():
            randomize(model)
            model.to(dtype).save_pretrained(folder, max_shard_size=shard)
            # Read again: .to(dtype) has rounded the rotary frequencies too.
            model = kind.from_pretrained(
                folder, dtype=torch.float32, attn_implementation="eager"
            ).eval()
            logits = model(torch.tensor([IDS])).logits[0]
        (folder / "generation_config.json").unlink(missing_ok=True)
        safetensors.torch.save_file(
            {"input_ids": torch.tensor(IDS, dtype=torch.int32), "logits": logits.contiguous()},
            folder / "case.safetensors",
        )
        kept = json.loads((folder / "config.json").read_text())
        print(name, kept["architectures"], logits.abs().max().item())


if __name__ == "__main__":
    main()
