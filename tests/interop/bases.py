"""Tiny random base models of every architecture that transformers builds and llama.cpp knows, with adapters made by
PEFT. Sizes are chosen to tell the parts of a shape apart: heads x head size is not the width where the architecture
allows it, there are fewer key/value heads than heads, and no two sizes of a layer agree by chance."""

import dataclasses
import pathlib
from collections.abc import Callable

import peft
import torch
import transformers
from transformers import PreTrainedModel

VOCABULARY, WIDTH, INNER, LAYERS, HEADS, KEY_VALUE_HEADS = 96, 64, 112, 2, 4, 2

TEXT_SIZES = dict(
    vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=LAYERS,
    num_attention_heads=HEADS, num_key_value_heads=KEY_VALUE_HEADS, max_position_embeddings=128,
    initializer_range=0.15, bos_token_id=1, eos_token_id=2, pad_token_id=0, attn_implementation="eager")

ATTENTION, MLP = ("q_proj", "k_proj", "v_proj", "o_proj"), ("gate_proj", "up_proj", "down_proj")


@dataclasses.dataclass(frozen=True)
class Base:
    gguf: str  # general.architecture
    build: Callable[[], PreTrainedModel]
    modules: tuple[str, ...] = (*ATTENTION, *MLP)
    inside: str = ""  # Only modules under this part of the model.

    def model(self) -> PreTrainedModel:
        """Random fp32 weights, the same on every call. Norms and biases are random too: they start as constants."""
        with torch.inference_mode(False), torch.no_grad():
            torch.manual_seed(len(self.gguf))
            model = self.build().float().eval()
            for parameter in model.parameters():
                if parameter.ndim == 1:
                    parameter.add_(torch.randn_like(parameter), alpha=0.1)
        return model

    def targets(self, modules: tuple[str, ...]) -> list[str] | str:
        """target_modules of a LoraConfig: a list of suffixes, or a regex where a tower must stay untouched."""
        return rf".*{self.inside}\..*\.({'|'.join(modules)})" if self.inside else list(modules)


def text(config_class, model_class, **sizes) -> Callable[[], PreTrainedModel]:
    return lambda: model_class(config_class(**{**TEXT_SIZES, **sizes}))


def qwen2_vl() -> PreTrainedModel:
    return transformers.Qwen2VLForConditionalGeneration(transformers.Qwen2VLConfig(
        text_config=vl_text_sizes(), tie_word_embeddings=False, attn_implementation="eager",
        vision_config=dict(depth=1, embed_dim=32, hidden_size=WIDTH, num_heads=2, mlp_ratio=2, patch_size=4)))


def qwen2_5_vl() -> PreTrainedModel:
    return transformers.Qwen2_5_VLForConditionalGeneration(transformers.Qwen2_5_VLConfig(
        text_config=vl_text_sizes(), tie_word_embeddings=False, attn_implementation="eager",
        vision_config=dict(depth=1, hidden_size=32, out_hidden_size=WIDTH, intermediate_size=48, num_heads=2,
                           patch_size=4, fullatt_block_indexes=[0])))


def vl_text_sizes() -> dict:
    """Half a head's 16 values rotate, in three sections: time, height, width. This llama.cpp does not read the epsilon
    of qwen2vl's norms and takes 0: hence a negligible one, and no padding token, whose embedding would be zero."""
    sizes = {key: value for key, value in TEXT_SIZES.items() if key != "attn_implementation"}
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
    return {**sizes, "rope_parameters": rope, "tie_word_embeddings": False, "rms_norm_eps": 1e-12,
            "pad_token_id": None}


T = transformers
BASES = {
    "llama": Base("llama", text(T.LlamaConfig, T.LlamaForCausalLM)),
    "llama-tied": Base("llama", text(T.LlamaConfig, T.LlamaForCausalLM, num_key_value_heads=1,
                                     tie_word_embeddings=True)),
    "mistral": Base("llama", text(T.MistralConfig, T.MistralForCausalLM, head_dim=24, sliding_window=None)),
    "qwen2": Base("qwen2", text(T.Qwen2Config, T.Qwen2ForCausalLM)),
    "qwen3": Base("qwen3", text(T.Qwen3Config, T.Qwen3ForCausalLM, head_dim=24)),
    "gemma": Base("gemma", text(T.GemmaConfig, T.GemmaForCausalLM, head_dim=24)),
    "gemma2": Base("gemma2", text(T.Gemma2Config, T.Gemma2ForCausalLM, head_dim=24, query_pre_attn_scalar=24,
                                  sliding_window=8)),
    "gemma3": Base("gemma3", text(T.Gemma3TextConfig, T.Gemma3ForCausalLM, head_dim=24, query_pre_attn_scalar=24,
                                  sliding_window=8)),
    "phi3": Base("phi3", text(T.Phi3Config, T.Phi3ForCausalLM, original_max_position_embeddings=128),
                 ("qkv_proj", "o_proj", "gate_up_proj", "down_proj")),
    "smollm3": Base("smollm3", text(T.SmolLM3Config, T.SmolLM3ForCausalLM)),
    "qwen2-vl": Base("qwen2vl", qwen2_vl, inside="language_model"),
    "qwen2.5-vl": Base("qwen2vl", qwen2_5_vl, inside="language_model"),
}


@dataclasses.dataclass(frozen=True)
class Variant:
    """Options of a LoraConfig. `scaled`: the scale is not lora_alpha / rank everywhere."""
    options: dict
    modules: int | None = None  # Only the first so many of the base's modules.
    scaled: bool = False


VARIANTS = {
    "plain": Variant(dict(r=4, lora_alpha=8)),
    "odd-scale": Variant(dict(r=8, lora_alpha=3), modules=2),
    "rank-pattern": Variant(dict(r=4, lora_alpha=8, rank_pattern={r"1\..*o_proj": 2, "down_proj": 6})),
    "rslora": Variant(dict(r=8, lora_alpha=4, use_rslora=True), scaled=True),
    "alpha-pattern": Variant(dict(r=4, lora_alpha=8, alpha_pattern={"o_proj": 2, r"1\..*down_proj": 12}), scaled=True),
    "both-patterns": Variant(dict(r=4, lora_alpha=8, use_rslora=True, rank_pattern={"down_proj": 2},
                                  alpha_pattern={r"0\..*o_proj": 3}), scaled=True),
}


def write_base(base: Base, folder: pathlib.Path) -> pathlib.Path:
    base.model().save_pretrained(folder)
    return folder


def write_adapter(base: Base, variant: Variant, folder: pathlib.Path, seed: int = 7) -> peft.PeftModel:
    """Writes the adapter folder as PEFT does, A and B random; returns base + adapter."""
    config = peft.LoraConfig(task_type="CAUSAL_LM", target_modules=base.targets(base.modules[: variant.modules]),
                             **variant.options)
    with torch.inference_mode(False), torch.no_grad():
        model = peft.get_peft_model(base.model(), config).eval()
        random = torch.Generator().manual_seed(seed)
        for name, parameter in model.named_parameters():
            if ".lora_" in name:
                parameter.normal_(0.0, 0.2, generator=random)
        model.save_pretrained(folder)
    return model
