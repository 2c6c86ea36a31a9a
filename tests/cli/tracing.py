"""Running the program with system calls that fail."""


def traced(call: list, *rules: str) -> list[str]:
    """The call with system calls that fail as the rules of strace say (`when` counts those of one thread)."""
    return ["strace", "-f", "-o", "/dev/null", *(f"--inject={rule}" for rule in rules), *map(str, call)]
