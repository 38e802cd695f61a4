"""A client that costs little: raw sockets, requests prepared beforehand. Prints each request's time, in nanoseconds."""

from __future__ import annotations

import socket
import sys
import threading
import time

REQUEST = (
    b"POST /predict_json HTTP/1.1\r\nHost: benchmark\r\nContent-Type: application/json\r\n"
    b"Content-Length: 14\r\n\r\n[6, 250, 66.5]"
)


def ask(port: int, until: float, times: list[int]) -> None:
    """Ask on one connection until then. A reply other than 200 ends the benchmark."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < until:
            start = time.perf_counter_ns()
            connection.sendall(REQUEST)
            reply = connection.recv(8192)
            head, _, body = reply.partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            while len(body) < length:
                body += connection.recv(8192)
            times.append(time.perf_counter_ns() - start)
            if not head.startswith(b"HTTP/1.1 200"):
                sys.exit(reply.decode())


def main(port: int, connections: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    times: list[list[int]] = [[] for _ in range(connections)]
    threads = [threading.Thread(target=ask, args=(port, until, one)) for one in times]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("\n".join(str(value) for one in times for value in one))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
