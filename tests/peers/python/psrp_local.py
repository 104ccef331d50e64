"""Stands in for `powershell -s`: the same remoting protocol over standard input and output, psrpcore's again.

    psrp_local.py --answers http://127.0.0.1:PORT/ [--noise] [--chatter] [--refuse] [--die-on CMDLET] [--hang-on CMDLET]
                  [-s -NoLogo -NoProfile …]

--noise   prints lines that are no part of the protocol, as profiles and native programs do
--chatter fills standard error with more than any pipe holds
--refuse  ends at once with a usage message, as a program does that is no PowerShell
--die-on  ends in the middle of a line of the answer of that cmdlet
--hang-on never answers that cmdlet, nor the request to stop it
"""

import argparse
import base64
import os
import sys
import threading
import uuid
import xml.etree.ElementTree as ElementTree

from psrp.faults import Faults
from psrp.pipelines import Answers, Pool

NIL = uuid.UUID(int=0)


class Local:
    def __init__(self, given):
        self.given = given
        self.out = threading.Lock()
        self.problems = []
        self.hanging = threading.Event()
        self.dying = set()
        options = {"scripts": True, "deserialized": True, "fragment": 32768}
        self.pool = Pool(self, Faults(), options, self.problems)
        self.answers = Answers(given.answers)

    def ask(self, cmdlet, parameters, types):
        """Answers, with the accidents that were ordered."""
        if cmdlet == self.given.hang_on:
            self.hanging.set()
            threading.Event().wait()
        play = self.answers.ask(cmdlet, parameters, types)
        if cmdlet == self.given.die_on:
            self.say("<Data Stream='Default' PSGuid='%s'>AAAA" % NIL, end="")
            os._exit(3)
        if play.get("lost"):
            os._exit(4)
        return play

    def say(self, line, end="\n"):
        with self.out:
            if self.given.noise and not end == "":
                sys.stdout.write("WARNING: profile says <hello> & goodbye\n\n")
            sys.stdout.write(line + end)
            sys.stdout.flush()
        if self.given.chatter:
            sys.stderr.write("chatter " * 4096 + "\n")
            sys.stderr.flush()

    def speak(self):
        """Writes whatever the pool has to say, as long as the process lives."""
        pool = self.pool
        while True:
            with pool.lock:
                pool.changed.wait_for(lambda: any(pool.ready.values()))
                said = [(name, data) for name, queue in pool.ready.items() for data in queue]
                for queue in pool.ready.values():
                    queue.clear()
            for name, data in said:
                text = base64.b64encode(data).decode()
                self.say(f"<Data Stream='Default' PSGuid='{name or NIL}'>{text}</Data>")

    def heard(self, line):
        element = ElementTree.fromstring(line)
        name = uuid.UUID(element.get("PSGuid"))
        if self.hanging.is_set() and element.tag in ("Signal", "Close"):
            return True
        if element.tag == "Data":
            # The acknowledgement comes first: the answer may come from another thread at once.
            self.say(f"<DataAck PSGuid='{name}' />")
            self.pool.feed(base64.b64decode(element.text or ""))
        elif element.tag == "Command":
            with self.pool.lock:
                self.pool.create_pipeline(name)
            self.say(f"<CommandAck PSGuid='{name}' />")
        elif element.tag == "Signal":
            self.pool.stop(name)
            self.say(f"<SignalAck PSGuid='{name}' />")
        elif element.tag == "Close":
            self.pool.forget(name)
            self.say(f"<CloseAck PSGuid='{name}' />")
            return name != NIL
        else:
            sys.stderr.write(f"cannot understand {line!r}\n")
            os._exit(5)
        return True


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--answers", required=True)
    parser.add_argument("--noise", action="store_true")
    parser.add_argument("--chatter", action="store_true")
    parser.add_argument("--refuse", action="store_true")
    parser.add_argument("--die-on")
    parser.add_argument("--hang-on")
    given, rest = parser.parse_known_args()
    if given.refuse or "-s" not in rest:
        print("unknown option; try --help")
        sys.stderr.write("psrp_local: this is no PowerShell\n")
        sys.exit(64)
    local = Local(given)
    threading.Thread(target=local.speak, daemon=True).start()
    for line in sys.stdin:
        if line.strip() and not local.heard(line):
            break


if __name__ == "__main__":
    main()
