"""The bench's readers: a figure counts only if they have received every event exactly once."""

import zlib

import pytest

from tests.bench.readers import Account, Body, BulkReader, RawReader, Tally, found

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def frame(number: int, producer: int = 1) -> bytes:
    """One token as a bridge writes it."""
    data = b'{"type":"token","content":"%d:%d 1000.5 "}' % (producer, number)
    return b"id: 1.1.%d@00000000\nevent: token\ndata: %b\n\n" % (number, data)


def chunk(frames: bytes) -> bytes:
    """One chunk of an answer."""
    return b"%x\r\n%b\r\n" % (len(frames), frames)


def take(numbers: list[int], tokens: int = 3) -> Tally:
    """What a reader of so many tokens makes of these."""
    tally = Tally(1, tokens)
    account = Account(tally)
    for number in numbers:
        account.take((b"1", b"%d" % number, b"1000.5"), 1001.0)
    return tally


def test_all_tokens_in_order_are_whole() -> None:
    """Their latencies are known, and one checksum stands for them."""
    tally = take([1, 2, 3])
    assert (tally.done.is_set(), tally.wrong) == (True, [])
    assert list(tally.late) == [0.5, 0.5, 0.5]
    assert found(tally, False)["wrong"] == []
    assert tally.checksums == take([1, 2, 3]).checksums


@pytest.mark.parametrize("numbers", [[1, 3], [1, 1], [2], [1, 2, 2]])
def test_a_hole_or_a_repetition_is_wrong(numbers: list[int]) -> None:
    """The reader names the first token that does not follow."""
    tally = take(numbers)
    assert tally.wrong == [f"1:{numbers[-1]} is not the next token"]
    assert found(tally, False)["wrong"]


def test_what_has_not_come_is_wrong() -> None:
    """A reader that still waits at the end has not received all."""
    assert found(take([1, 2]), False)["wrong"] == ["1 readers have not received all"]


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_the_pieces_of_the_network_change_nothing(size: int) -> None:
    """Tokens, chunks and checksums are the same, however the bytes arrive."""
    tail = b'event: ended\ndata: {"type":"ended"}\n\n'  # may come with the last token or after it
    sent = HEAD + chunk(frame(1) + frame(2)) + chunk(frame(3) + (tail if size > 50 else b""))
    careful, bulk = Tally(1, 3), Tally(1, 3)
    readers = (RawReader("/", careful), BulkReader("/", bulk))
    for start in range(0, len(sent), size):
        for reader in readers:
            if not reader.account.ended:
                reader.take(sent[start : start + size], 1001.0)
    assert (careful.wrong, bulk.wrong) == ([], [])
    frames = (frame(1) + frame(2) + frame(3)).removesuffix(b"\n\n")
    assert careful.raw_checksums == {zlib.crc32(frames)}
    assert found(bulk, True)["raw_checksums"] == [zlib.crc32(frames)]


def test_chunks_are_taken_out_of_their_framing() -> None:
    """Several in one piece, and one in two."""
    body = Body()
    assert list(body.chunks(HEAD + chunk(b"one") + chunk(b"two") + b"5\r\nth")) == [b"one", b"two"]
    assert list(body.chunks(b"ree\r\n0\r\n\r\n")) == [b"three", b""]
