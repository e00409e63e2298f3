"""Serving: the socket that the API answers on."""

import socket

from app.demo import serving


def test_an_answer_is_sent_at_once():
    """A connection does not hold an answer's second piece back for 40 ms (Nagle's algorithm)."""
    with serving.socket_on("127.0.0.1", 0) as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
