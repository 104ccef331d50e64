"""The WS-Management service: shells with a runspace pool each, a quota, an idle time-out."""

import base64
import threading
import time
import uuid

from psrp import soap
from psrp.pipelines import Pool
from psrp.soap import Fault

EXCHANGE = "http://schemas.microsoft.com/powershell/Microsoft.Exchange"


class Cut(Exception):
    """The connection ends without an answer."""


class Shell:
    def __init__(self, name, pool):
        self.name = name
        self.pool = pool
        self.used = time.monotonic()
        # By pipeline: the last Receive that was answered and its answer, because a client may ask for it again.
        self.last = {}


class Service:
    def __init__(self, answers, faults, options):
        self.answers = answers
        self.faults = faults
        self.options = options
        self.lock = threading.Lock()
        self.shells = {}
        self.messages = set()
        self.problems = []
        self.opened = 0
        self.closed = 0

    def state(self):
        with self.lock:
            return {
                "shells": len(self.shells),
                "opened": self.opened,
                "closed": self.closed,
                "problems": list(self.problems),
                "counts": dict(self.faults.counts),
                "fired": self.faults.fired,
            }

    def handle(self, asked):
        """The body of the answer to a request."""
        if asked.resource != self.options.get("resource", EXCHANGE):
            raise Fault("resource")
        if asked.action in ("Create", "Command", "Send"):
            with self.lock:
                if asked.message in self.messages:
                    self.problems.append(f"a {asked.action} was sent twice with {asked.message}")
                self.messages.add(asked.message)
        handler = {
            "Create": self.create,
            "Command": self.command,
            "Send": self.send,
            "Receive": self.receive,
            "Signal": self.signal,
            "Delete": self.delete,
        }.get(asked.action)
        if handler is None:
            raise Fault("malformed")
        return handler(asked)

    def shell(self, asked):
        with self.lock:
            idle = self.options.get("idle_s")
            found = self.shells.get(asked.shell.upper())
            if found is not None and idle is not None and time.monotonic() - found.used > idle:
                del self.shells[asked.shell.upper()]
                found = None
            if found is None:
                raise Fault("no_shell")
            found.used = time.monotonic()
            return found

    def vanish(self, name=None):
        """All shells (or one) are gone, as after a restart."""
        with self.lock:
            if name is None:
                self.shells.clear()
            else:
                self.shells.pop(name.upper(), None)

    def create(self, asked):
        element = asked.inside("Shell")
        creation = None if element is None else element.find(soap.POWERSHELL + "creationXml")
        if creation is None:
            raise Fault("malformed")
        wanted = element.get("ShellId") or str(uuid.uuid4())
        name = str(uuid.uuid4()) if self.options.get("own_shell_id") else wanted
        name = name.upper()
        pool = Pool(self.answers, self.faults, self.options, self.problems)
        with self.lock:
            if len(self.shells) >= self.options.get("quota", 18):
                raise Fault("quota")
            self.shells[name] = Shell(name, pool)
            self.opened += 1
        pool.feed(base64.b64decode(creation.text or ""))
        uri = self.options.get("resource", EXCHANGE)
        return (
            f"<x:ResourceCreated><a:Address>https://ex01.contoso.lab/PowerShell/</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{uri}</w:ResourceURI><w:SelectorSet><w:Selector Name=\"ShellId\">{name}</w:Selector>"
            "</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
            f"<rsp:Shell><rsp:ShellId>{name}</rsp:ShellId><rsp:ResourceUri>{uri}</rsp:ResourceUri>"
            "<rsp:Owner>CONTOSO\\admin</rsp:Owner><rsp:IdleTimeOut>PT900.000S</rsp:IdleTimeOut>"
            "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams>"
            "<rsp:State>Connected</rsp:State></rsp:Shell>"
        )

    def command(self, asked):
        shell = self.shell(asked)
        line = asked.inside("CommandLine")
        arguments = None if line is None else line.find(soap.SHELL + "Arguments")
        if arguments is None:
            raise Fault("malformed")
        name = uuid.UUID(line.get("CommandId") or str(uuid.uuid4()))
        with shell.pool.lock:
            if name in shell.pool.ready:
                self.problems.append(f"the pipeline {name} was begun twice")
            shell.pool.create_pipeline(name)
            shell.pool.feed(base64.b64decode(arguments.text or ""))
        return f"<rsp:CommandResponse><rsp:CommandId>{str(name).upper()}</rsp:CommandId></rsp:CommandResponse>"

    def send(self, asked):
        shell = self.shell(asked)
        element = asked.inside("Send")
        if element is None:
            raise Fault("malformed")
        for stream in element.iter(soap.SHELL + "Stream"):
            shell.pool.feed(base64.b64decode(stream.text or ""))
        return "<rsp:SendResponse/>"

    def receive(self, asked):
        shell = self.shell(asked)
        element = asked.inside("Receive")
        desired = None if element is None else element.find(soap.SHELL + "DesiredStream")
        if desired is None:
            raise Fault("malformed")
        name = desired.get("CommandId")
        name = uuid.UUID(name) if name else None
        message, body = shell.last.get(name, (None, None))
        if message == asked.message:
            return body
        pool = shell.pool
        with pool.lock:
            if name not in pool.ready:
                raise Fault("no_shell")

            def anything():
                return pool.lost or name not in pool.ready or pool.ready[name] or name in pool.done

            pool.changed.wait_for(anything, min(asked.timeout_s, 60))
            if pool.lost:
                self.vanish(shell.name)
                raise Cut()
            if name not in pool.ready:
                raise Fault("no_shell")
            if not anything():
                raise Fault("timed_out")
            taken, length = [], 0
            ready = pool.ready[name]
            while ready and length + len(ready[0]) <= 300_000:
                taken.append(ready.pop(0))
                length += len(taken[-1])
            ended = name in pool.done and not ready
        attribute = "" if name is None else f' CommandId="{str(name).upper()}"'
        body = "<rsp:ReceiveResponse>"
        for data in taken:
            body += f'<rsp:Stream Name="stdout"{attribute}>{base64.b64encode(data).decode()}</rsp:Stream>'
        if ended and name is not None:
            body += f'<rsp:CommandState{attribute} State="{soap.DONE}"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>'
        body += "</rsp:ReceiveResponse>"
        shell.last[name] = (asked.message, body)
        return body

    def signal(self, asked):
        shell = self.shell(asked)
        element = asked.inside("Signal")
        name = None if element is None else element.get("CommandId")
        if not name:
            raise Fault("malformed")
        code = soap.text(element, soap.SHELL + "Code").rpartition("/")[2].lower()
        name = uuid.UUID(name)
        with shell.pool.lock:
            if name not in shell.pool.ready:
                raise Fault("no_shell")
            # PowerShell's own spelling of the code for Ctrl+C has its letters swapped.
            if code in ("ctrl_c", "crtl_c"):
                shell.pool.stop(name)
            elif code == "terminate":
                shell.pool.stop(name)
                shell.pool.forget(name)
                shell.last.pop(name, None)
            else:
                raise Fault("malformed")
        return "<rsp:SignalResponse/>"

    def delete(self, asked):
        shell = self.shell(asked)
        self.vanish(shell.name)
        with self.lock:
            self.closed += 1
        with shell.pool.lock:
            for name in list(shell.pool.ready):
                if name is not None:
                    shell.pool.stop(name)
                    shell.pool.forget(name)
            shell.pool.changed.notify_all()
        return ""
