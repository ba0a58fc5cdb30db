"""UnionPay's POS fields as pyiso8583 wants them told: written from the table, without a look at our own profile."""


def _field(data: str, count: str, length: int, prefix: int = 0, **pad: str) -> dict:
    return {"data_enc": data, "len_enc": "bcd", "len_type": prefix, "max_len": length, "len_count": count, **pad}


def _digits(length: int, prefix: int = 0) -> dict:
    """BCD, counted in digits; an odd number is filled with a zero on the right."""
    return _field("b", "nibbles", length, prefix, right_pad="0")


def _bytes(length: int, prefix: int = 0) -> dict:
    return _field("b", "bytes", length, prefix)


def _text(length: int, prefix: int = 0) -> dict:
    return _field("ascii", "bytes", length, prefix)


LL, LLL = 1, 2
SPEC = {
    "h": _bytes(0),
    "t": _bytes(2),
    "p": _bytes(8),
    "1": _bytes(8),
    "2": _digits(19, LL),
    **{number: _digits(6) for number in ("3", "11", "12")},
    "4": _digits(12),
    **{number: _digits(4) for number in ("13", "14", "15")},
    "22": _digits(3),
    "23": _field("b", "nibbles", 3, left_pad="0"),
    **{number: _digits(2) for number in ("25", "26")},
    "32": _digits(11, LL),
    "35": _digits(37, LL),
    "36": _digits(104, LLL),
    "37": _text(12),
    "38": _text(6),
    "39": _text(2),
    "41": _text(8),
    "42": _text(15),
    "44": _text(25, LL),
    "48": _digits(322, LLL),
    "49": _text(3),
    "52": _bytes(8),
    "53": _digits(16),
    "54": _text(20, LLL),
    "55": _bytes(255, LLL),
    **{number: _text(999, LLL) for number in ("58", "59")},
    "60": _digits(17, LLL),
    "61": _digits(29, LLL),
    "62": _bytes(512, LLL),
    "63": _text(163, LLL),
    "64": _bytes(8),
}
