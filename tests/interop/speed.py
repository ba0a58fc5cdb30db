"""How long the purchase of purchase.json takes in pyiso8583: nanoseconds to build and pack, to unpack, the message."""

import json
import pathlib
import statistics
import time

import iso8583

from unionpay_spec import SPEC

BATCHES, ROUNDS = 15, 500


def nanoseconds(work) -> float:
    batches = []
    for _ in range(BATCHES):
        started = time.perf_counter_ns()
        for _ in range(ROUNDS):
            work()
        batches.append((time.perf_counter_ns() - started) / ROUNDS)
    return statistics.median(batches)


purchase = json.loads(pathlib.Path(__file__).with_name("purchase.json").read_text(encoding="utf-8"))
mti, fields = purchase["mti"], purchase["fields"]
packed, _ = iso8583.encode({"t": mti, **fields}, SPEC)
pack = nanoseconds(lambda: iso8583.encode({"t": mti, **fields}, SPEC))
unpack = nanoseconds(lambda: iso8583.decode(packed, SPEC))
print(f"{pack:.0f} {unpack:.0f} {bytes(packed).hex().upper()}")
