"""Tiny random base models that differ in what a forward pass computes: for the tests of the native one.

Sizes are such that each part moves the logits by far more than the tests allow (test_language_model.py takes every
part out once): soft caps near what they cap, windows and original lengths shorter than the sequences, widths whose
root is no short number."""

import bases
import transformers
from bases import BASES, Base, text

T = transformers
CLASSES = {"llama": (T.LlamaConfig, T.LlamaForCausalLM), "mistral": (T.MistralConfig, T.MistralForCausalLM),
           "qwen2": (T.Qwen2Config, T.Qwen2ForCausalLM), "qwen3": (T.Qwen3Config, T.Qwen3ForCausalLM),
           "gemma": (T.GemmaConfig, T.GemmaForCausalLM), "gemma2": (T.Gemma2Config, T.Gemma2ForCausalLM),
           "gemma3": (T.Gemma3TextConfig, T.Gemma3ForCausalLM), "phi3": (T.Phi3Config, T.Phi3ForCausalLM),
           "smollm3": (T.SmolLM3Config, T.SmolLM3ForCausalLM)}
FUSED = BASES["phi3"].modules
WINDOW, ORIGINAL = 8, 32  # Both shorter than the 48 ids of a test of logits.


def rope(kind: str, **parameters) -> dict:
    return {"rope_type": kind, "rope_theta": 500.0, **parameters}


LLAMA3 = rope("llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=ORIGINAL)
YARN = rope("yarn", factor=4.0, original_max_position_embeddings=ORIGINAL, beta_fast=2.0, beta_slow=0.5)
LAYERS3 = {"num_hidden_layers": 3}
GEMMA = {"hidden_size": 72, "head_dim": 24, "hidden_activation": "gelu_pytorch_tanh", **LAYERS3}
GEMMA2 = {**GEMMA, "query_pre_attn_scalar": 30, "sliding_window": WINDOW, "attn_logit_softcapping": 2.0,
          "final_logit_softcapping": 3.0}
GEMMA3 = {**GEMMA, "query_pre_attn_scalar": 30, "sliding_window": WINDOW, "final_logit_softcapping": 3.0,
          "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
          "rope_parameters": {"full_attention": {**rope("linear", factor=3.0), "rope_theta": 2000.0},
                              "sliding_attention": rope("default")}}


def longrope(count: int, **more) -> dict:
    """Scaling of Phi-3: factors of short sequences and of those longer than original_max_position_embeddings."""
    return rope("longrope", short_factor=[1.0 + 0.1 * i for i in range(count)],
                long_factor=[1.5 + 0.5 * i for i in range(count)], **more)


def gemma3_with_vision():
    vision = dict(hidden_size=16, intermediate_size=20, num_hidden_layers=1, num_attention_heads=2, image_size=28,
                  patch_size=14)
    sizes = {**bases.TEXT_SIZES, **GEMMA3}
    attention = sizes.pop("attn_implementation")
    return T.Gemma3ForConditionalGeneration(T.Gemma3Config(
        text_config=sizes, vision_config=vision, mm_tokens_per_image=4, attn_implementation=attention))


def model(family: str, **sizes) -> Base:
    return Base(family, text(*CLASSES[family], **sizes),
                FUSED if family == "phi3" else (*bases.ATTENTION, *bases.MLP))


MODELS = {
    "qwen2": BASES["qwen2"],
    "qwen2-tied-theta": model("qwen2", tie_word_embeddings=True, rms_norm_eps=1e-5,
                              rope_parameters={"rope_type": "default", "rope_theta": 1e6}),
    "qwen2-one-key-head": model("qwen2", num_key_value_heads=1),
    "qwen2-no-groups": model("qwen2", num_key_value_heads=4),
    "qwen2-window": model("qwen2", use_sliding_window=True, sliding_window=WINDOW, max_window_layers=1, **LAYERS3),
    "qwen2-yarn": model("qwen2", rope_parameters=YARN),
    "llama": BASES["llama"],
    "llama-tied": BASES["llama-tied"],
    "llama-biases": model("llama", attention_bias=True, mlp_bias=True),
    "llama-wide-heads": model("llama", head_dim=24),
    "llama-gelu": model("llama", hidden_act="gelu"),
    "llama-llama3-rope": model("llama", head_dim=32, rope_parameters=LLAMA3),
    "llama-linear-rope": model("llama", rope_parameters=rope("linear", factor=3.0)),
    "llama-dynamic-rope": model("llama", rope_parameters=rope("dynamic", factor=3.0)),
    "llama-yarn-mscale": model("llama", rope_parameters={**YARN, "mscale": 1.5, "mscale_all_dim": 0.5,
                                                         "truncate": False}),
    "llama-yarn-attention-factor": model("llama", rope_parameters={**YARN, "attention_factor": 1.4}),
    "mistral": BASES["mistral"],
    "mistral-window": model("mistral", head_dim=24, sliding_window=WINDOW),
    "qwen3": BASES["qwen3"],
    "qwen3-biases": model("qwen3", head_dim=24, attention_bias=True),
    "qwen3-window": model("qwen3", head_dim=24, use_sliding_window=True, sliding_window=WINDOW,
                          layer_types=["sliding_attention", "full_attention"]),
    "gemma": model("gemma", hidden_size=72, head_dim=24),
    "gemma-biases": model("gemma", head_dim=24, attention_bias=True),
    "gemma2": model("gemma2", **GEMMA2),
    "gemma2-no-caps": model("gemma2", **{**GEMMA2, "attn_logit_softcapping": None, "final_logit_softcapping": None}),
    "gemma2-untied": model("gemma2", **{**GEMMA2, "tie_word_embeddings": False}),
    "gemma3": model("gemma3", **GEMMA3),
    "gemma3-capped-attention": model("gemma3", **{**GEMMA3, "attn_logit_softcapping": 2.0}),
    "gemma3-with-vision": Base("gemma3", gemma3_with_vision, inside="language_model"),
    "phi3": BASES["phi3"],
    "phi3-window": model("phi3", sliding_window=WINDOW, original_max_position_embeddings=128),
    "phi3-part": model("phi3", rope_parameters={**rope("default"), "partial_rotary_factor": 0.75}),
    "phi3-long": model("phi3", original_max_position_embeddings=ORIGINAL, rope_parameters=longrope(8)),
    "phi3-short": model("phi3", original_max_position_embeddings=64, rope_parameters=longrope(8)),
    "phi3-part-long": model("phi3", original_max_position_embeddings=ORIGINAL,
                            rope_parameters=longrope(6, partial_rotary_factor=0.75, attention_factor=1.3)),
    "smollm3": model("smollm3", no_rope_layers=[1, 0, 1], **LAYERS3),
    "smollm3-each-second": model("smollm3", no_rope_layer_interval=2, attention_bias=True, mlp_bias=True, **LAYERS3),
    "smollm3-window": model("smollm3", use_sliding_window=True, sliding_window=WINDOW, no_rope_layers=[1, 0, 1],
                            **LAYERS3),
}

# Parts that a config can take out, of the same weights.
WITHOUT = {
    "window": [("mistral-window", {"sliding_window": None}), ("mistral-window", {"sliding_window": WINDOW + 1}),
               ("qwen2-window", {"use_sliding_window": False, "layer_types": None}),
               ("qwen2-window", {"max_window_layers": 2, "layer_types": None}),
               ("qwen3-window", {"layer_types": ["full_attention", "sliding_attention"]}),
               ("gemma2", {"sliding_window": 128}), ("gemma2", {"layer_types": ["full_attention"] * 3}),
               ("gemma3", {"sliding_window": WINDOW - 1}), ("phi3-window", {"sliding_window": None}),
               ("smollm3-window", {"use_sliding_window": False, "layer_types": None})],
    "soft cap": [("gemma2", {"attn_logit_softcapping": None}), ("gemma2", {"final_logit_softcapping": None}),
                 ("gemma3", {"final_logit_softcapping": None})],
    "scale": [("gemma2", {"query_pre_attn_scalar": 24}), ("gemma3", {"query_pre_attn_scalar": 24})],
    "activation": [("gemma2", {"hidden_activation": "gelu"}), ("llama-gelu", {"hidden_act": "gelu_pytorch_tanh"}),
                   ("llama-gelu", {"hidden_act": "silu"})],
    "rope": [("llama-linear-rope", {"rope_parameters": rope("default")}),
             ("llama-llama3-rope", {"rope_parameters": rope("default")}),
             ("qwen2-yarn", {"rope_parameters": {**YARN, "attention_factor": 1.0}}),
             ("qwen2-yarn", {"rope_parameters": {**YARN, "beta_fast": 32.0}}),
             ("llama-yarn-mscale", {"rope_parameters": {**YARN, "truncate": False}}),
             ("llama-yarn-mscale", {"rope_parameters": {**YARN, "mscale": 1.5, "mscale_all_dim": 0.5}}),
             ("gemma3", {"rope_parameters": dict.fromkeys(("full_attention", "sliding_attention"), rope("default"))}),
             ("gemma3", {"rope_parameters": {**GEMMA3["rope_parameters"], "sliding_attention": {
                 **rope("default"), "rope_theta": 2000.0}}}),
             ("phi3-part", {"rope_parameters": rope("default")}),
             ("phi3-long", {"original_max_position_embeddings": 64}),
             ("phi3-short", {"rope_parameters": rope("default")}),
             ("phi3-part-long", {"rope_parameters": longrope(6, partial_rotary_factor=0.75)}),
             ("smollm3", {"no_rope_layers": [1, 1, 1]})],
}
