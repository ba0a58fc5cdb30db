"""Our codec as a process: `pack` turns fields into bytes, `unpack` bytes into fields.

The program speaks lines: `MTI n=value n=value …` on one side, a message in hexadecimal on the other. A value that is
bytes is written `hex:…`.
"""

import os
import subprocess

BINARY = {"52", "55", "64", "96", "128"}


def pack(profile: str, messages: list[dict], binary: set[str] = BINARY) -> list[bytes]:
    """Each message as our codec writes it."""
    lines = [_line(message, binary) for message in messages]
    return [bytes.fromhex(line) for line in _run("pack", profile, lines)]


def unpack(profile: str, packed: list[bytes]) -> list[dict]:
    """The fields our codec reads in each message, bytes as upper-case hexadecimal."""
    return [_message(line) for line in _run("unpack", profile, [message.hex() for message in packed])]


def _run(verb: str, profile: str, lines: list[str]) -> list[str]:
    command = [os.environ["ASCII_INTEROP"], verb, "--profile", profile]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed: {done.stdout}{done.stderr}")
    answers = done.stdout.splitlines()
    if len(answers) != len(lines):
        raise SystemExit(f"{verb} {profile}: {len(lines)} lines in, {len(answers)} lines out: {done.stderr}")
    return answers


def _line(message: dict, binary: set[str]) -> str:
    words = [message["mti"]]
    for number, value in sorted(message["fields"].items(), key=lambda field: int(field[0])):
        words.append(f"{number}=hex:{value}" if number in binary else f"{number}={value}")
    return " ".join(words)


def _message(line: str) -> dict:
    mti, *words = line.split(" ")
    fields = dict(word.split("=", 1) for word in words)
    plain = {n: v.removeprefix("hex:").upper() if v.startswith("hex:") else v for n, v in fields.items()}
    return {"mti": mti, "fields": plain}
