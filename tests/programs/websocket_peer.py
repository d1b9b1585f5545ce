"""The `websockets` package of PyPI as the other end: a server for the module's client, a client for a host's server."""

import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve


def server():
    def talk(connection):
        print("path", connection.request.path, connection.request.headers.get("X-Test", "-"), flush=True)
        connection.send("welcome")
        connection.send([b"frag", b"ments"])
        try:
            for message in connection:
                print("got", ascii(message), flush=True)
                if message == "close":
                    connection.close(4001, "enough")
                    break
                connection.send(message)
        except ConnectionClosed as end:
            print("closed", end, flush=True)
        print("over", flush=True)

    with serve(talk, "127.0.0.1", 0, ping_interval=None, compression=None) as peer:
        print("port", peer.socket.getsockname()[1], flush=True)
        peer.serve_forever()


def client(port):
    with connect(f"ws://127.0.0.1:{port}/room", subprotocols=["chat"], ping_interval=None) as peer:
        print("protocol", peer.subprotocol, flush=True)
        assert peer.recv() == "welcome"
        for message in ("hello", b"\x00\x01", "x" * 70000, ["two ", "parts"]):
            peer.send(message)
            expected = "".join(message) if isinstance(message, list) else message
            assert peer.recv() == expected, "the echo differs"
        assert peer.ping().wait(30), "no pong"
        print("echoed", flush=True)
        try:
            peer.recv()
        except ConnectionClosed as end:
            print("closed", end.rcvd.code, end.rcvd.reason, flush=True)


server() if sys.argv[1] == "server" else client(int(sys.argv[2]))
