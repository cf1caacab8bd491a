"""Writes tiny random transcoders and SAEs in the formats of other libraries, with what those compute.

The tests of our readers compare against these files. Each dictionary is saved by the library whose
format it is, and the expected values come from that library's own forward, so nothing is shared with
our code. Needs no network and no GPU; made with circuit-tracer 0.4.1 (4bb8c0e), sae-lens 6.54.12,
eai-sparsify 1.3.3, dictionary-learning 0.1.0, llamascopium 2.0.0b34, torch 2.13.0:

  python tests/golden/make_format_fixtures.py --out tests/golden/formats

Below OUT, `transcoders/NAME` and `saes/NAME` are directories as users have them, and NAME.safetensors
beside each holds, in F32:

  inputs       transcoders [L, n, d], SAEs [n, d]
  activations  the same with n_features at the end
  outputs      the reconstruction, skip included; of a cross-layer set all that is written into the layer

Sizes: d 8, 12 features, 3 layers, 5 positions. Weights and inputs come from fixed seeds.
"""

import argparse
import json
import pathlib
import shutil

import numpy as np
import torch
from safetensors.torch import save_file

D, F, L, N = 8, 12, 3, 5


def random(*shape, scale=1.0, mean=0.0):
    return torch.randn(*shape) * scale + mean


def inputs(*shape):
    return random(*shape, scale=1.5)


def fill(module, **special):
    """Every parameter random: libraries start with zeros or tied weights."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(special.get(name, random(*parameter.shape, scale=0.5)))
    return module


def write_expected(directory, **tensors):
    tensors = {k: v.detach().to(torch.float32).contiguous() for k, v in tensors.items()}
    save_file(tensors, f"{directory}.safetensors")


def fresh(directory):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


# ------------------------------------------------------------------------------------- transcoders


def gemma_scope(out):
    """As google/gemma-scope-2b-pt-transcoders lies on disk; one layer compressed, one in columns."""
    from circuit_tracer.transcoder.single_layer_transcoder import load_gemma_scope_transcoder

    directory = fresh(out / "gemma-scope-transcoders")
    x, acts, outputs = inputs(L, N, D), [], []
    for layer in range(L):
        folder = directory / f"layer_{layer}" / "width_12" / f"average_l0_{layer + 4}"
        folder.mkdir(parents=True)
        arrays = {
            "W_enc": random(D, F).numpy(),
            "W_dec": random(F, D).numpy(),
            "b_enc": random(F, scale=0.3).numpy(),
            "b_dec": random(D, scale=0.3).numpy(),
            "threshold": random(F, scale=0.1, mean=0.5).abs().numpy(),
        }
        if layer == 1:
            arrays["W_enc"] = np.asfortranarray(arrays["W_enc"])
            arrays["W_dec"] = np.asfortranarray(arrays["W_dec"])
        (np.savez_compressed if layer == 2 else np.savez)(folder / "params.npz", **arrays)
        coder = load_gemma_scope_transcoder(str(folder / "params.npz"), layer, torch.device("cpu"))
        acts.append(coder.encode(x[layer]))
        outputs.append(coder.decode(acts[-1]))
    write_expected(directory, inputs=x, activations=torch.stack(acts), outputs=torch.stack(outputs))


def gemma_scope_2_tensors(n_written=None):
    decoder = random(F, D) if n_written is None else random(F, n_written, D)
    return {
        "w_enc": random(D, F),
        "w_dec": decoder,
        "b_enc": random(F, scale=0.3),
        "b_dec": random(D, scale=0.3),
        "threshold": random(F, scale=0.1, mean=0.5).abs(),
        "affine_skip_connection": random(D, D, scale=0.4),
    }


def gemma_scope_2(out):
    from circuit_tracer.transcoder.single_layer_transcoder import load_gemma_scope_2_transcoder

    directory = fresh(out / "gemma-scope-2-transcoders")
    x, acts, outputs = inputs(L, N, D), [], []
    for layer in range(L):
        folder = directory / f"layer_{layer}_width_12_l0_small_affine"
        folder.mkdir()
        save_file(gemma_scope_2_tensors(), folder / "params.safetensors")
        config = {
            "architecture": "jump_relu",
            "model_name": "gemma-v3-270m-pt",
            "hf_hook_point_in": f"model.layers.{layer}.pre_feedforward_layernorm.output",
            "hf_hook_point_out": f"model.layers.{layer}.post_feedforward_layernorm.output",
            "affine_connection": True,
        }
        (folder / "config.json").write_text(json.dumps(config))
        coder = load_gemma_scope_2_transcoder(
            str(folder / "params.safetensors"), layer, torch.device("cpu")
        )
        acts.append(coder.encode(x[layer]))
        outputs.append(coder.decode(acts[-1], x[layer]))
    write_expected(directory, inputs=x, activations=torch.stack(acts), outputs=torch.stack(outputs))


def gemma_scope_2_clt(out):
    from circuit_tracer.transcoder.cross_layer_transcoder import load_gemma_scope_2_clt

    directory = fresh(out / "gemma-scope-2-clt")
    paths = {}
    for layer in range(L):
        paths[layer] = str(directory / f"params_layer_{layer}.safetensors")
        save_file(gemma_scope_2_tensors(L), paths[layer])
    paths[L] = paths[0]  # the loader leaves the last path out
    clt = load_gemma_scope_2_clt(paths, device=torch.device("cpu"), dtype=torch.float32)
    x = inputs(L, N, D)
    acts = clt.encode(x)
    write_expected(
        directory,
        inputs=x,
        activations=acts,
        outputs=clt_outputs(acts, clt.W_dec, clt.b_dec)
        + torch.einsum("lnd,lde->lne", x, clt.W_skip),
    )


def clt_outputs(acts, decoders, bias):
    """circuit-tracer's forward of a cross-layer set adds the skip twice, so the sum is ours."""
    outputs = bias[:, None, :].repeat(1, N, 1)
    for source in range(L):
        for layer in range(source, L):
            outputs[layer] += acts[source] @ decoders[source][:, layer - source]
    return outputs


def sparsify_transcoders(out):
    from sparsify import SparseCoder, SparseCoderConfig

    for name, activation, skip in [("sparsify", "topk", True), ("sparsify-groupmax", "groupmax", False)]:
        directory = fresh(out / name)
        x, acts, outputs = inputs(L, N, D), torch.zeros(L, N, F), []
        x[0, 0] = -4 * torch.ones(D)
        for layer in range(L):
            config = SparseCoderConfig(
                activation=activation, num_latents=F, k=4, skip_connection=skip, transcode=True
            )
            coder = fill(SparseCoder(D, config))
            if layer == 0:  # fewer than k positive values somewhere
                coder.encoder.weight.data = coder.encoder.weight.data.abs()
            coder.save_to_disk(directory / f"layers.{layer}.mlp")
            forward = coder(x[layer])
            acts[layer].scatter_(1, forward.latent_indices, forward.latent_acts.detach())
            outputs.append(forward.sae_out)
        write_expected(directory, inputs=x, activations=acts, outputs=torch.stack(outputs))


def saelens_transcoders(out):
    from sae_lens.saes.transcoder import (
        JumpReLUSkipTranscoder,
        JumpReLUSkipTranscoderConfig,
        Transcoder,
        TranscoderConfig,
    )

    kinds = {
        "saelens-jumprelu-skip": (JumpReLUSkipTranscoder, JumpReLUSkipTranscoderConfig),
        "saelens-relu": (Transcoder, TranscoderConfig),
    }
    for name, (kind, config) in kinds.items():
        directory = fresh(out / name)
        x, acts, outputs = inputs(L, N, D), [], []
        for layer in range(L):
            cfg = config(d_in=D, d_sae=F, d_out=D, apply_b_dec_to_input=False)
            cfg.metadata.model_name = "tiny"
            cfg.metadata.hook_name = f"blocks.{layer}.ln2.hook_normalized"
            cfg.metadata.hook_name_out = f"blocks.{layer}.hook_mlp_out"
            # One threshold below 0: its feature is a ReLU.
            coder = fill(kind(cfg), threshold=random(F, scale=0.4, mean=0.3))
            coder.save_model(directory / f"layer_{layer}")
            acts.append(coder.encode(x[layer]))
            outputs.append(coder(x[layer]))
        write_expected(
            directory, inputs=x, activations=torch.stack(acts), outputs=torch.stack(outputs)
        )


def llamascopium(out):
    from llamascopium.models.clt import CLTConfig, CrossLayerTranscoder

    cases = [
        ("llamascopium-jumprelu", "jumprelu", "dataset-wise", True),
        ("llamascopium-topk", "topk", "inference", True),
        ("llamascopium-relu", "relu", "inference", False),
    ]
    for name, activation, norm, decoder_norm in cases:
        directory = fresh(out / name)
        cfg = CLTConfig(
            d_model=D,
            expansion_factor=F / D,
            act_fn=activation,
            norm_activation=norm,
            sparsity_include_decoder_norm=decoder_norm,
            top_k=4,
            hook_points_in=[f"blocks.{i}.hook_resid_mid" for i in range(L)],
            hook_points_out=[f"blocks.{i}.hook_mlp_out" for i in range(L)],
            device="cpu",
            dtype=torch.float32,
        )
        coder = fill(CrossLayerTranscoder(cfg))
        scale_in, scale_out = torch.ones(L), torch.ones(L)
        if norm == "dataset-wise":
            norms = {hook: 2.0 + i for i, hook in enumerate(cfg.hook_points_in + cfg.hook_points_out)}
            coder.set_dataset_average_activation_norm(norms)
            scale_in = torch.tensor([D**0.5 / norms[hook] for hook in cfg.hook_points_in])
            scale_out = torch.tensor([D**0.5 / norms[hook] for hook in cfg.hook_points_out])
        else:
            coder.set_dataset_average_activation_norm(
                {hook: 1.0 for hook in cfg.hook_points_in + cfg.hook_points_out}
            )
        coder.save_pretrained(directory)
        cfg.save_hyperparameters(directory)
        x = inputs(L, N, D)
        # Its trainer scales activations ahead of the model, and the loss compares scaled outputs.
        acts = coder.encode((x * scale_in[:, None, None]).transpose(0, 1))
        outputs = coder.decode(acts) / scale_out[:, None, None]
        acts = acts.transpose(0, 1) / scale_in[:, None, None]
        if activation == "topk" and decoder_norm:  # we keep the norms in the activations
            acts = acts * coder.decoder_norm_per_feature()[:, None, :]
        write_expected(directory, inputs=x, activations=acts, outputs=outputs)


# -------------------------------------------------------------------------------------------- SAEs


def saelens_saes(out):
    from sae_lens.saes.batchtopk_sae import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig
    from sae_lens.saes.jumprelu_sae import JumpReLUSAE, JumpReLUSAEConfig
    from sae_lens.saes.sae import SAE
    from sae_lens.saes.standard_sae import StandardSAE, StandardSAEConfig
    from sae_lens.saes.topk_sae import TopKSAE, TopKSAEConfig

    def named(cfg, hook):
        cfg.metadata.model_name = "tiny"
        cfg.metadata.hook_name = hook
        return cfg

    def finish(directory, sae):
        x = inputs(N, D)
        acts = sae.encode(x)
        write_expected(directory, inputs=x, activations=acts, outputs=sae.decode(acts))

    cfg = named(StandardSAEConfig(d_in=D, d_sae=F), "blocks.2.hook_resid_pre")
    sae = fill(StandardSAE(cfg))
    sae.save_model(fresh(out / "saelens-standard"))
    finish(out / "saelens-standard", sae)

    cfg = named(JumpReLUSAEConfig(d_in=D, d_sae=F, apply_b_dec_to_input=False), "blocks.1.hook_mlp_out")
    sae = fill(JumpReLUSAE(cfg), threshold=random(F, scale=0.4, mean=0.3))
    sae.save_model(fresh(out / "saelens-jumprelu"))
    finish(out / "saelens-jumprelu", sae)

    cfg = named(
        TopKSAEConfig(d_in=D, d_sae=F, k=4, rescale_acts_by_decoder_norm=True),
        "blocks.0.hook_attn_out",
    )
    sae = fill(TopKSAE(cfg))
    sae.save_model(fresh(out / "saelens-topk"))
    finish(out / "saelens-topk", sae)

    # BatchTopK as its trainer exports it: a JumpReLU with the averaged threshold.
    cfg = BatchTopKTrainingSAEConfig(d_in=D, d_sae=F, k=4, rescale_acts_by_decoder_norm=True)
    trained = fill(BatchTopKTrainingSAE(named(cfg, "blocks.2.hook_resid_post")))
    trained.topk_threshold = torch.tensor(0.7, dtype=torch.double)
    trained.save_inference_model(fresh(out / "saelens-batchtopk"))
    finish(out / "saelens-batchtopk", SAE.load_from_disk(out / "saelens-batchtopk"))

    # As version 5 wrote it: flat, and TopK as an activation function.
    directory = fresh(out / "saelens-v5-topk")
    sae = fill(TopKSAE(named(TopKSAEConfig(d_in=D, d_sae=F, k=4), "blocks.1.hook_resid_post")))
    sae.save_model(directory)
    old = {
        "architecture": "standard",
        "d_in": D,
        "d_sae": F,
        "dtype": "float32",
        "device": "cpu",
        "model_name": "tiny",
        "hook_name": "blocks.1.hook_resid_post",
        "hook_layer": 1,
        "activation_fn_str": "topk",
        "activation_fn_kwargs": {"k": 4},
        "apply_b_dec_to_input": True,
        "finetuning_scaling_factor": False,
        "normalize_activations": "none",
        "sae_lens_training_version": "5.9.1",
    }
    (directory / "cfg.json").write_text(json.dumps(old))
    finish(directory, SAE.load_from_disk(directory))


def sparsify_sae(out):
    from sparsify import SparseCoder, SparseCoderConfig

    coder = fill(SparseCoder(D, SparseCoderConfig(num_latents=F, k=4)))
    coder.save_to_disk(fresh(out / "sparsify") / "layers.2")
    x, acts = inputs(N, D), torch.zeros(N, F)
    forward = coder(x)
    acts.scatter_(1, forward.latent_indices, forward.latent_acts.detach())
    write_expected(out / "sparsify", inputs=x, activations=acts, outputs=forward.sae_out)


def dictionary_learning_saes(out):
    from dictionary_learning.dictionary import AutoEncoder, AutoEncoderNew, JumpReluAutoEncoder
    from dictionary_learning.trainers.batch_top_k import BatchTopKSAE
    from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKSAE
    from dictionary_learning.trainers.top_k import AutoEncoderTopK

    cases = {
        "standard": AutoEncoder(D, F),
        "new": AutoEncoderNew(D, F),
        "topk": AutoEncoderTopK(D, F, 4),
        "batchtopk": BatchTopKSAE(D, F, 4),
        "matryoshka": MatryoshkaBatchTopKSAE(D, F, 4, [4, 8]),
        "jumprelu": JumpReluAutoEncoder(D, F),
    }
    for name, sae in cases.items():
        directory = fresh(out / f"dictionary-learning-{name}")
        fill(sae, threshold=random(F, scale=0.4, mean=0.3))
        if name in ("batchtopk", "matryoshka"):
            sae.threshold.fill_(0.6)
        save_file({k: v.contiguous() for k, v in sae.state_dict().items()}, directory / "ae.safetensors")
        trainer = {
            "dict_class": type(sae).__name__,
            "layer": 2,
            "lm_name": "tiny",
            "activation_dim": D,
            "dict_size": F,
            "submodule_name": "resid_post_layer_2",
            "k": 4,
        }
        (directory / "config.json").write_text(json.dumps({"trainer": trainer, "buffer": {}}))
        x = inputs(N, D)
        acts = sae.encode(x)
        write_expected(directory, inputs=x, activations=acts, outputs=sae.decode(acts))


def gemma_scope_sae(out):
    from sae_lens.saes.jumprelu_sae import JumpReLUSAE, JumpReLUSAEConfig

    directory = fresh(out / "gemma-scope-2b-pt-res")
    folder = directory / "layer_1" / "width_12" / "average_l0_4"
    folder.mkdir(parents=True)
    sae = JumpReLUSAE(JumpReLUSAEConfig(d_in=D, d_sae=F, apply_b_dec_to_input=False))
    fill(sae, threshold=random(F, scale=0.1, mean=0.5).abs())
    np.savez(folder / "params.npz", **{k: v.numpy() for k, v in sae.state_dict().items()})
    x = inputs(N, D)
    acts = sae.encode(x)
    write_expected(directory, inputs=x, activations=acts, outputs=sae.decode(acts))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    out = parser.parse_args().out
    makers = {
        "transcoders": [
            gemma_scope,
            gemma_scope_2,
            gemma_scope_2_clt,
            sparsify_transcoders,
            saelens_transcoders,
            llamascopium,
        ],
        "saes": [saelens_saes, sparsify_sae, dictionary_learning_saes, gemma_scope_sae],
    }
    for folder, functions in makers.items():
        (out / folder).mkdir(parents=True, exist_ok=True)
        for seed, make in enumerate(functions):
            torch.manual_seed(seed)
            with torch.no_grad():
                make(out / folder)
            print(f"{folder}: {make.__name__}")


if __name__ == "__main__":
    main()
