"""receiver - a webhook's other end, for tests.

usage: receiver.py FOLDER [--tls FOLDER] SECRET...

--tls: with the key and certificate that are made in that folder by openssl.

Writes its port to FOLDER/port, and a line of JSON for each request to FOLDER/got: what came, and
whether each of the secrets (as raw text, or whsec_ and base64) has signed it. What it answers is
told by the path:

  /ok        200
  /twice     500 for the first two tries of a message, then 204
  /gone      410
  /redirect  302 to /ok
  /hang      reads, and never answers
  /close     closes without an answer
  /endless   200, and a body that does not end
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time

folder, secrets = sys.argv[1], sys.argv[2:]
tls = None
if secrets[0] == "--tls":
    tls, secrets = secrets[1], secrets[2:]
tries = {}
lock = threading.Lock()


def key_of(secret):
    return base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()


def signed_by(headers, body):
    what = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    given = (headers["webhook-signature"] or "").split(" ")
    found = []
    for secret in secrets:
        mac = hmac.new(key_of(secret), what, hashlib.sha256).digest()
        found.append("v1," + base64.b64encode(mac).decode() in given)
    return found


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def stream(self):
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"2000\r\n" + b"x" * 8192 + b"\r\n")
        except OSError:
            self.close_connection = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        message = self.headers["webhook-id"]
        with lock:
            tries[message] = tries.get(message, 0) + 1
            count = tries[message]
            with open(f"{folder}/got", "a", encoding="utf-8") as got:
                got.write(json.dumps({
                    "path": self.path, "id": message, "try": count, "at": time.time(),
                    "timestamp": int(self.headers["webhook-timestamp"]),
                    "type": self.headers["content-type"],
                    "signed": signed_by(self.headers, body), "body": json.loads(body),
                }) + "\n")
        if self.path == "/twice":
            self.answer(204 if count > 2 else 500)
        elif self.path == "/gone":
            self.answer(410)
        elif self.path == "/redirect":
            self.answer(302, [("location", "/ok")])
        elif self.path == "/hang":
            time.sleep(3600)
        elif self.path == "/close":
            self.close_connection = True
        elif self.path == "/endless":
            self.stream()
        else:
            self.answer(200)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
if tls:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", f"{tls}/key", "-out", f"{tls}/certificate"],
                   check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{tls}/certificate", f"{tls}/key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(f"{folder}/port.new", "w", encoding="utf-8") as port:
    port.write(str(server.server_address[1]))
os.rename(f"{folder}/port.new", f"{folder}/port")
server.serve_forever()
