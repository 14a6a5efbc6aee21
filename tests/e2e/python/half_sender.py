"""Clients that send half of a message and then nothing."""

import socket
import struct

CONNECT_SECONDS = 60
MESSAGE_BYTES = 4 << 20
SENT_BYTES = MESSAGE_BYTES // 2

# Frames of HTTP/2, RFC 9113.
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK, END_STREAM, END_HEADERS = 1, 1, 4
INITIAL_WINDOW_SIZE = 4


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def header_block(fields):
    """HPACK without compression or index."""
    return b"".join(b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value for name, value in fields)


class HalfSender:
    """A connection with one Classify call that sends half of its message, as far as the server's windows allow."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), CONNECT_SECONDS)
        self.socket.setblocking(False)
        self.windows = {0: 65535, 1: 65535}
        self.stream_window = 65535
        self.left = SENT_BYTES
        self.refused = False
        self.inbox = b""
        self.outbox = (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS) +
                       frame(HEADERS, END_HEADERS, 1, header_block([
                           (b":method", b"POST"), (b":scheme", b"http"), (b":authority", b"test"),
                           (b":path", b"/edgenext.v1.Classifier/Classify"),
                           (b"content-type", b"application/grpc"), (b"te", b"trailers")])))
        self.prefix = b"\0" + struct.pack(">I", MESSAGE_BYTES)

    @property
    def settled(self):
        return self.refused or (self.left == 0 and not self.outbox)

    def pump(self):
        """Reads and writes what is possible now."""
        try:
            while chunk := self.socket.recv(1 << 16):
                self.inbox += chunk
        except BlockingIOError:
            pass
        self._take_frames()
        self._add_data()
        try:
            self.outbox = self.outbox[self.socket.send(self.outbox):] if self.outbox else b""
        except BlockingIOError:
            pass

    def _take_frames(self):
        while len(self.inbox) >= 9:
            length = int.from_bytes(self.inbox[:3], "big")
            if len(self.inbox) < 9 + length:
                return
            kind, flags, stream = self.inbox[3], self.inbox[4], int.from_bytes(self.inbox[5:9], "big")
            payload, self.inbox = self.inbox[9:9 + length], self.inbox[9 + length:]
            if kind == SETTINGS and not flags & ACK:
                for name, value in struct.iter_unpack(">HI", payload):
                    if name == INITIAL_WINDOW_SIZE:
                        self.windows[1] += value - self.stream_window
                        self.stream_window = value
                self.outbox += frame(SETTINGS, ACK)
            elif kind == PING and not flags & ACK:
                self.outbox += frame(PING, ACK, 0, payload)
            elif kind == WINDOW_UPDATE:
                self.windows[stream] += int.from_bytes(payload, "big")
            elif kind in (RST_STREAM, GOAWAY) or (kind == HEADERS and flags & END_STREAM):
                self.refused = True

    def _add_data(self):
        while not self.refused and not self.outbox and self.left > 0:
            size = min(self.left, self.windows[0], self.windows[1], 16384)
            if size <= len(self.prefix):
                return
            self.outbox += frame(DATA, 0, 1, self.prefix + bytes(size - len(self.prefix)))
            self.prefix = b""
            self.left -= size
            for stream in self.windows:
                self.windows[stream] -= size
