"""Reads the frame headers of one direction of a WebSocket (RFC 6455) while its bytes pass by. Promise: no message is
larger than the limit and nothing but well-formed frames passes; not one byte of a message is kept."""

from __future__ import annotations

CONTINUATION, CLOSE = 0x0, 0x8
KNOWN = frozenset({0x0, 0x1, 0x2, 0x8, 0x9, 0xA})  # continuation, text, binary, close, ping, pong
LONGEST_CONTROL = 125
SHORT_HEADER, MASK_BYTES = 2, 4
LENGTH_BYTES = {126: 2, 127: 8}


class BadFrame(Exception):  # noqa: N818  (a verdict, not a fault of ours)
    """What passes is no WebSocket, or too much of one. `code` is the close code that says so."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


PROTOCOL_ERROR, POLICY, TOO_BIG = 1002, 1008, 1009


class Frames:
    """One direction. `masked`: whether it comes from a browser; `most_at_once`: frames in one read.

    Attributes:
        count: frames begun so far.
        between: whether a frame of our own may follow what was passed on so far.
        closed: whether a close frame has begun; nothing may follow it.
    """

    def __init__(self, *, masked: bool, most_bytes: int, most_at_once: int) -> None:
        self._masked = masked
        self._most_bytes = most_bytes
        self._most_at_once = most_at_once
        self._head = bytearray()
        self._left = 0  # of the present frame's payload
        self._message = 0  # of the present message, over all its frames
        self.count = 0
        self.closed = False
        self.between = True

    def feed(self, data: bytes) -> None:
        """Follow the bytes. Raises BadFrame; nothing of `data` may then be passed on."""
        at, size, most = 0, len(data), self.count + self._most_at_once
        while at < size:
            if self._left:
                step = min(self._left, size - at)
                self._left -= step
                at += step
                continue
            if self.closed:
                raise BadFrame(PROTOCOL_ERROR)
            wanted = self._header_bytes() - len(self._head)
            self._head += data[at : at + wanted]
            at += wanted
            if len(self._head) == self._header_bytes():
                self._begin()
                if self.count > most:
                    raise BadFrame(POLICY)
        self.between = not self._left and not self._head and not self.closed

    def _header_bytes(self) -> int:
        """How long the header is, as far as it is known."""
        if len(self._head) < SHORT_HEADER:
            return SHORT_HEADER
        return SHORT_HEADER + LENGTH_BYTES.get(self._head[1] & 0x7F, 0) + (MASK_BYTES if self._masked else 0)

    def _begin(self) -> None:
        first, second = self._head[0], self._head[1]
        opcode, final = first & 0x0F, bool(first & 0x80)
        length = second & 0x7F
        if length in LENGTH_BYTES:
            length = int.from_bytes(self._head[SHORT_HEADER : SHORT_HEADER + LENGTH_BYTES[length]])
        if first & 0x70 or opcode not in KNOWN or bool(second & 0x80) is not self._masked:
            raise BadFrame(PROTOCOL_ERROR)  # extensions were not agreed on
        if opcode >= CLOSE:
            if not final or length > LONGEST_CONTROL:
                raise BadFrame(PROTOCOL_ERROR)
            self.closed = opcode == CLOSE
        else:
            self._message = length + (self._message if opcode == CONTINUATION else 0)
            if self._message > self._most_bytes:
                raise BadFrame(TOO_BIG)
        self._head.clear()
        self._left = length
        self.count += 1


def close_frame(code: int) -> bytes:
    """From the edge to a browser: unmasked, without a reason's text."""
    return bytes((0x80 | CLOSE, 2)) + code.to_bytes(2)
