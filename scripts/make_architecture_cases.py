#!/usr/bin/env python3
"""Writes tests/data/architectures: config.json and tensor shapes of tiny models, by transformers.

Needs transformers and torch (scripts/setup_interop.sh). Each folder holds the config that
save_pretrained() wrote and tensors.tsv, the name, type and shape of every tensor in model.safetensors.
"""

import json
import pathlib
import struct
import sys
import tempfile

import transformers

DECODER = {"vocab_size": 32, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 3,
           "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64,
           "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
EXPERTS = {"moe_intermediate_size": 12, "num_experts": 3, "num_experts_per_tok": 2}
MODELS = {
    "Llama": ("LlamaConfig", {}),
    "Mistral": ("MistralConfig", {"head_dim": 8}),
    "Qwen2": ("Qwen2Config", {}),
    "Qwen3": ("Qwen3Config", {"head_dim": 16}),
    "Gemma": ("GemmaConfig", {"head_dim": 8}),
    "Gemma2": ("Gemma2Config", {"head_dim": 16}),
    "Gemma3": ("Gemma3TextConfig", {"head_dim": 16}),
    "Phi3": ("Phi3Config", {}),
    "Mixtral": ("MixtralConfig", {"num_local_experts": 3, "num_experts_per_tok": 2}),
    "Qwen2Moe": ("Qwen2MoeConfig", {**EXPERTS, "shared_expert_intermediate_size": 20, "mlp_only_layers": [1]}),
    "Qwen3Moe": ("Qwen3MoeConfig", {**EXPERTS, "head_dim": 8, "decoder_sparse_step": 2}),
}


def write_case(folder: pathlib.Path, name: str) -> None:
    config_class, extra = MODELS[name]
    model = getattr(transformers, f"{name}ForCausalLM")(getattr(transformers, config_class)(**DECODER, **extra))
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved)
        content = (pathlib.Path(saved) / "model.safetensors").read_bytes()
        config = (pathlib.Path(saved) / "config.json").read_text()
    size, = struct.unpack_from("<Q", content)
    header = json.loads(content[8:8 + size])
    header.pop("__metadata__", None)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(config)
    rows = [f"{tensor}\t{info['dtype']}\t{','.join(map(str, info['shape']))}\n" for tensor, info in header.items()]
    (folder / "tensors.tsv").write_text("".join(rows))


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/architectures")
    for each in MODELS:
        write_case(root / each, each)
