"""A terminal made of other people's code: pyiso8583 for the messages, PyCryptodome for DES.

It starts the real server, signs in, sells, is reported lost, and finds every door closed, before and after
the server is killed and started again. Nothing of our codec is used, so a mistake on both sides of it would show here.

`TILLGUARD_DEMO_BIN` names the program that starts it.
"""

import dataclasses
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import iso8583
from Crypto.Cipher import DES, DES3

sys.path.append(str(pathlib.Path(__file__).parent.parent / "interop"))
from unionpay_spec import SPEC  # noqa: E402

READY_S_MAX = 90
ANSWER_S_MAX = 30
TPDU_AND_HEADER = bytes.fromhex("6000030000" "613100311108")


def xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def mac(key: bytes, data: bytes) -> bytes:
    """UnionPay ECB under a single-length key: field 64 of a message without it."""
    data += bytes(-len(data) % 8)
    result = bytes(8)
    for at in range(0, len(data), 8):
        result = xor(result, data[at : at + 8])
    digits = result.hex().upper().encode()
    des = DES.new(key, DES.MODE_ECB)
    last = des.encrypt(xor(des.encrypt(digits[:8]), digits[8:]))
    return last.hex().upper()[:8].encode()


def pin_block(key: bytes, pin: str, pan: str) -> bytes:
    """ISO 9564 format 0 under a double-length key."""
    clear = bytes.fromhex(f"{len(pin):02X}{pin}".ljust(16, "F"))
    return DES3.new(key, DES3.MODE_ECB).encrypt(xor(clear, bytes.fromhex("0000" + pan[-13:-1])))


def check_value(key: bytes) -> bytes:
    cipher = DES3.new(key, DES3.MODE_ECB) if len(key) == 16 else DES.new(key, DES.MODE_ECB)
    return cipher.encrypt(bytes(8))[:4]


class Terminal:
    """One terminal of the estate, on one connection."""

    def __init__(self, ready: dict, identity: dict, trace: int = 0) -> None:
        host, port = ready["gate_addr"].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=ANSWER_S_MAX)
        self.identity, self.trace, self.batch = identity, trace, 0
        self.pin_key = self.mac_key = b""

    def ask(self, mti: str, fields: dict, mac_key: bytes = b"") -> dict:
        """Sends one request and reads its answer; a signed answer to a signed request is checked."""
        self.trace += 1
        who = {"41": self.identity["terminal_id"], "42": self.identity["merchant_id"]}
        message = {"t": mti, "11": f"{self.trace:06}", **who, **fields}
        if mac_key:
            message["64"] = "00" * 8
        raw, _ = iso8583.encode(message, SPEC)
        if mac_key:
            raw = raw[:-8] + mac(mac_key, bytes(raw[:-8]))
        frame = TPDU_AND_HEADER + raw
        self.socket.sendall(len(frame).to_bytes(2, "big") + frame)
        answer = self._read(int.from_bytes(self._read(2), "big"))[len(TPDU_AND_HEADER) :]
        decoded, _ = iso8583.decode(answer, SPEC)
        assert decoded["t"] == mti[:2] + "10", decoded["t"]
        assert all(decoded[field] == message[field] for field in ("11", "41", "42")), "another request's answer"
        if mac_key and "64" in decoded:
            assert answer[-8:] == mac(mac_key, answer[:-8]), "the answer's MAC is wrong"
        return decoded

    def sign_in(self) -> str:
        answer = self.ask("0800", {"60": f"00{self.batch:06}003", "63": self.identity["operator"]})
        if answer["39"] == "00":
            self._take_keys(bytes.fromhex(answer["62"]))
            self.batch = int(answer["60"][2:8])
        else:
            assert "62" not in answer, "a refused sign-in brought keys"
        return answer["39"]

    def _take_keys(self, keys: bytes) -> None:
        assert len(keys) == 40, len(keys)
        master = DES3.new(bytes.fromhex(self.identity["master_key_hex"]), DES3.MODE_ECB)
        pin_key, mac_key = master.decrypt(keys[:16]), master.decrypt(keys[20:28])
        assert check_value(pin_key) == keys[16:20], "the PIN key's check value"
        assert check_value(mac_key) == keys[36:40], "the MAC key's check value"
        self.pin_key, self.mac_key = pin_key, mac_key

    def purchase(self, amount_minor: int, card: dict) -> dict:
        fields = {
            "2": card["pan"],
            "3": "000000",
            "4": f"{amount_minor:012}",
            "14": card["expiry"],
            "22": "011",
            "25": "00",
            "26": "12",
            "49": "156",
            "52": pin_block(self.pin_key, card["pin"], card["pan"]).hex().upper(),
            "53": "2600000000000000",
            "60": f"22{self.batch:06}00060",
        }
        answer = self.ask("0200", fields, self.mac_key)
        assert answer["4"] == fields["4"], "another amount came back"
        assert answer["39"] != "00" or "64" in answer, "an approval without a MAC"
        return answer

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            assert more, "the gate closed the connection"
            data += more
        return data


@dataclasses.dataclass
class Server:
    """`tillguard-demo` on free ports and data of its own."""

    process: subprocess.Popen
    ready: dict

    @classmethod
    def start(cls, folder: pathlib.Path) -> "Server":
        ready_file = folder / "ready.json"
        ready_file.unlink(missing_ok=True)
        arguments = ["--port", "0", "--no-walk", "--rate", "0", "--history-days", "0", "--host-delay-ms", "5"]
        places = ["--data", str(folder / "data"), "--ready-file", str(ready_file)]
        process = subprocess.Popen([os.environ["TILLGUARD_DEMO_BIN"], *arguments, *places], stdout=subprocess.DEVNULL)
        until = time.monotonic() + READY_S_MAX
        while not ready_file.exists():
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                raise SystemExit(f"the server did not get ready: {process.wait()}")
            time.sleep(0.02)
        return cls(process, json.loads(ready_file.read_text(encoding="utf-8")))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def call(self, method: str, path: str, body: dict | None, token: str = "") -> tuple[int, dict]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.ready["api_url"] + "/api/v1" + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S_MAX) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def report_lost(self, terminal_id: str) -> dict:
        officer = next(one for one in self.ready["accounts"] if one["login"] == "risk")
        login = {"login": officer["login"], "password": officer["password"]}
        status, session = self.call("POST", "/session", login)
        assert status == 200, session
        status, incident = self.call("POST", "/incidents", {"terminal_id": terminal_id}, session["token"])
        assert status == 201, incident
        return incident


def refused(terminal: Terminal, card: dict) -> None:
    assert terminal.purchase(100, card)["39"] == "58", "a purchase of a lost terminal"
    assert terminal.sign_in() == "58", "a sign-in of a lost terminal"


def check_known_answers() -> None:
    """The primitives above, before they judge anybody else's."""
    key = bytes.fromhex("DAB36167E6DFB5EF")
    assert check_value(key).hex().upper() == "B8F616DC"
    signed = bytes.fromhex(
        "0200 3020048000C08031 000000 000000000001 000001 0320 00 3232303033363030 313034353132353431313130303031"
        "313536 0024 413330313936323131313131313131313131313131313131 0013 22006603000600"
    )
    assert mac(key, signed) == b"E5805ECB", mac(key, signed)
    double = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    assert pin_block(double, "123456", "6224242900000113").hex().upper() == "34A9CB2C1BA2AB3A"


def main() -> None:
    check_known_answers()
    with tempfile.TemporaryDirectory(prefix="tillguard-python-") as folder:
        server = Server.start(pathlib.Path(folder))
        try:
            identity = server.ready["terminals"][7]
            card = next(card for card in server.ready["cards"] if card["outcome"] == "00")
            poor = next(card for card in server.ready["cards"] if card["outcome"] == "51")
            terminal = Terminal(server.ready, identity)
            assert terminal.sign_in() == "00", "sign-in"
            sale = terminal.purchase(2_000, card)
            assert sale["39"] == "00" and sale["38"].strip(), "a purchase"
            assert terminal.purchase(2_000, poor)["39"] == "51", "a purchase beyond the card's funds"
            server.report_lost(identity["terminal_id"])
            refused(terminal, card)

            server.kill()
            server = Server.start(pathlib.Path(folder))
            again = Terminal(server.ready, identity, terminal.trace)
            again.batch, again.pin_key, again.mac_key = terminal.batch, terminal.pin_key, terminal.mac_key
            refused(again, card)
            neighbour = Terminal(server.ready, server.ready["terminals"][8])
            assert neighbour.sign_in() == "00", "the neighbour's sign-in"
            assert neighbour.purchase(2_000, card)["39"] == "00", "the neighbour's purchase"
        finally:
            server.kill()
    print("pyiso8583 as a terminal: sold, was reported lost, and is refused, also after a restart")


main()
