"""The yardstick itself: the reference against golden data of the released code, where DND_GOLDEN names it."""

import os
import pathlib

import pytest
import torch
from dnd_reference import adapter_rms, compare_with_golden, detokenize, golden_tolerance, relative_rms, tokenize


def test_reference_agrees_with_the_released_code(minilm_dir):
    if "DND_GOLDEN" not in os.environ:
        pytest.skip("set DND_GOLDEN to the golden data")
    errors = dict(compare_with_golden(pathlib.Path(os.environ["DND_GOLDEN"]), minilm_dir))
    assert errors and {what: e for what, e in errors.items() if e > golden_tolerance(what)} == {}


def test_detokenise_undoes_tokenise(layout):
    adapter = random_adapter(layout, seed=0)
    assert adapter_rms(detokenize(tokenize(adapter, layout), layout), adapter) < 1e-6


def test_relative_rms_wants_nan_where_nan_is():
    assert relative_rms(torch.tensor([1.0, torch.nan]), torch.tensor([1.0, torch.nan])) == 0
    assert relative_rms(torch.tensor([1.0, torch.nan]), torch.tensor([torch.nan, 1.0])) == float("inf")


def random_adapter(layout, seed: int) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {f.name: torch.randn(*((f.size, f.rank) if f.transposed else (f.rank, f.size)), generator=random) * 0.03
            for f in layout.factors}
