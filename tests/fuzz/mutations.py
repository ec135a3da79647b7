"""Changes a valid input a little, as an attacker or a broken proxy would."""

from random import Random
from typing import Final

_ODD: Final = (
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b".",
    b"@", b"-", b"0", b"00", b"-1", b"1e9", b"9007199254740992", b"null", b"true", b"\r\n\r\n",
    b"\\ud800", b"\\u0000", b"[" * 200, b"A" * 70_000, b"none", b"../", b"%2F",
)  # fmt: skip
_MOST: Final = 6  # changes of one input


def mutated(seed: bytes, others: list[bytes], random: Random) -> bytes:
    """The seed with some bytes changed, left out, doubled, or taken from another one."""
    data = bytearray(seed)
    for _ in range(random.randint(1, _MOST)):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.choice((0, 1, 1, 2, 4, 16)))
        match random.randrange(6):
            case 0:
                data[at:end] = random.randbytes(end - at)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = random.choice(_ODD)
            case 3:
                data[at:end] = random.choice(_ODD)
            case 4:
                other = random.choice(others)
                start = random.randrange(len(other) + 1)
                data[at:end] = other[start : start + random.randint(0, 40)]
            case _:
                data[at:at] = data[at:end] * random.randint(1, 3)
    return bytes(data)
