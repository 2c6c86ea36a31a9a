"""One folder, one model: layout, verify, verify --run and merge read the same weights, or refuse them alike."""

import json
import pathlib
import shutil

import pytest
from support import DATA, Exit, Safetensors, dnd, fails, read_safetensors, safetensors_bytes

LLAMA = DATA / "interop/llama"
BASE, ADAPTER = LLAMA / "base", LLAMA / "adapter"
INDEX = "model.safetensors.index.json"
IDS = ("--ids", "1,2,3")


def write_weights(path, source: Safetensors, names) -> None:
    header, data = {}, b""
    for name in names:
        begin, end = source.tensors[name]["data_offsets"]
        header[name] = source.tensors[name] | {"data_offsets": [len(data), len(data) + end - begin]}
        data += source.data[begin:end]
    pathlib.Path(path).write_bytes(safetensors_bytes(header, data))


def write_shards(folder, weights, count: int = 2, stem: str = "model") -> dict[str, str]:
    """A weights file in numbered shards; which tensor is in which."""
    source = read_safetensors(weights)
    weight_map = {}
    for i in range(count):
        file = f"{stem}-{i + 1:05d}-of-{count:05d}.safetensors"
        names = sorted(source.tensors)[i::count]
        write_weights(pathlib.Path(folder, file), source, names)
        weight_map |= dict.fromkeys(names, file)
    return weight_map


def write_index(folder, weight_map: dict[str, str]) -> None:
    pathlib.Path(folder, INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def other_model() -> Safetensors:
    """Zeros, and another number for the second block."""
    source = read_safetensors(BASE / "model.safetensors")
    tensors = {name.replace("layers.1", "layers.7"): tensor for name, tensor in source.tensors.items()}
    return Safetensors(tensors, {}, bytes(len(source.data)))


def single(folder):
    shutil.copy(BASE / "model.safetensors", folder)


def index_and_shards(folder):
    write_index(folder, write_shards(folder, BASE / "model.safetensors"))


def shards_alone(folder):
    write_shards(folder, BASE / "model.safetensors", 3)


def another_name(folder):
    shutil.copy(BASE / "model.safetensors", folder / "weights.safetensors")


def another_name_in_shards(folder):
    write_shards(folder, BASE / "model.safetensors", stem="weights")


def names_of_diffusers(folder):
    shutil.copy(BASE / "model.safetensors", folder / "diffusion_pytorch_model.safetensors")


def single_beside_the_index_of_another(folder):
    single(folder)
    other = other_model()
    write_weights(folder / "other.safetensors", other, other.tensors)
    write_index(folder, dict.fromkeys(other.tensors, "other.safetensors"))


def index_beside_shards_of_another(folder):
    source, other = read_safetensors(BASE / "model.safetensors"), other_model()
    write_weights(folder / "all.safetensors", source, source.tensors)
    write_index(folder, dict.fromkeys(source.tensors, "all.safetensors"))
    write_weights(folder / "model-00001-of-00001.safetensors", other, other.tensors)


def index_and_a_missing_shard(folder):
    index_and_shards(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()


def index_with_a_wrong_file(folder):
    weight_map = write_shards(folder, BASE / "model.safetensors")
    name = sorted(weight_map)[0]
    write_index(folder, weight_map | {name: "model-00002-of-00002.safetensors"})


def index_that_leaves_a_tensor_out(folder):
    weight_map = write_shards(folder, BASE / "model.safetensors")
    del weight_map["model.norm.weight"]
    write_index(folder, weight_map)


def index_that_leads_outside(folder):
    weight_map = write_shards(folder, BASE / "model.safetensors")
    write_index(folder, weight_map | {"model.norm.weight": "../outside.safetensors"})


def shards_with_a_gap(folder):
    shards_alone(folder)
    (folder / "model-00002-of-00003.safetensors").unlink()


def one_shard_of_two(folder):
    write_shards(folder, BASE / "model.safetensors")
    (folder / "model-00002-of-00002.safetensors").unlink()


def files_without_order(folder):
    for name in ("a.safetensors", "b.safetensors"):
        shutil.copy(BASE / "model.safetensors", folder / name)


def pickle_alone(folder):
    (folder / "config.json").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02.")


def adapter(folder):
    (folder / "config.json").unlink()
    shutil.copytree(ADAPTER, folder, dirs_exist_ok=True)


def nothing(folder):
    (folder / "config.json").unlink()


MODELS = [single, index_and_shards, shards_alone, another_name, another_name_in_shards, names_of_diffusers,
          single_beside_the_index_of_another, index_beside_shards_of_another]
REFUSED = {index_and_a_missing_shard: Exit.NO_INPUT, index_with_a_wrong_file: Exit.DATA,
           index_that_leaves_a_tensor_out: Exit.DATA, index_that_leads_outside: Exit.DATA,
           shards_with_a_gap: Exit.NO_INPUT, one_shard_of_two: Exit.NO_INPUT, files_without_order: Exit.DATA,
           pickle_alone: Exit.NO_INPUT, adapter: Exit.DATA, nothing: Exit.NO_INPUT}


def commands(base, out) -> dict[str, tuple]:
    return {"layout": ("layout", "--base", base),
            "verify": ("verify", ADAPTER, "--base", base),
            "verify --run": ("verify", ADAPTER, "--base", base, "--run", *IDS, "--logits-out", f"{out}.logits"),
            "merge": ("merge", ADAPTER, "--base", base, "--out", f"{out}.merged")}


def merged_tensors(folder) -> dict[str, tuple]:
    tensors = {}
    for file in pathlib.Path(folder).glob("*.safetensors"):
        content = read_safetensors(file)
        tensors |= {name: content.values(name) for name in content.tensors}
    return tensors


def make(tmp_path, kind) -> pathlib.Path:
    folder = tmp_path / "base"
    folder.mkdir()
    shutil.copy(BASE / "config.json", folder)
    kind(folder)
    return folder


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_every_command_means_the_same_weights(tmp_path, kind):
    def outcome(base, out):
        results = {name: dnd(*call, engine=name == "verify --run") for name, call in commands(base, out).items()}
        return (json.loads(results["layout"].out)["blocks"], results["verify"].out,
                pathlib.Path(f"{out}.logits").read_bytes(), merged_tensors(f"{out}.merged"))

    assert outcome(make(tmp_path, kind), "found") == outcome(BASE, "expected")


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.__name__)
def test_every_command_refuses_alike(tmp_path, kind):
    for name, call in commands(make(tmp_path, kind), "out").items():
        fails(REFUSED[kind], *call, engine=name == "verify --run")
    assert not list(pathlib.Path().glob("out*"))


def test_a_merge_keeps_the_files_of_its_base(tmp_path):
    base = make(tmp_path, shards_alone)
    dnd("merge", ADAPTER, "--base", base, "--out", "out", engine=False)
    assert {p.name for p in pathlib.Path("out").iterdir()} == {p.name for p in base.iterdir()}
    dnd("merge", ADAPTER, "--base", base, "--out", "out", "--force", engine=False)
    dnd("verify", ADAPTER, "--base", "out", engine=False)
