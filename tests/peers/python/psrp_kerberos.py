"""The PowerShell remoting endpoint behind Kerberos, as Exchange has it: signed in once a connection, then sealed.

    psrp_kerberos.py --answers http://127.0.0.1:PORT/ --user - --password -

KRB5_CONFIG and KRB5_KTNAME name the realm and the service's key. Everything else is as in psrp_server.py; the option
`odd_boundary` writes the boundary with Exchange's space. `problems` also tells of bodies that came unsealed.
"""

import base64
import email.message
import io
import struct

import psrp_server
import spnego

BOUNDARY = b"Encrypted Boundary"
SCHEMES = {"kerberos": b"application/HTTP-Kerberos-session-encrypted", "negotiate": b"application/HTTP-SPNEGO-session-encrypted"}


class Sealed(psrp_server.Handler):
    """One instance serves one connection, so what belongs to a connection is kept here."""

    context = None
    scheme = None

    def do_POST(self):
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        if scheme.lower() in SCHEMES and token:
            return self.step(scheme.lower(), base64.b64decode(token))
        if not self.signed_in():
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return self.refused(True)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            plain = self.opened(body)
        except ValueError as error:
            self.server.service.problems.append(str(error))
            return psrp_server.Handler.page(self, 400, "400 - Bad Request")
        connection, headers = self.rfile, self.headers
        self.rfile, self.headers = io.BytesIO(plain), email.message.Message()
        self.headers["Content-Length"] = str(len(plain))
        self.headers["Content-Type"] = "application/soap+xml;charset=UTF-8"
        self.headers["Accept-Encoding"] = headers.get("Accept-Encoding") or "identity"
        try:
            super().do_POST()
        finally:
            self.rfile, self.headers = connection, headers

    def step(self, scheme, token):
        """One leg of the handshake. What comes with it is not read: it would not be sealed."""
        if self.rfile.read(int(self.headers.get("Content-Length") or 0)):
            self.server.service.problems.append("a body beside a token, unsealed")
        if self.context is None or self.context.complete:
            self.context, self.scheme = spnego.server(protocol=scheme, options=spnego.NegotiateOptions.wrapping_winrm), scheme
        try:
            answer = self.context.step(token)
        except spnego.exceptions.SpnegoError as error:
            self.server.service.problems.append(f"the token was refused: {error}")
            self.context = None
            return self.refused(True)
        self.send_response(200 if self.context.complete else 401)
        if answer:
            self.send_header("WWW-Authenticate", f"{scheme.capitalize()} {base64.b64encode(answer).decode()}")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def signed_in(self):
        return self.context is not None and self.context.complete

    def refused(self, with_challenge):
        self.send_response(401)
        if with_challenge:
            self.send_header("WWW-Authenticate", "Negotiate")
            self.send_header("WWW-Authenticate", "Kerberos")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def opened(self, body):
        kind = self.headers.get("Content-Type") or ""
        if not kind.lower().startswith("multipart/encrypted"):
            raise ValueError(f"not sealed: {kind}")
        if SCHEMES[self.scheme] not in body:
            raise ValueError(f"sealed as something else than {self.scheme}")
        mark = b"Content-Type: application/octet-stream\r\n"
        start, end = body.find(mark), body.rfind(b"--" + BOUNDARY + b"--")
        if start < 0 or end < 0:
            raise ValueError("the parts of the sealed body are not there")
        sealed = body[start + len(mark):end]
        length = struct.unpack("<I", sealed[:4])[0]
        plain = self.context.unwrap_winrm(sealed[4:4 + length], sealed[4 + length:])
        if f"Length={len(plain)}".encode() not in body[:start]:
            raise ValueError("OriginalContent names another length")
        return plain

    def reply(self, status, kind, body, act):
        if not kind or not kind.startswith("application/soap"):
            return super().reply(status, kind, body, act)
        if isinstance(body, str):
            body = body.encode()
        header, data, _ = self.context.wrap_winrm(body)
        line = b"-- " + BOUNDARY if self.server.options.get("odd_boundary") else b"--" + BOUNDARY
        original = b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n" % len(body)
        sealed = line + b"\r\n\tContent-Type: " + SCHEMES[self.scheme] + b"\r\n" + original
        sealed += line + b"\r\n\tContent-Type: application/octet-stream\r\n"
        sealed += struct.pack("<I", len(header)) + header + data + line + b"--\r\n"
        protocol = SCHEMES[self.scheme].decode()
        return super().reply(status, f'multipart/encrypted;protocol="{protocol}";boundary="Encrypted Boundary"', sealed, act)


if __name__ == "__main__":
    psrp_server.Handler = Sealed
    psrp_server.main()
