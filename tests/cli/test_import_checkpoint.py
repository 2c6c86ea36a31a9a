"""Released checkpoints in: what is read off them, what is refused, and that no pickle runs."""

import json
import os
import pathlib
import pickle
import shutil
import zipfile

import pytest
from support import DATA, GOLDEN, LAYOUT, Exit, dnd, fails, folder_bytes, read_adapter, read_safetensors, sha256, tree

CHECKPOINT = GOLDEN / "decoder.pth"
FEATURES = json.loads((GOLDEN / "config.json").read_text())["features"]


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    out = tmp_path_factory.mktemp("imported") / "plain-k3"
    result = dnd("import", CHECKPOINT, "--layout", LAYOUT, "--out", out, engine=False)
    assert result.lines == [str(out)]
    assert "kernel 3" in result.err
    return out


def relative_rms(got, expected) -> float:
    difference = sum((g - e) ** 2 for g, e in zip(got, expected, strict=True))
    return (difference / sum(e * e for e in expected)) ** 0.5


def test_what_a_bundle_holds(imported):
    generator = json.loads((imported / "generator.json").read_text())
    assert set(os.listdir(imported)) == {"generator.json", "decoder.safetensors", "README.md"}
    assert generator["format"] == "dnd-generator"
    assert (generator["decoder"]["features"], generator["decoder"]["kernel"]) == (FEATURES, 3)
    assert generator["decoder"]["sha256"] == sha256(imported / "decoder.safetensors")
    assert (generator["condition"]["prompts"], generator["condition"]["max_length"]) == (4, 12)
    assert str(imported.parent) not in "".join(path.read_text() for path in imported.glob("*.[jm]*"))


def test_the_imported_generator_computes_what_the_released_code_does(imported):
    dnd("generate", "--model", imported, "--condition", GOLDEN / "io.safetensors", "--out", "out", "--precision",
        "exact", "--adapter-dtype", "f32")
    got, expected = read_adapter("out"), read_safetensors(GOLDEN / "adapter_fp32.safetensors")
    assert got.tensors.keys() == expected.tensors.keys()
    for name in expected.tensors:
        assert relative_rms(got.values(name), expected.values(name)) < 1e-5


@pytest.fixture(scope="module")
def imported_f16(tmp_path_factory):
    out = tmp_path_factory.mktemp("imported") / "f16"
    return out, dnd("import", CHECKPOINT, "--layout", LAYOUT, "--out", out, "--dtype", "f16", "--json", engine=False)


def test_half_precision_weights(imported, imported_f16):
    folder, _ = imported_f16
    half, full = (read_safetensors(bundle / "decoder.safetensors") for bundle in (folder, imported))
    scaled = {name.removesuffix(".exponents") for name in half.tensors if name.endswith(".exponents")}
    assert scaled and half.tensors.keys() - {f"{name}.exponents" for name in scaled} == full.tensors.keys()
    for name, tensor in full.tensors.items():
        assert half.tensors[name]["shape"] == tensor["shape"]
        if len(tensor["shape"]) != 4 or name == "criterion_weight":
            assert half.tensors[name]["dtype"] == "F32" and half.values(name) == full.values(name)
            continue
        assert half.tensors[name]["dtype"] == "F16"
        assert half.scaled_values(name) == pytest.approx(full.values(name), rel=2**-11, abs=0)
    generator = json.loads((folder / "generator.json").read_text())
    assert generator["decoder"]["dtype"] == "F16" and generator["decoder"]["channel_exponents"] is True
    assert "F16 with exponents of channels" in dnd("inspect", folder, engine=False).out


def test_what_half_precision_loses_is_said(imported_f16):
    _, result = imported_f16
    (line,) = result.json
    kinds = {"linear1.conv1h", "linear1.conv1w", "linear1.conv2h", "linear1.conv2w", "linear2"}
    assert line["rounding"].keys() == kinds
    for kind, loss in line["rounding"].items():
        assert 2**-12 < loss["largest"] <= 2**-11 and 1e-4 < loss["relative_rms"] < 3e-4
        assert 0 < loss["scaled_channels"] <= loss["channels"]
        assert f"rounded to F16: {kind}: largest relative error of a weight 0.0004" in result.err


def test_the_generator_in_half_precision_computes_nearly_the_same(imported_f16):
    folder, _ = imported_f16
    dnd("generate", "--model", folder, "--condition", GOLDEN / "io.safetensors", "--out", "out", "--precision",
        "exact", "--adapter-dtype", "f32")
    got, expected = read_adapter("out"), read_safetensors(GOLDEN / "adapter_fp32.safetensors")
    for name in expected.tensors:
        assert relative_rms(got.values(name), expected.values(name)) < 5e-3
    assert got.metadata["dnd.generator_sha256"] == sha256(folder / "decoder.safetensors")


@pytest.mark.parametrize("command", [["inspect"], ["generate", "--condition", GOLDEN / "io.safetensors", "--model"]])
def test_weights_and_configuration_of_two_bundles(command, imported, imported_f16):
    folder, _ = imported_f16
    for configuration, weights, words in [(imported, folder, "holds exponents of channels, generator.json does not"),
                                          (folder, imported, "holds no exponents of channels, generator.json says")]:
        shutil.rmtree("mixed", ignore_errors=True)
        shutil.copytree(configuration, "mixed")
        shutil.copy(weights / "decoder.safetensors", "mixed")
        result = dnd(*command, "mixed", *(["--out", "out"] if len(command) > 1 else []), expect=Exit.DATA)
        assert words in result.last_error and "decoder.safetensors" in result.last_error
    assert not pathlib.Path("out").exists()


def test_an_existing_bundle_is_kept(imported):
    before = folder_bytes(imported)
    call = ["import", CHECKPOINT, "--layout", LAYOUT, "--out", imported]
    assert "exists already" in fails(Exit.CANNOT_CREATE, *call)
    dnd(*call, "--force", engine=False)
    assert folder_bytes(imported) == before


def test_force_does_not_replace_what_is_no_bundle():
    pathlib.Path("thesis").mkdir()
    pathlib.Path("thesis/chapter1.tex").write_text("\\section{One}")
    fails(Exit.CANNOT_CREATE, "import", CHECKPOINT, "--layout", LAYOUT, "--out", "thesis", "--force")
    assert tree() == {"thesis", "thesis/chapter1.tex"}


def test_the_layout_of_another_model():
    layout = json.loads(LAYOUT.read_text())
    layout["blocks"][0]["count"] = 3
    pathlib.Path("layout.json").write_text(json.dumps(layout))
    message = fails(Exit.DATA, "import", CHECKPOINT, "--layout", "layout.json", "--out", "b")
    assert "[70, 6, 14]" in message and "[105, 6, 14]" in message
    assert tree() == {"layout.json"}


def test_the_preset_of_another_model():
    message = fails(Exit.DATA, "import", CHECKPOINT, "--preset", "qwen2.5-0.5b", "--out", "b")
    assert "kernel 3" in message and "kernel 9" in message and "[4296, 10, 130]" in message
    assert tree() == set()


def test_a_length_that_the_shapes_contradict():
    message = fails(Exit.DATA, "import", CHECKPOINT, "--layout", LAYOUT, "--out", "b", "--max-length", 13)
    assert "12" in message and "13" in message


@pytest.mark.parametrize("content", [b"", b"PK", b"hello", CHECKPOINT.read_bytes()[:-1000], b"PK\x05\x06" + bytes(18)])
def test_what_is_no_checkpoint(content):
    pathlib.Path("x.pth").write_bytes(content)
    assert "x.pth" in fails(Exit.DATA, "import", "x.pth", "--layout", LAYOUT, "--out", "b")
    assert tree() == {"x.pth"}


@pytest.mark.parametrize("name", ["optimizer", "training_state", "legacy", "torchscript", "protocol4"])
def test_other_files_of_torch_save(name):
    fails(Exit.DATA, "import", DATA / f"torch_checkpoint/{name}.pth", "--layout", LAYOUT, "--out", "b")
    assert tree() == set()


class Command:
    def __reduce__(self):
        return os.system, ("touch pwned",)


@pytest.mark.parametrize("call", [["import", "--layout", LAYOUT, "--out", "b"], ["inspect"]])
def test_a_pickle_that_runs_a_command_is_refused_by_name(call):
    with zipfile.ZipFile("evil.pth", "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("evil/data.pkl", pickle.dumps({"weight": Command()}, protocol=2))
        archive.writestr("evil/version", "3\n")
    message = fails(Exit.DATA, call[0], "evil.pth", *call[1:])
    assert "'posix system' is not allowed" in message
    assert tree() == {"evil.pth"}
