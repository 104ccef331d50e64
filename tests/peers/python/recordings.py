"""What psrpcore and Python's own XML parser see in the recordings of Windows servers, for comparison with ours.

    recordings.py FOLDER

Prints one JSON document a line: `{"soap": {file, answer, seen}}` for each SOAP answer, and `{"clixml": {file, document,
seen}}` for each object that came over PowerShell remoting, `seen` being its leaves, each with the way to it:
`["", "text"]`, `[".Property[0]{key}", "1"]`, `[".Property/ToString", "shown"]`.
"""

import base64
import collections
import glob
import json
import os
import struct
import sys
import uuid
import xml.etree.ElementTree as ElementTree

import yaml
from psrpcore._crypto import PSRemotingCrypto
from psrpcore.types import PSChar, PSObject, PSVersion, deserialize
from psrpcore.types._base import TypeRegistry

SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
ADDRESSING = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
WSMAN = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
SHELL = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
POWERSHELL = "{http://schemas.microsoft.com/powershell}"
WSMAN_FAULT = "{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}"
REMOTING = "http://schemas.microsoft.com/powershell/"


def as_it_came(_registry, type_names):
    """No class of Python stands in for a type of .NET: what came is what is shown."""
    made = PSObject()
    made.PSObject.type_names = list(type_names)
    return made


TypeRegistry.rehydrate = as_it_came


def streams(envelope):
    """The streams of an answer: the pipeline (or None), base64."""
    for stream in envelope.iter(SHELL + "Stream"):
        yield stream.get("CommandId"), stream.text or ""
    for document in envelope.iter(POWERSHELL + "connectResponseXml"):
        yield None, document.text or ""


def described(envelope):
    header, body = envelope.find(SOAP + "Header"), envelope.find(SOAP + "Body")
    fault = None
    if body.find(SOAP + "Fault") is not None:
        numbers = [int(one.get("Code")) for one in body.iter(WSMAN_FAULT + "WSManFault")]
        fault = numbers[0] if numbers else 0
    return {
        "action": header.findtext(ADDRESSING + "Action"),
        "relates_to": header.findtext(ADDRESSING + "RelatesTo"),
        "fault": fault,
        "streams": [[one.get("CommandId"), one.text or ""] for one in body.iter(SHELL + "Stream")],
        "done": any((state.get("State") or "").endswith("/Done") for state in body.iter(SHELL + "CommandState")),
    }


class Fragments:
    """Puts the messages of one recording together, apart for each pipeline."""

    def __init__(self):
        self.rest = collections.defaultdict(bytearray)
        self.open = collections.defaultdict(bytearray)

    def messages(self, pipeline, data):
        rest = self.rest[pipeline]
        rest += data
        while len(rest) >= 21:
            number, _, flags, length = struct.unpack(">QQBI", rest[:21])
            if len(rest) < 21 + length:
                return
            self.open[pipeline, number] += rest[21 : 21 + length]
            del rest[: 21 + length]
            if flags & 2:
                yield bytes(self.open.pop((pipeline, number)))


def leaves(value, path, found):
    """Every text, number, truth value and identifier in a value, with the way to it."""
    if value is None:
        return
    meta = getattr(value, "PSObject", None)
    if isinstance(value, bool):
        found.append([path, str(value).lower()])
    elif isinstance(value, PSChar):
        found.append([path, str(ord(value) if isinstance(value, str) else int(value))])
    elif isinstance(value, (str, PSVersion)):
        found.append([path, str(value)])
    elif isinstance(value, uuid.UUID):
        found.append([path, str(value).lower()])
    elif isinstance(value, int):
        found.append([path, str(int(value))])
    elif isinstance(value, (bytes, bytearray)):
        found.append([path, base64.b64encode(bytes(value)).decode()])
    elif isinstance(value, dict):
        for key, one in value.items():
            leaves(one, f"{path}{{{key}}}", found)
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            leaves(one, f"{path}[{index}]", found)
    if meta is None:
        return
    if meta._to_string is not None:
        found.append([path + "/ToString", str(meta._to_string)])
    for one in list(meta.adapted_properties) + list(meta.extended_properties):
        leaves(one.get_value(value), f"{path}.{one.name}", found)


def objects(messages):
    """The documents among the messages, as psrpcore reads them."""
    cipher = PSRemotingCrypto()
    for message in messages:
        document = message[40:].removeprefix(b"\xef\xbb\xbf")
        if not document:
            continue
        found = []
        leaves(deserialize(ElementTree.fromstring(document), cipher=cipher), "", found)
        yield document, found


def main():
    folder = sys.argv[1]
    for path in sorted(glob.glob(os.path.join(folder, "*.yml"))):
        with open(path, "rb") as file:
            recording = yaml.safe_load(file)
        name, fragments = os.path.basename(path), Fragments()
        for exchange in recording["messages"]:
            answer = exchange.get("response")
            if not answer or not answer.lstrip().startswith("<"):
                continue  # the template, and a request that was refused with an empty body
            envelope = ElementTree.fromstring(answer)
            print(json.dumps({"soap": {"file": name, "answer": answer, "seen": described(envelope)}}))
            asked = ElementTree.fromstring(exchange["request"]).iter(WSMAN + "ResourceURI")
            if not any((one.text or "").startswith(REMOTING) for one in asked):
                continue
            for pipeline, data in streams(envelope):
                if pipeline is None and envelope.find(f".//{POWERSHELL}connectResponseXml") is not None:
                    # Numbered apart from what the pool says otherwise.
                    messages = Fragments().messages("connect", base64.b64decode(data))
                else:
                    messages = fragments.messages(pipeline, base64.b64decode(data))
                for document, found in objects(messages):
                    told = {"file": name, "document": document.decode(), "seen": found}
                    print(json.dumps({"clixml": told}))


if __name__ == "__main__":
    main()
