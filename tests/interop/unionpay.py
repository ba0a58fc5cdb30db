"""Our UnionPay profile against pyiso8583 with a specification of the same table, written for it here.

The samples are messages of public logs of live exchanges, without length, TPDU and header.
"""

import json
import pathlib

import iso8583

import compare
import ours
from unionpay_spec import SPEC

BINARY = {"52", "55", "62", "64"}


def samples_are_read_and_written_again(samples: list[str]) -> None:
    packed = [bytes.fromhex(sample) for sample in samples]
    read = ours.unpack("unionpay", packed)
    for sample, message in zip(packed, read, strict=True):
        decoded, _ = iso8583.decode(sample, SPEC)
        theirs = {number: value for number, value in decoded.items() if number.isnumeric()}
        if theirs != message["fields"] or decoded["t"] != message["mti"]:
            raise SystemExit(f"a sample is read differently\n  theirs {theirs}\n  ours   {message}")
    again = ours.pack("unionpay", read, BINARY)
    if again != packed:
        raise SystemExit(f"a sample is written differently\n  {packed}\n  {again}")
    print(f"unionpay: {len(samples)} samples are read alike and written again byte for byte")


data = json.loads(pathlib.Path(__file__).with_name("unionpay.messages.json").read_text(encoding="utf-8"))
samples_are_read_and_written_again(data["samples"])
compare.both_ways("unionpay", SPEC, data["messages"], BINARY)
