"""The forward pass of a Qwen2 model in plain PyTorch, with one LoRA adapter per task of a batch.

Weights are a state dict with the names of transformers' Qwen2ForCausalLM (tied embeddings). A batch
of ids is (T, B, L): T tasks, B texts of each; an adapter tensor has T in front, so that all tasks
train in one computation. Right padding needs no mask: attention is causal.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

HIDDEN, LAYERS, HEADS, KV_HEADS, FEED_FORWARD = 128, 3, 4, 2, 256
HEAD_WIDTH = HIDDEN // HEADS
KV = KV_HEADS * HEAD_WIDTH
EPSILON, THETA = 1e-6, 10000.0
RANK, ALPHA = 4, 8
# Module -> (in, out), in the order of the layout.
MODULES = {"self_attn.q_proj": (HIDDEN, HIDDEN), "self_attn.k_proj": (HIDDEN, KV), "self_attn.v_proj": (HIDDEN, KV),
           "self_attn.o_proj": (HIDDEN, HIDDEN), "mlp.up_proj": (HIDDEN, FEED_FORWARD),
           "mlp.gate_proj": (HIDDEN, FEED_FORWARD), "mlp.down_proj": (FEED_FORWARD, HIDDEN)}

Weights = dict[str, Tensor]
Lora = dict[str, tuple[Tensor, Tensor]]  # "model.layers.0.self_attn.q_proj" -> A (T, r, in), B (T, out, r)


def module_names() -> list[str]:
    return [f"model.layers.{i}.{module}" for i in range(LAYERS) for module in MODULES]


def new_weights(vocabulary: int, generator: torch.Generator) -> Weights:
    normal = lambda *shape: torch.randn(*shape, generator=generator) * 0.05
    weights = {"model.embed_tokens.weight": normal(vocabulary, HIDDEN), "model.norm.weight": torch.ones(HIDDEN)}
    for i in range(LAYERS):
        layer = f"model.layers.{i}"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{layer}.{norm}.weight"] = torch.ones(HIDDEN)
        for module, (size_in, size_out) in MODULES.items():
            weights[f"{layer}.{module}.weight"] = normal(size_out, size_in)
            if module[-6] in "qkv" and module.startswith("self_attn"):
                weights[f"{layer}.{module}.bias"] = torch.zeros(size_out)
    return weights


def linear(weights: Weights, lora: Lora | None, name: str, x: Tensor) -> Tensor:
    y = F.linear(x, weights[f"{name}.weight"], weights.get(f"{name}.bias"))
    if lora is None:
        return y
    a, b = lora[name]
    tasks = x.shape[0]
    low = torch.bmm(x.reshape(tasks, -1, x.shape[-1]), a.transpose(1, 2))
    return y + (ALPHA / RANK) * torch.bmm(low, b.transpose(1, 2)).view(y.shape)


def norm(weights: Weights, name: str, x: Tensor) -> Tensor:
    return F.rms_norm(x, (HIDDEN,), weights[f"{name}.weight"], EPSILON)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat([-second, first], dim=-1) * sine


def rotary(length: int) -> tuple[Tensor, Tensor]:
    frequencies = THETA ** (-torch.arange(0, HEAD_WIDTH, 2) / HEAD_WIDTH)
    angles = torch.outer(torch.arange(length), frequencies).repeat(1, 2)
    return angles.cos(), angles.sin()


def attention(weights: Weights, lora: Lora | None, layer: str, x: Tensor) -> Tensor:
    tasks, batch, length, _ = x.shape
    cosine, sine = rotary(length)
    heads = lambda name: linear(weights, lora, f"{layer}.self_attn.{name}_proj", x).view(
        tasks * batch, length, -1, HEAD_WIDTH).transpose(1, 2)
    spread = lambda t: t.repeat_interleave(HEADS // KV_HEADS, dim=1)
    q, k, v = rotate(heads("q"), cosine, sine), spread(rotate(heads("k"), cosine, sine)), spread(heads("v"))
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    return linear(weights, lora, f"{layer}.self_attn.o_proj", mixed.transpose(1, 2).reshape(x.shape))


def hidden_states(weights: Weights, ids: Tensor, lora: Lora | None = None) -> Tensor:
    """(T, B, L) -> (T, B, L, hidden), after the last norm."""
    x = F.embedding(ids, weights["model.embed_tokens.weight"])
    for i in range(LAYERS):
        layer = f"model.layers.{i}"
        x = x + attention(weights, lora, layer, norm(weights, f"{layer}.input_layernorm", x))
        n = norm(weights, f"{layer}.post_attention_layernorm", x)
        gate = F.silu(linear(weights, lora, f"{layer}.mlp.gate_proj", n))
        up = linear(weights, lora, f"{layer}.mlp.up_proj", n)
        x = x + linear(weights, lora, f"{layer}.mlp.down_proj", gate * up)
    return norm(weights, "model.norm", x)


def answer_logits(weights: Weights, ids: Tensor, targets: Tensor, lora: Lora | None = None) -> tuple[Tensor, Tensor]:
    """Logits (n, vocabulary) and ids (n) of the cells where `targets` (T, B, L) is not -1."""
    wanted = targets >= 0
    states = hidden_states(weights, ids, lora)[wanted]
    return F.linear(states, weights["model.embed_tokens.weight"]), targets[wanted]


def exact(weights: Weights, ids: Tensor, targets: Tensor, lora: Lora | None = None) -> Tensor:
    """Whether the greedy answer is the target's, end marker included: (T, B)."""
    with torch.no_grad():
        logits, wanted = answer_logits(weights, ids, targets, lora)
    right = torch.ones_like(targets, dtype=torch.bool)
    right[targets >= 0] = logits.argmax(-1) == wanted
    return right.all(dim=-1)
