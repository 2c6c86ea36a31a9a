"""Models of transformers as GGUF files, named and ordered as llama.cpp's converter does it, and what they mean."""

import pathlib
import sys

import gguf
import numpy
import torch
import transformers

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from make_gguf_cases import random_blocks

Path = pathlib.Path
Kind = gguf.GGMLQuantizationType
ENCODED = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1")  # gguf-py quantises to these
SCALE = {"Q4_0": 0.02, "Q4_K": 4e-4, "Q6_K": 1e-4, "Q3_K": 4e-3, "IQ4_NL": 4e-3, "IQ4_XS": 1e-4}


def permute(matrix: numpy.ndarray, heads: int) -> numpy.ndarray:
    """LlamaModel.permute of llama.cpp's conversion/llama.py."""
    halves = matrix.reshape(heads, 2, matrix.shape[0] // heads // 2, *matrix.shape[1:])
    return halves.swapaxes(1, 2).reshape(matrix.shape)


def permute_back(matrix: numpy.ndarray, heads: int) -> numpy.ndarray:
    pairs = matrix.reshape(heads, matrix.shape[0] // heads // 2, 2, *matrix.shape[1:])
    return pairs.swapaxes(1, 2).reshape(matrix.shape)


def heads_of(architecture: str, name: str, config) -> int:
    """By which the rows are reordered, 0 where they are not."""
    if architecture != "llama" or ("q_proj" not in name and "k_proj" not in name):
        return 0
    return config.num_attention_heads if "q_proj" in name else config.num_key_value_heads


def rope_factors(config) -> numpy.ndarray | None:
    """LlamaModel.generate_extra_tensors: by what llama.cpp divides each rotary frequency."""
    rope = config.rope_parameters
    if rope["rope_type"] != "llama3":
        return None
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    waves = 2 * numpy.pi * rope["rope_theta"] ** (numpy.arange(0, size, 2, numpy.float32) / size)
    context, low, high = (rope[key] for key in ("original_max_position_embeddings", "low_freq_factor",
                                                 "high_freq_factor"))
    smooth = numpy.clip((context / waves - low) / (high - low), 0, 1)
    return (1 / ((1 - smooth) / rope["factor"] + smooth)).astype(numpy.float32)


def use_factors(model: transformers.PreTrainedModel, factors: numpy.ndarray):
    """The file has factors rounded to fp32, whose frequencies differ from the model's in their last bits."""
    frequencies = model.model.rotary_emb.inv_freq
    theta = model.config.rope_parameters["rope_theta"]
    plain = 1.0 / theta ** (torch.arange(0, 2 * len(factors), 2).float() / (2 * len(factors)))
    with torch.inference_mode(False), torch.no_grad():
        frequencies.copy_(plain / torch.from_numpy(factors))


def encode(rows: numpy.ndarray, kind: str, rng: numpy.random.Generator) -> numpy.ndarray:
    """The nearest blocks; of types that gguf-py does not encode to, random ones."""
    if rows.ndim < 2:
        return rows
    if kind in ENCODED:
        return gguf.quants.quantize(rows, Kind[kind])
    return random_blocks(kind, rows.shape[0], rows.shape[1] // gguf.GGML_QUANT_SIZES[Kind[kind]][0], rng, SCALE[kind])


def metadata(writer: gguf.GGUFWriter, config):
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_rope_dimension_count(size)
    writer.add_vocab_size(config.vocab_size)
    writer.add_eos_token_id(config.eos_token_id)
    writer.add_file_type(7)
    writer.add_array("tokenizer.ggml.tokens", [f"<{i}>" for i in range(config.vocab_size)])


def write(model: transformers.PreTrainedModel, architecture: str, path: Path, kind: str = "F32",
          parts: int = 1) -> transformers.PreTrainedModel:
    """Writes the model and gives it the weights that the file has (by gguf-py): what it computes is the reference."""
    config, rng = model.config, numpy.random.default_rng(0)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[architecture.upper()], config.num_hidden_layers)
    options = {"split_max_tensors": -(-len(model.state_dict()) // parts)} if parts > 1 else {}
    writer = gguf.GGUFWriter(path, architecture, **options)
    metadata(writer, config)
    factors = rope_factors(config)
    if factors is not None:
        writer.add_tensor("rope_freqs.weight", factors)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        heads = heads_of(architecture, name, config)
        rows = permute(tensor.detach().numpy(), heads) if heads else tensor.detach().numpy()
        data = encode(rows, kind, rng)
        stored = Kind[kind] if rows.ndim > 1 else Kind.F32
        writer.add_tensor(names.get_name(name, (".weight", ".bias")), data, raw_dtype=stored)
        means = gguf.quants.dequantize(data, stored).reshape(rows.shape)
        with torch.inference_mode(False), torch.no_grad():
            tensor.copy_(torch.from_numpy(permute_back(means, heads) if heads else means))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if factors is not None:
        use_factors(model, factors)
    return model
