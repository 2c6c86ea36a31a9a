"""llama.cpp as scripts/setup_llama_cpp.sh builds it: its converters and its library."""

import contextlib
import ctypes
import json
import pathlib
import runpy
import sys
from collections.abc import Callable, Iterator
from unittest import mock

import numpy as np
import torch

Path = pathlib.Path

HOME = Path(__file__).resolve().parents[2] / ".deps/llama-cpp"
CONVERTERS = HOME / "llama.cpp"


def obstacle() -> str | None:
    """Why it cannot be used here. The converters need the gguf package of their own tree."""
    if not (HOME / "stamp").is_file():
        return "scripts/setup_llama_cpp.sh builds llama.cpp"
    if "gguf" in sys.modules:
        return "another gguf package is loaded: run this file alone"
    return None


OBSTACLE = obstacle()
if not OBSTACLE:
    sys.path[:0] = [str(HOME), str(CONVERTERS), str(CONVERTERS / "gguf-py")]
    import gguf
    from llama_cpp import llama_cpp as api


# --- Converters -----------------------------------------------------------------------------------------------------


def convert_base(folder: Path, out: Path) -> Path:
    """convert_hf_to_gguf.py in f32, without a vocabulary: the tests feed token ids."""
    import conversion

    hparams = conversion.ModelBase.load_hparams(folder, False)
    converter = conversion.get_model_class(conversion.get_model_architecture(hparams, conversion.ModelType.TEXT))
    vocabulary = hparams.get("text_config", hparams)["vocab_size"]

    def no_vocabulary(self):
        self._set_vocab_none()
        self.gguf_writer.add_vocab_size(vocabulary)

    # Gemma 3's converter cuts the embedding to the tokenizer's size.
    tokenizer = {"model": {"vocab": {f"<{i}>": i for i in range(vocabulary)}}, "added_tokens": []}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    try:
        with torch.inference_mode(), mock.patch.object(converter, "set_vocab", no_vocabulary):
            converter(folder, gguf.LlamaFileType.ALL_F32, out).write()
    finally:
        (folder / "tokenizer.json").unlink()
    return out


def convert_lora(adapter: Path, base: Path, out: Path, dtype: str = "f32") -> Path:
    """convert_lora_to_gguf.py as it is, in this process: importing PyTorch again would take seconds a call."""
    script = CONVERTERS / "convert_lora_to_gguf.py"
    arguments = [script, "--base", base, "--outtype", dtype, "--outfile", out, adapter]
    with mock.patch.object(sys, "argv", [str(argument) for argument in arguments]), mock.patch("logging.basicConfig"):
        runpy.run_path(str(script), run_name="__main__")
    return out


def fields(path: Path) -> dict:
    """Key -> value, without the reader's own GGUF.* entries."""
    reader = gguf.GGUFReader(path)
    return {name: field.contents() for name, field in reader.fields.items() if not name.startswith("GGUF.")}


def tensors(path: Path) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Name -> (type, shape in torch's order, bytes as stored)."""
    return {tensor.name: (tensor.tensor_type.name, tuple(int(size) for size in reversed(tensor.shape)),
                          tensor.data.tobytes()) for tensor in gguf.GGUFReader(path).tensors}


def rewrite(path: Path, out: Path, change: Callable[[dict, list], tuple[dict, list]]) -> Path:
    """`change` takes and gives {key: value} and [(tensor, fp32 array)]. Values are texts and fp32 numbers."""
    values, arrays = change({key: value for key, value in fields(path).items() if isinstance(value, (str, float))},
                            [(tensor.name, tensor.data) for tensor in gguf.GGUFReader(path).tensors])
    writer = gguf.GGUFWriter(out, values.pop("general.architecture", ""))
    if not writer.arch:
        writer.kv_data[0].clear()  # The constructor writes the key.
    for key, value in values.items():
        (writer.add_string if isinstance(value, str) else writer.add_float32)(key, value)
    for name, array in arrays:
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def products(path: Path, scale: dict[str, float] | None = None) -> dict[str, torch.Tensor]:
    """Base tensor -> scale x B x A in fp64. The scale is the given one, or what llama.cpp would compute."""
    reader = gguf.GGUFReader(path)
    alpha = float(fields(path).get("adapter.lora.alpha", 0.0))
    value = {t.name: torch.from_numpy(gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float64))
             for t in reader.tensors}
    result = {}
    for name, a in value.items():
        if name.endswith(".lora_a"):
            base = name.removesuffix(".lora_a")
            b = value[base + ".lora_b"]
            own = alpha / b.shape[1] if alpha else 1.0
            result[base] = (own if scale is None else scale[base]) * (b @ a)
    return result


class TableGelu(torch.nn.Module):
    """GELU as ggml computes it: looked up with an fp16 argument in a table of fp16 results, from -10 to 10."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        looked_up = torch.nn.functional.gelu(x.half().float(), approximate="tanh").half().float()
        return torch.where(x <= -10, torch.zeros_like(x), torch.where(x >= 10, x, looked_up))


# --- Library --------------------------------------------------------------------------------------------------------


class Refused(Exception):
    """What the library logged."""


class Library:
    def __init__(self):
        self._lines: list[str] = []
        self._callback = api.llama_log_callback(
            lambda level, text, data: self._lines.append(text.decode(errors="replace")))
        api.llama_log_set(self._callback, None)
        api.llama_backend_init()

    def logits(self, base: Path, ids: list[int], adapters: list[tuple[Path, float]] = ()) -> torch.Tensor:
        """(tokens, vocabulary), fp32; `adapters` with their user scales."""
        with self._model(base) as model, self._context(model, len(ids)) as context:
            handles = [self._checked(api.llama_adapter_lora_init(model, str(path).encode())) for path, _ in adapters]
            array = (ctypes.POINTER(ctypes.c_void_p) * len(handles))(*handles)
            scales = (ctypes.c_float * len(handles))(*(scale for _, scale in adapters))
            if api.llama_set_adapters_lora(context, array, len(handles), scales):
                raise Refused(self._said())
            return self._decode(model, context, ids)

    def load_adapter(self, base: Path, adapter: Path) -> None:
        """Raises Refused where llama.cpp does not take the file."""
        with self._model(base) as model:
            self._checked(api.llama_adapter_lora_init(model, str(adapter).encode()))

    @contextlib.contextmanager
    def vocabulary(self, path: Path) -> Iterator:
        """Of a file that may have no tensors."""
        parameters = api.llama_model_default_params()
        parameters.vocab_only = True
        model = self._checked(api.llama_model_load_from_file(str(path).encode(), parameters))
        try:
            yield api.llama_model_get_vocab(model)
        finally:
            api.llama_model_free(model)

    @staticmethod
    def tokenize(vocab, text: str, add_special: bool) -> list[int]:
        """Special tokens that the text spells out are found in it."""
        data = text.encode()
        ids = (ctypes.c_int32 * (2 * len(data) + 16))()
        count = api.llama_tokenize(vocab, data, len(data), ids, len(ids), add_special, True)
        assert count >= 0
        return list(ids[:count])

    @staticmethod
    def ends(vocab) -> list[int]:
        return [i for i in range(api.llama_vocab_n_tokens(vocab)) if api.llama_vocab_is_eog(vocab, i)]

    @staticmethod
    def special_texts(vocab) -> list[str]:
        special = api.LLAMA_TOKEN_ATTR_CONTROL | api.LLAMA_TOKEN_ATTR_USER_DEFINED
        return [api.llama_vocab_get_text(vocab, i).decode() for i in range(api.llama_vocab_n_tokens(vocab))
                if api.llama_vocab_get_attr(vocab, i) & special]

    def _decode(self, model, context, ids: list[int]) -> torch.Tensor:
        batch = api.llama_batch_init(len(ids), 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.logits[i] = token, i, 1
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        try:
            if api.llama_decode(context, batch):
                raise Refused(self._said())
        finally:
            api.llama_batch_free(batch)
        width = api.llama_vocab_n_tokens(api.llama_model_get_vocab(model))
        rows = [np.ctypeslib.as_array(api.llama_get_logits_ith(context, i), (width,)).copy() for i in range(len(ids))]
        return torch.from_numpy(np.stack(rows))

    @contextlib.contextmanager
    def _model(self, base: Path) -> Iterator:
        parameters = api.llama_model_default_params()
        parameters.n_gpu_layers = 0
        model = self._checked(api.llama_model_load_from_file(str(base).encode(), parameters))
        try:
            yield model
        finally:
            api.llama_model_free(model)

    @contextlib.contextmanager
    def _context(self, model, tokens: int) -> Iterator:
        parameters = api.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = max(tokens, 32)
        parameters.n_threads = parameters.n_threads_batch = 1
        parameters.type_k = parameters.type_v = api.GGML_TYPE_F32  # By default the cache rounds to f16.
        parameters.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_DISABLED
        context = self._checked(api.llama_init_from_model(model, parameters))
        try:
            yield context
        finally:
            api.llama_free(context)

    def _checked(self, pointer):
        if not pointer:
            raise Refused(self._said())
        return pointer

    def _said(self) -> str:
        return "".join(self._lines[-20:])
