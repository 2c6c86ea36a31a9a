"""Builds the corpus of small tasks that generators learn from. A kind is one file of tasks/kinds/GROUP/; what it uses:

    Task                 a task: its pairs of input and answer, and its instruction in many wordings
    builder.pools        inputs that many kinds share: words, lists, sentences, numbers, dates, names, records, messages
    builder.sources      what pinned packages know: WordNet, inflections, sounds, countries, people
    draw(...)            a random.Random of its own for the names given, the same on every machine
"""

from builder.draws import draw, shuffled
from builder.task import Task

__all__ = ["Task", "draw", "shuffled"]
