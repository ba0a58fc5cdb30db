"""Comparing two codecs over the same messages, in both directions, and failing loudly."""

import iso8583

import ours


def both_ways(profile: str, spec: dict, messages: list[dict], binary: set[str] = ours.BINARY) -> None:
    """pyiso8583 writes and we read; we write and pyiso8583 reads; and the bytes are the same."""
    theirs = [_encode(message, spec) for message in messages]
    _expect_equal(f"{profile}: pyiso8583 writes, we read", messages, ours.unpack(profile, theirs))
    packed = ours.pack(profile, messages, binary)
    _expect_equal(f"{profile}: we write, pyiso8583 reads", messages, [_decode(each, spec) for each in packed])
    _expect_equal(f"{profile}: the same bytes", [each.hex() for each in theirs], [each.hex() for each in packed])


def _encode(message: dict, spec: dict) -> bytes:
    packed, _ = iso8583.encode({"t": message["mti"], **message["fields"]}, spec)
    return bytes(packed)


def _decode(packed: bytes, spec: dict) -> dict:
    decoded, _ = iso8583.decode(packed, spec)
    fields = {number: value for number, value in decoded.items() if number.isnumeric() and number != "1"}
    return {"mti": decoded["t"], "fields": fields}


def _expect_equal(what: str, wanted: list, found: list) -> None:
    differences = [(index, w, f) for index, (w, f) in enumerate(zip(wanted, found, strict=True)) if w != f]
    for index, w, f in differences:
        print(f"{what}: message {index} differs\n  wanted {w}\n  found  {f}")
    if differences:
        raise SystemExit(f"{what}: {len(differences)} of {len(wanted)} messages differ")
    print(f"{what}: {len(wanted)} messages agree")
