"""`dnd verify --base` against mlx-lm itself, on the CPU: folders of its own kind, right and wrong."""

import json
import pathlib

import mlx.core as mx
import numpy
import pytest
import verdict_cells
from mlx_lm.tuner.utils import load_adapters
from mlx_lm.utils import load_model
from verdict_cells import IDS, RANK, Opened

BASES = ("qwen2", "qwen2-tied", "qwen3", "llama", "gemma2", "gemma3-text", "gemma3-vision", "phi3", "qwen2.5-vl",
         "mixtral")


def mlx_model(folder: pathlib.Path):
    # mlx-lm looks at the top for what transformers 5 nests, and has other defaults.
    top = {"rope_theta": 10000.0, "sliding_window_pattern": 2, "vocab_size": 64}
    text = json.loads((folder / "config.json").read_text()).get("text_config")
    if text:
        top["text_config"] = text | top | {"tie_word_embeddings": False}
    model, _ = load_model(folder, model_config=top)
    model.set_dtype(mx.float32)
    return model


def logits(model) -> numpy.ndarray:
    return numpy.array(model(mx.array(IDS.numpy())))


class Layers:
    """What the cells speak of: the base's usual modules by mlx-lm's names -> (in, out)."""

    def __init__(self, opened: Opened, model):
        below = "language_model." if hasattr(model, "language_model") else ""
        text = [(path.replace("model.language_model.", "model."), opened.layers[path]) for path in opened.usual]
        self.usual = {below + path: shape for path, shape in text}
        self.other = {below + path.replace("model.language_model.", "model."): opened.layers[path]
                      for path in opened.of_kinds(opened.base.other)}
        self.below = below

    def last(self) -> dict:
        return {path: shape for path, shape in self.usual.items() if ".layers.1." in path}

    def keys(self) -> list[str]:
        return sorted({path.split(".layers.")[1].split(".", 1)[1] for path in self.usual})


def write(folder: pathlib.Path, modules: dict, layers: int = -1, **parameters):
    folder.mkdir()
    generator = numpy.random.default_rng(1)
    tensors = {}
    for path, (size, out) in modules.items():
        tensors[f"{path}.lora_a"] = mx.array(generator.normal(size=(size, RANK)).astype("float32"))
        tensors[f"{path}.lora_b"] = mx.array(generator.normal(size=(RANK, out)).astype("float32"))
    mx.save_safetensors(str(folder / "adapters.safetensors"), tensors)
    (folder / "adapter_config.json").write_text(json.dumps({
        "fine_tune_type": "lora", "num_layers": layers,
        "lora_parameters": {"rank": RANK, "dropout": 0.0, "scale": 2.0} | parameters}))


def renamed(modules: dict, change) -> dict:
    return {change(path): shape for path, shape in modules.items()}


CELLS = {
    "usual": lambda f, o: write(f, o.usual),
    "keys": lambda f, o: write(f, o.usual, keys=o.keys()),
    "keys-of-one": lambda f, o: write(f, o.usual, keys=o.keys()[:1]),
    "keys-that-are-paths": lambda f, o: write(f, o.usual, layers=1, keys=list(o.usual)),
    "last-layer-only": lambda f, o: write(f, o.last(), layers=1),
    "last-layer-of-all": lambda f, o: write(f, o.last()),
    "more-than-the-last-layer": lambda f, o: write(f, o.usual, layers=1),
    "no-layer-means-all": lambda f, o: write(f, o.usual, layers=0),
    "more-layers-than-there-are": lambda f, o: write(f, o.usual, layers=9),
    "below-language_model": lambda f, o: write(f, renamed(o.usual, lambda path: f"language_model.{path}")),
    "without-model": lambda f, o: write(f, renamed(o.usual, lambda path: path.replace("model.layers", "layers"))),
    "earlier-names": lambda f, o: write(f, renamed(o.usual, lambda path: path.removeprefix("language_model."))),
    "class-names": lambda f, o: write(f, renamed(o.usual, lambda path: path.replace(
        f"{o.below}model.", "model.language_model."))),
    "misshapen": lambda f, o: write(f, {path: (size + 1, out) for path, (size, out) in o.usual.items()}),
    "another-layer": lambda f, o: write(f, o.usual | renamed(o.last(), lambda path: path.replace(".1.", ".7."))),
    "another-kind": lambda f, o: write(f, o.usual | o.other, keys=o.keys()),
}


def reference(folder: pathlib.Path, adapter: pathlib.Path, before: numpy.ndarray) -> str:
    model = mlx_model(folder)
    try:
        load_adapters(model, str(adapter))
    except (ValueError, KeyError):
        return "refuses"
    return "loads" if numpy.abs(logits(model) - before).max() > 1e-4 else "ignores"


def verdict(dnd, base, adapter) -> str:
    """A folder that is not read for what its own configuration says is refused, too."""
    result = dnd.attempt("verify", "--base", base, adapter, "--json", "--partial")  # a layer alone is no fault there
    if not result.stdout:
        return "refuses" if "MLX-LM would not take it" in result.stderr else f"unread: {result.stderr}"
    report = json.loads(result.stdout)
    judged = next(each["verdict"] for each in report["runtimes"] if each["runtime"] == "MLX-LM")
    return judged if report["ok"] == (judged == "loads") else f"{judged}, but ok is {report['ok']}"


@pytest.mark.slow
@pytest.mark.parametrize("name", BASES)
def test_verdicts(dnd, name, tmp_path):
    base = tmp_path / "base"
    verdict_cells.BASES[name].write(base)
    model = mlx_model(base)
    layers = Layers(Opened(verdict_cells.BASES[name], base), model)
    before = logits(model)
    theirs, wrong = [], []
    for cell, make in CELLS.items():
        make(tmp_path / cell, layers)
        theirs.append(reference(base, tmp_path / cell, before))
        ours = verdict(dnd, base, tmp_path / cell)
        if ours != theirs[-1]:
            wrong.append(f"{cell}: mlx-lm {theirs[-1]}, dnd {ours}")
    assert not wrong, f"{len(wrong)} of {len(CELLS)} verdicts on {name}:\n" + "\n".join(wrong)
    assert theirs.count("refuses") >= 0.3 * len(theirs) and theirs.count("loads") >= 0.3 * len(theirs)
