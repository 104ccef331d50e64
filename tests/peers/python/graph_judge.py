"""A proxy in front of a (simulated) tenant that judges every request and answer that passes.

    graph_judge.py --description FOLDER --upstream http://HOST:PORT

Prints `{"port": N}` on one line and serves 127.0.0.1:N until its standard input ends. Requests under `/v1.0` are judged
by Microsoft's description of Graph, sign-ins by `sign_in_rules`; whatever passes is sent on as it came. What was
found is told by GET /judge/report and forgotten by POST /judge/reset.
"""

import argparse
import http.client
import json
import re
import socket
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

import sign_in_rules
from graph_description import GUID, VERSION, Description, header

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}
# Exchange's own addresses, which a simulated world serves beside the tenant. They are nobody's concern here.
ELSEWHERE = re.compile(r"/(autodiscover|ews|powershell)(/|$)", re.IGNORECASE)


class Record:
    """What was seen so far. Shared by all connections."""

    def __init__(self):
        self.lock = threading.Lock()
        self.forget()

    def forget(self):
        self.counts = Counter()
        self.operations = Counter()
        self.statuses = Counter()
        self.clients = Counter()
        self.request_violations = []
        self.answer_violations = []
        self.assertion_ids = set()
        self.request_ids = set()

    def report(self):
        return {
            **{name: self.counts[name] for name in ("graph", "batched", "sign_in", "elsewhere", "cut", "answers")},
            "operations": dict(self.operations),
            "statuses": dict(self.statuses),
            "clients": dict(self.clients),
            "request_violations": self.request_violations,
            "answer_violations": self.answer_violations,
        }


class Judge(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120

    def handle_one(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length) if length else b""
        if "chunked" in (self.headers.get("transfer-encoding") or ""):
            body = self.read_chunks()
        target = urlsplit(self.path)
        if target.path == "/judge/report":
            with self.server.record.lock:
                return self.reply(200, [("content-type", "application/json")], json.dumps(self.server.record.report()).encode())
        if target.path == "/judge/reset":
            with self.server.record.lock:
                self.server.record.forget()
            return self.reply(204, [], b"")
        headers = [(name, value) for name, value in self.headers.items()]
        fine = self.judge_request(target, headers, body)
        try:
            status, answer_headers, answer = self.forward(headers, body)
        except (OSError, http.client.HTTPException):
            # The tenant gave no answer, so neither does the judge.
            self.count("cut")
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return None
        if fine:
            self.judge_answer(target, headers, body, status, answer_headers, answer)
        return self.reply(status, answer_headers, answer)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do_HEAD = do_OPTIONS = handle_one

    def judge_request(self, target, headers, body):
        """Notes what is wrong. True where the answer can be judged too."""
        path = unquote(target.path)
        query = parse_qsl(target.query, keep_blank_values=True)
        name = "%s %s" % (self.command, self.path)
        record = self.server.record
        with record.lock:
            if path.startswith(VERSION + "/"):
                record.counts["graph"] += 1
                problems = self.server.description.request_problems(
                    self.command, path[len(VERSION):], query, headers, body
                )
                problems += header_problems(headers, body, record.request_ids)
                record.clients["%s %s" % (client_of(headers), self.command)] += 1
                if path == VERSION + "/$batch":
                    problems += self.batch_problems(body)
                template = self.server.description.operation(self.command, path[len(VERSION):])
                record.operations[(template or {}).get("operationId", "unknown")] += 1
            elif "/oauth2/" in path:
                record.counts["sign_in"] += 1
                base = "http://%s" % self.headers.get("host")
                problems = sign_in_rules.problems(self.command, path, query, headers, body, base, record.assertion_ids)
            elif ELSEWHERE.match(path):
                record.counts["elsewhere"] += 1
                return False
            else:
                record.counts["graph"] += 1
                problems = ["neither Graph %s nor a sign-in" % VERSION]
            record.request_violations += ["%s: %s" % (name, problem) for problem in problems]
        return path.startswith(VERSION + "/") and not problems

    def batch_problems(self, body):
        """Each request in a batch is judged as if it had come alone."""
        try:
            requests = json.loads(body)["requests"]
        except (ValueError, KeyError, TypeError):
            return []
        problems = []
        ids = [one.get("id") for one in requests if isinstance(one, dict)]
        if len(set(ids)) != len(ids):
            problems.append("two requests of a batch with one id")
        for one in requests:
            if not isinstance(one, dict):
                continue
            self.server.record.counts["batched"] += 1
            inner = urlsplit(str(one.get("url")))
            content = json.dumps(one["body"]).encode() if "body" in one else b""
            headers = list((one.get("headers") or {}).items())
            if content and not (header(headers, "content-type") or "").startswith("application/json"):
                problems.append("a body in a batch without its content type")
            problems += [
                "in the batch, %s %s: %s" % (one.get("method"), one.get("url"), problem)
                for problem in self.server.description.request_problems(
                    str(one.get("method")), unquote(inner.path), parse_qsl(inner.query), headers, content
                )
            ]
        return problems

    def judge_answer(self, target, headers, body, status, answer_headers, answer):
        path = unquote(target.path)[len(VERSION):]
        query = parse_qsl(target.query, keep_blank_values=True)
        record = self.server.record
        with record.lock:
            record.counts["answers"] += 1
            record.statuses[str(status)] += 1
            problems = self.server.description.answer_problems(
                self.command, path, query, headers, body, status, answer_headers, answer
            )
            record.answer_violations += ["%s %s: %d: %s" % (self.command, self.path, status, one) for one in problems]

    def forward(self, headers, body):
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=110)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers:
                if name.lower() not in HOP_BY_HOP and name.lower() != "content-length":
                    upstream.putheader(name, value)
            if body or self.command in ("POST", "PATCH", "PUT"):
                upstream.putheader("content-length", str(len(body)))
            upstream.endheaders(body)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def reply(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP and name.lower() != "content-length":
                self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def count(self, name):
        with self.server.record.lock:
            self.server.record.counts[name] += 1

    def log_message(self, *_):
        pass


def header_problems(headers, body, seen):
    """What every request to Graph carries, and what none does."""
    problems = []
    scheme, _, token = (header(headers, "authorization") or "").partition(" ")
    if scheme != "Bearer" or token.count(".") != 2:
        problems.append("no bearer token")
    request_id = header(headers, "client-request-id") or ""
    if not GUID.fullmatch(request_id):
        problems.append("client-request-id is no GUID")
    elif request_id in seen:
        problems.append("client-request-id used before: attempts could not be told apart")
    seen.add(request_id)
    if header(headers, "cookie"):
        problems.append("a cookie")
    if (header(headers, "accept-encoding") or "identity") != "identity":
        problems.append("asks for %s" % header(headers, "accept-encoding"))
    if body and not (header(headers, "content-type") or "").startswith("application/json"):
        problems.append("a body that is not called JSON")
    return problems


def client_of(headers):
    """The application whose token it is."""
    try:
        token = (header(headers, "authorization") or "").split(".")[1]
        return json.loads(sign_in_rules.decoded(token))["appid"]
    except (IndexError, ValueError, KeyError):
        return "nobody"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--description", required=True)
    parser.add_argument("--upstream", required=True)
    arguments = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Judge)
    server.daemon_threads = True
    server.description = Description(arguments.description)
    server.record = Record()
    server.upstream = urlsplit(arguments.upstream).netloc
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    # The one who started the judge holds the other end: when it is gone, so is the judge.
    sys.stdin.read()


if __name__ == "__main__":
    main()
