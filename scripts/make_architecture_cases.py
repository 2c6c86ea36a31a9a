#!/usr/bin/env python3
"""Writes what transformers says of tiny models.

Needs transformers, torch and peft (scripts/setup_interop.sh). tests/data/architectures: in each folder the config that
save_pretrained() wrote and tensors.tsv, the name, type and shape of every tensor in model.safetensors.
tests/data/language_models: models of random weights in bf16, and their logits in fp32.
"""

import json
import pathlib
import struct
import sys
import tempfile

import torch
import transformers
from safetensors.torch import save_file

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests/interop"))
import lm_bases

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
    "SmolLM3": ("SmolLM3Config", {}),
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


SMALL = {"vocab_size": 32, "hidden_size": 20, "intermediate_size": 24, "dtype": "bfloat16"}
PHI3 = {"original_max_position_embeddings": 16, "rope_parameters": lm_bases.longrope(4, partial_rotary_factor=0.8),
        "sliding_window": 20}
RUN = {"gemma2": {**lm_bases.GEMMA2, "head_dim": 8}, "gemma3": {**lm_bases.GEMMA3, "head_dim": 8},
       "phi3": {**PHI3, "num_attention_heads": 2, "num_key_value_heads": 1},
       "smollm3": {"num_hidden_layers": 3, "no_rope_layers": [1, 0, 1], "num_attention_heads": 2,
                   "num_key_value_heads": 1}}


def write_run(folder: pathlib.Path, name: str) -> None:
    lm_bases.model(name, **{**RUN[name], **SMALL}).model().to(torch.bfloat16).save_pretrained(folder / "base")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder / "base", dtype=torch.float32,
                                                              attn_implementation="eager").eval()
    ids = torch.tensor([[(7 * i * i + 3 * i) % 32 for i in range(24)]])
    with torch.inference_mode():
        logits = model(ids).logits[0]
    save_file({"input_ids": ids[0], "logits": logits.contiguous()}, folder / "logits.safetensors")
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/data"
    for each in MODELS:
        write_case(root / "architectures" / each, each)
    for each in RUN:
        write_run(root / "language_models" / each, each)
