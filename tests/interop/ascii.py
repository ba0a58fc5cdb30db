"""Our ASCII profiles against pyiso8583's own specifications."""

import copy
import json
import pathlib

from iso8583.specs import default, default_ascii

import compare

messages = json.loads(pathlib.Path(__file__).with_name("ascii.messages.json").read_text(encoding="utf-8"))
assert len(messages) >= 12
compare.both_ways("ascii", copy.deepcopy(default_ascii), messages)
compare.both_ways("ascii-binary", copy.deepcopy(default), messages)
