"""Small random bases of the classes that adapters are made for, in folders as the hub has them: config.json in the
words of the published one, which every release of transformers reads, and tensors under the published names."""

import dataclasses
import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file

Path = pathlib.Path
SIZES = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=64, initializer_range=0.2, rms_norm_eps=1e-6,
             bos_token_id=1, eos_token_id=2)
VISION_TOKENS = dict(vision_start_token_id=52, vision_end_token_id=53, vision_token_id=54, image_token_id=55,
                     video_token_id=56)
QWEN_VL = SIZES | VISION_TOKENS | dict(rope_theta=1000000.0, rope_scaling={"type": "mrope", "mrope_section": [1, 1, 2]})
FLAT = (("model.language_model.", "model."), ("model.visual.", "visual."))  # the class's names, as published


@dataclasses.dataclass(frozen=True)
class Base:
    """`stands_for`: the published bases of this class and with this tying of the head."""
    stands_for: tuple[str, ...]
    config: dict
    stored: tuple[tuple[str, str], ...] = ()  # beginnings of the class's names and of the tensors'
    from_config: bool = True  # whether a layout follows from config.json alone
    presets: tuple[str, ...] = ()  # of dnd for these bases

    def write(self, folder: Path):
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(self.config))
        torch.manual_seed(0)
        config = transformers.AutoConfig.from_pretrained(folder)
        model = getattr(transformers, self.config["architectures"][0])(config)
        tensors = {self.stored_name(name): tensor.detach().clone() for name, tensor in model.state_dict().items()
                   if not (name == "lm_head.weight" and config.tie_word_embeddings)}
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})

    def stored_name(self, name: str) -> str:
        return next((to + name.removeprefix(begin) for begin, to in self.stored if name.startswith(begin)), name)


def text(architecture: str, model_type: str, *stands_for: str, presets=(), **more) -> Base:
    return Base(stands_for, SIZES | dict(architectures=[architecture], model_type=model_type) | more, presets=presets)


def gpt2(*stands_for: str) -> Base:
    """Published before its class had a head: without "transformer."."""
    config = dict(architectures=["GPT2LMHeadModel"], model_type="gpt2", vocab_size=64, n_embd=32, n_layer=2, n_head=4,
                  n_positions=64, n_ctx=64, initializer_range=0.2, bos_token_id=1, eos_token_id=2)
    return Base(stands_for, config, stored=(("transformer.", ""),), from_config=False)


def qwen2_vl(*stands_for: str, stored=FLAT) -> Base:
    vision = dict(depth=1, embed_dim=32, hidden_size=32, num_heads=4, mlp_ratio=2, patch_size=4, in_chans=3)
    return Base(stands_for, QWEN_VL | dict(architectures=["Qwen2VLForConditionalGeneration"], model_type="qwen2_vl",
                                           tie_word_embeddings=False, vision_config=vision), stored)


def qwen2_5_vl(*stands_for: str, tied: bool, stored=FLAT, presets=()) -> Base:
    vision = dict(depth=1, hidden_size=32, out_hidden_size=32, intermediate_size=48, num_heads=4, patch_size=4,
                  in_chans=3, window_size=8, fullatt_block_indexes=[0])
    return Base(stands_for, QWEN_VL | dict(architectures=["Qwen2_5_VLForConditionalGeneration"],
                                           model_type="qwen2_5_vl", tie_word_embeddings=tied, vision_config=vision),
                stored, presets=presets)


def janus(*stands_for: str) -> Base:
    vision = dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=4, image_size=16, patch_size=8, depth=1,
                  mlp_ratio=1, projection_dim=32)
    codes = dict(base_channels=32, channel_multiplier=[1], num_res_blocks=1, latent_channels=32, embed_dim=4,
                 num_embeddings=16, projection_dim=32, image_token_embed_dim=32, num_hidden_layers=1)
    return Base(stands_for, dict(architectures=["JanusForConditionalGeneration"], model_type="janus",
                                 image_token_id=55, tie_word_embeddings=False, vision_config=vision, vq_config=codes,
                                 text_config=SIZES | dict(model_type="llama")), from_config=False)


QWEN2, CODER = "Qwen/Qwen2.5-", "Qwen/Qwen2.5-Coder-"
BASES = {
    "qwen2-tied": text("Qwen2ForCausalLM", "qwen2", f"{QWEN2}0.5B-Instruct", f"{QWEN2}1.5B-Instruct",
                       presets=("qwen2.5-0.5b", "qwen2.5-1.5b-code", "qwen2.5-1.5b-math"), tie_word_embeddings=True),
    "qwen2": text("Qwen2ForCausalLM", "qwen2", f"{QWEN2}7B-Instruct", f"{QWEN2}32B-Instruct", f"{CODER}7B-Instruct",
                  f"{CODER}32B-Instruct", presets=("qwen2.5-7b-code", "qwen2.5-7b-math"), tie_word_embeddings=False),
    "qwen3": text("Qwen3ForCausalLM", "qwen3", "Qwen/Qwen3-8B", tie_word_embeddings=False, head_dim=16),
    "llama": text("LlamaForCausalLM", "llama", "meta-llama/Llama-3.1-8B", tie_word_embeddings=False,
                  rope_theta=500000.0),
    "mistral": text("MistralForCausalLM", "mistral", "mistralai/Mistral-7B-v0.3", tie_word_embeddings=False),
    "gemma2": text("Gemma2ForCausalLM", "gemma2", "google/gemma-2-2b", head_dim=16, query_pre_attn_scalar=16,
                   sliding_window=32, attn_logit_softcapping=50.0, final_logit_softcapping=30.0, pad_token_id=0),
    "phi3": text("Phi3ForCausalLM", "phi3", "microsoft/Phi-3-mini-4k-instruct", tie_word_embeddings=False,
                 original_max_position_embeddings=64, pad_token_id=0),
    "gpt2": gpt2("openai-community/gpt2"),
    "qwen2-vl": qwen2_vl("Qwen/Qwen2-VL-7B-Instruct"),
    "qwen2-vl-nested": qwen2_vl("Qwen/Qwen2-VL-7B-Instruct", stored=()),
    "qwen2.5-vl-tied": qwen2_5_vl("Qwen/Qwen2.5-VL-3B-Instruct", tied=True, presets=("qwen2.5-vl-3b",)),
    "qwen2.5-vl": qwen2_5_vl("Qwen/Qwen2.5-VL-7B-Instruct", tied=False),
    "qwen2.5-vl-nested": qwen2_5_vl("Qwen/Qwen2.5-VL-7B-Instruct", tied=False, stored=()),
    "janus": janus("deepseek-community/Janus-Pro-7B"),
}
