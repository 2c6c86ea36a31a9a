"""Inputs that tasks of many kinds share, each always the same and in the same order: what an input looks like must not
tell the task. A kind takes those that have an answer, in the pool's order, before any of its own."""
