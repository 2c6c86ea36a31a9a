"""Where tasks/build puts packages and WordNet."""

import pathlib

PACKAGES = pathlib.Path(__file__).resolve().parents[3] / ".deps/corpus"
