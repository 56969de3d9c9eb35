"""Frame headers of WebSockets, read while the bytes pass by in whatever pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.edge.frames import POLICY, PROTOCOL_ERROR, TOO_BIG, BadFrame, Frames, close_frame

LIMIT = 100_000
BIG = 2**16


def frame(opcode: int, payload: bytes, *, final: bool = True, masked: bool = False, reserved: int = 0) -> bytes:
    size, mask = len(payload), 0x80 if masked else 0
    if size < 126:
        length = bytes((mask | size,))
    elif size < BIG:
        length = bytes((mask | 126,)) + size.to_bytes(2)
    else:
        length = bytes((mask | 127,)) + size.to_bytes(8)
    return bytes(((0x80 if final else 0) | reserved | opcode,)) + length + (b"mask" if masked else b"") + payload


def frames(*, masked: bool = False, at_once: int = 1000) -> Frames:
    return Frames(masked=masked, most_bytes=LIMIT, most_at_once=at_once)


@given(
    st.lists(st.sampled_from([0, 1, 125, 126, 300, BIG]), min_size=1, max_size=5),
    st.booleans(),
    st.lists(st.integers(1, 400), min_size=1, max_size=20),
)
def test_pieces_of_any_size_are_read_alike(sizes: list[int], masked: bool, pieces: list[int]) -> None:
    data = b"".join(frame(2, bytes(size), masked=masked) for size in sizes)
    read, at, turn = frames(masked=masked), 0, 0
    while at < len(data):
        step = pieces[turn % len(pieces)] if at < 5000 else len(data)
        read.feed(data[at : at + step])
        at, turn = at + step, turn + 1
    assert (read.count, read.between, read.closed) == (len(sizes), True, False)


@pytest.mark.parametrize(
    ("data", "masked", "code"),
    [
        (frame(2, bytes(LIMIT + 1)), False, TOO_BIG),
        (frame(2, bytes(LIMIT), final=False) + frame(0, b"x"), False, TOO_BIG),
        (frame(2, bytes(LIMIT), final=False) + frame(9, b"") + frame(0, b"x", final=False), False, TOO_BIG),
        (bytes((0x82, 127)) + (2**63).to_bytes(8), False, TOO_BIG),  # announced only
        (frame(2, b"", reserved=0x40), False, PROTOCOL_ERROR),  # packed, which nobody agreed on
        (frame(3, b""), False, PROTOCOL_ERROR),
        (frame(9, bytes(126)), False, PROTOCOL_ERROR),
        (frame(9, b"", final=False), False, PROTOCOL_ERROR),
        (frame(1, b"x", masked=True), False, PROTOCOL_ERROR),
        (frame(1, b"unmasked"), True, PROTOCOL_ERROR),
        (frame(8, b"") + frame(1, b"after the end"), False, PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\n\r\n", False, PROTOCOL_ERROR),
        (frame(1, b"") * 1001, False, POLICY),
    ],
)
def test_what_is_no_websocket_or_too_much_of_one_ends(data: bytes, masked: bool, code: int) -> None:
    with pytest.raises(BadFrame) as caught:
        frames(masked=masked).feed(data)
    assert caught.value.code == code


def test_our_own_frame_goes_in_between_only() -> None:
    read = frames()
    data = frame(1, b"hello")
    assert read.between
    for end in range(1, len(data)):
        half = frames()
        half.feed(data[:end])
        assert not half.between
    read.feed(data)
    assert read.between
    read.feed(close_frame(1000))
    assert read.closed and not read.between
