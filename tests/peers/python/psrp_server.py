"""A PowerShell remoting endpoint over HTTP or HTTPS, as Exchange has one at /PowerShell/.

    psrp_server.py --answers http://127.0.0.1:PORT/ --user U --password P [--certificate PEM --key PEM]

What a cmdlet does is asked of the test process. Prints one line of JSON with its port when it listens. Then each line
of JSON on its input is an order, answered by one line: `{"faults": […]}`, `{"options": {…}}`, `{"vanish": true}`,
`{"state": true}`. Ends when its input ends.
"""

import argparse
import base64
import gzip
import http.server
import json
import socket
import ssl
import sys
import threading
import time

from psrp import soap
from psrp.faults import Faults
from psrp.pipelines import Answers
from psrp.service import Cut, Service

ENVELOPE_MAX = 512_000
CHALLENGES = ("Negotiate", 'Basic realm="ex01.contoso.lab"')


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return self.server.options.get("date") or super().date_time_string(timestamp)

    def do_GET(self):
        self.page(405, "405 - HTTP verb used to access this page is not allowed.")

    def do_POST(self):
        try:
            self.answered()
        except Cut:
            self.cut()
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def answered(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        service, options = self.server.service, self.server.options
        if self.path.partition("?")[0].rstrip("/").lower() != "/powershell":
            return self.page(404, "404 - File or directory not found.")
        act = service.faults.due("Request") or {}
        if self.disturbed(act):
            return None
        if not self.signed_in():
            return self.refused(True)
        if "gzip" in (self.headers.get("Accept-Encoding") or ""):
            service.problems.append("compression was asked for")
        if not (self.headers.get("Content-Type") or "").lower().startswith("application/soap+xml"):
            service.problems.append(f"the content type is {self.headers.get('Content-Type')}")
        message, action = "uuid:00000000-0000-0000-0000-000000000000", "Unknown"
        try:
            if length > ENVELOPE_MAX:
                service.problems.append(f"an envelope of {length} bytes")
                raise soap.Fault("too_long")
            asked = soap.Asked(body)
            message, action = asked.message, asked.action
            act = service.faults.due(action) or {}
            if act.get("vanish"):
                service.vanish(asked.shell)
            if self.disturbed(act):
                return None
            if act.get("fault"):
                raise soap.Fault(act["fault"])
            inside = service.handle(asked)
            if action == "Receive" and "<rsp:Stream" in inside:
                named = service.faults.due("Answer" if "CommandId=" in inside else "Open")
                act = named or act
            made, status = soap.answer(action, message, inside), 200
        except soap.Fault as fault:
            made, status = soap.fault(fault.name, message, options.get("german")), 500
        if act.get("cut_after"):
            raise Cut()
        if act.get("vanish_after"):
            service.vanish()
        self.reply(status, "application/soap+xml;charset=UTF-8", made, act)
        return None

    def disturbed(self, act):
        """Acts that take the place of the service's own answer."""
        if act.get("delay_ms"):
            time.sleep(act["delay_ms"] / 1000)
        if act.get("cut_before"):
            raise Cut()
        if "html" in act:
            self.page(act["html"], f"{act['html']} - IIS says something.")
        elif "garbage" in act:
            self.reply(200, act.get("type", "application/soap+xml;charset=UTF-8"), act["garbage"].encode(), {})
        elif act.get("unauthorised"):
            self.refused(False)
        elif act.get("empty"):
            self.reply(act["empty"], None, b"", {})
        else:
            return False
        return True

    def signed_in(self):
        given = self.headers.get("Authorization") or ""
        wanted = f"{self.server.user}:{self.server.password}"
        # Clients disagree about the encoding, and so do servers.
        return given in ["Basic " + base64.b64encode(wanted.encode(kind)).decode() for kind in ("utf-8", "latin-1")]

    def refused(self, with_challenge):
        self.send_response(401)
        for challenge in self.server.options.get("challenges", CHALLENGES) if with_challenge else ():
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def page(self, status, title):
        body = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        self.reply(status, "text/html", body.encode(), {})

    def reply(self, status, kind, body, act):
        if act.get("gzip"):
            body = gzip.compress(body)
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        if act.get("gzip"):
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if act.get("cut_middle"):
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            raise Cut()
        self.wfile.write(body)

    def cut(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # a client that hangs up in the middle is what some tests do


def ordered(order, server):
    service = server.service
    if "faults" in order:
        service.faults.set(order["faults"])
    if "options" in order:
        server.options.clear()
        server.options.update(order["options"])
    if order.get("vanish"):
        service.vanish()
    return service.state()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    given = parser.parse_args()
    server = Server(("127.0.0.1", 0), Handler)
    server.options = {}
    server.user, server.password = given.user, given.password
    server.service = Service(Answers(given.answers), Faults(), server.options)
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate, given.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    for line in sys.stdin:
        print(json.dumps(ordered(json.loads(line), server)), flush=True)


if __name__ == "__main__":
    main()
