"""Text to adapter: the program against the reference on random small generators."""

import pytest
from dnd_reference import adapter_rms, detokenize, load_generator, precision, relative_rms
from make_official_checkpoint import Architecture, make_checkpoint
from safetensors.torch import load_file, save_file
from tiny_models import TEXTS, write_prompts

LONG = " ".join(TEXTS[:4] * 12)  # Reaches into the second chunk of 512 tokens; the other prompt does not.

# name: (encoder, architecture, prompts)
CASES = {
    "minilm-k3": ("all-MiniLM-L6-v2", Architecture(3, [(4, 384, 384), (6, 16, 20), (70, 6, 14)]), TEXTS[:4]),
    "minilm-k9": ("all-MiniLM-L6-v2", Architecture(9, [(4, 48, 384), (4, 20, 16), (70, 6, 14)]), TEXTS[4:]),
    "minilm-two-chunks": ("all-MiniLM-L6-v2",
                          Architecture(3, [(2, 24, 384), (8, 12, 16), (70, 6, 14)], (1024, 24)), [LONG, TEXTS[1]]),
    "bert-k1": ("tiny-bert", Architecture(1, [(3, 20, 32), (70, 6, 14)]), TEXTS[:3]),
    "bert-k11": ("tiny-bert", Architecture(11, [(8, 20, 32), (16, 8, 10), (16, 8, 10), (70, 6, 14)]), TEXTS),
    "bert-three-chunks": ("tiny-bert", Architecture(5, [(2, 16, 32), (8, 12, 16), (70, 6, 14)], (1536, 16)), TEXTS[:2]),
    "roberta": ("tiny-roberta", Architecture(3, [(3, 20, 32), (70, 6, 14)]), TEXTS[4:7]),
    "t5-relu": ("tiny-t5-relu", Architecture(3, [(5, 40, 32), (8, 9, 11), (70, 6, 14)]), TEXTS[1:6]),
    "t5-gated-gelu": ("tiny-t5-gated-gelu", Architecture(7, [(5, 40, 32), (8, 9, 11), (70, 6, 14)]), TEXTS[1:6]),
}


SLOW = {"minilm-two-chunks"}  # "bert-three-chunks" goes the same way


@pytest.fixture(scope="module",
                params=[pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in CASES])
def case(request, tmp_path_factory, reference_encoder):
    encoder, architecture, prompts = CASES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    reference_encoder(encoder)
    make_checkpoint(architecture, folder / "decoder.pth", seed=len(request.param))
    return encoder, architecture, prompts, folder


@pytest.mark.parametrize("empty_chunk", ["zero", "uniform"])
def test_text_to_adapter(dnd, case, empty_chunk, layout, layout_file, reference_encoder, tmp_path):
    encoder, architecture, prompts, folder = case
    prompt_file = write_prompts(tmp_path / "prompts.jsonl", prompts)
    bundle = dnd.import_checkpoint(folder / "decoder.pth", tmp_path / "bundle", layout_file, encoder, empty_chunk)
    adapter = load_file(dnd.generate(bundle, prompt_file, tmp_path / "adapter") / "adapter_model.safetensors")
    condition = load_file(dnd.encode(bundle, prompt_file, tmp_path / "condition.safetensors"))["condition"]

    expected = reference_encoder(encoder)(prompts, architecture.condition_shape[1], empty_chunk)
    assert relative_rms(condition, expected) < 1e-5
    tokens = load_generator(folder / "decoder.pth")(expected[None])[0]
    assert adapter_rms(adapter, detokenize(tokens, layout)) < 1e-5


def test_the_default_is_five_times_closer_than_the_released_precision(dnd, case, layout, layout_file,
                                                                     reference_encoder, tmp_path):
    encoder, architecture, prompts, folder = case
    prompt_file = write_prompts(tmp_path / "prompts.jsonl", prompts)
    bundle = dnd.import_checkpoint(folder / "decoder.pth", tmp_path / "bundle", layout_file, encoder)
    out = dnd.generate(bundle, prompt_file, tmp_path / "adapter", arithmetic=("--device", "cpu"))

    def released(bf16: bool):
        with precision(bf16):
            condition = reference_encoder(encoder)(prompts, architecture.condition_shape[1])
            return detokenize(load_generator(folder / "decoder.pth")(condition[None])[0].float(), layout)

    expected = released(bf16=False)
    error = adapter_rms(load_file(out / "adapter_model.safetensors"), expected)
    assert 1e-5 < error < adapter_rms(released(bf16=True), expected) / 5


def test_condition_file_replaces_prompts_and_encoder(dnd, case, layout, layout_file, reference_encoder, tmp_path):
    encoder, architecture, prompts, folder = case
    condition = reference_encoder(encoder)(prompts, architecture.condition_shape[1])
    save_file({"condition": condition.contiguous()}, tmp_path / "condition.safetensors")
    bundle = dnd.import_checkpoint(folder / "decoder.pth", tmp_path / "bundle", layout_file, encoder)
    out = dnd.generate_from_condition(bundle, tmp_path / "condition.safetensors", tmp_path / "adapter")
    tokens = load_generator(folder / "decoder.pth")(condition[None])[0]
    assert adapter_rms(load_file(out / "adapter_model.safetensors"), detokenize(tokens, layout)) < 1e-5


def test_encoder_may_be_given_as_a_folder(dnd, encoders, layout_file, tmp_path):
    make_checkpoint(Architecture(3, [(3, 20, 32), (70, 6, 14)]), tmp_path / "decoder.pth")
    prompts = write_prompts(tmp_path / "prompts.jsonl", TEXTS[:3])
    bundle = dnd.import_checkpoint(tmp_path / "decoder.pth", tmp_path / "bundle", layout_file, "tiny-bert")
    by_name = dnd.generate(bundle, prompts, tmp_path / "by-name")
    by_folder = dnd.generate(bundle, prompts, tmp_path / "by-folder", "f32", "--encoder", encoders / "tiny-bert")
    name = "adapter_model.safetensors"
    assert adapter_rms(load_file(by_name / name), load_file(by_folder / name)) == 0


def test_readings_of_empty_chunks_differ(reference_encoder):
    encoder = reference_encoder("tiny-bert")
    zero, uniform = (encoder(TEXTS[:2], 1024, reading) for reading in ("zero", "uniform"))
    assert relative_rms(zero[:, :512], uniform[:, :512]) == 0
    assert relative_rms(zero[:, 512:], uniform[:, 512:]) > 0.1
