"""WS-Management envelopes: what a request asks, and answers and faults as Windows words them."""

import re
import uuid
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
ADDRESSING = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
WSMAN = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
SHELL = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
POWERSHELL = "{http://schemas.microsoft.com/powershell}"

NAMESPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer" '
    'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
    'xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell" '
    'xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"'
)
DONE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done"

# Subcode, number, English text; the German one is what a server of that language would say.
FAULTS = {
    "timed_out": ("w:TimedOut", 2150858793, "The WS-Management service cannot complete the operation within the time specified in OperationTimeout."),
    "no_shell": ("w:InvalidSelectors", 2150858843, "The WS-Management service cannot process the request because the request contained invalid selectors for the resource."),
    "quota": ("w:QuotaLimit", 2150859173, "The WS-Management service cannot process the request. This user is allowed a maximum number of 18 concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user."),
    "resource": ("a:DestinationUnreachable", 2150858811, "The WS-Management service cannot process the request. The resource URI does not exist in the WS-Management catalog."),
    "too_long": ("w:EncodingLimit", 2150859025, "The request size exceeded the configured MaxEnvelopeSize quota."),
    "denied": ("w:AccessDenied", 5, "Access is denied."),
    "busy": ("a:EndpointUnavailable", 2150858772, "The WS-Management service cannot process the request. The service is restarting."),
    "malformed": ("a:InvalidMessageInformationHeader", 2150858767, "The request contains one or more invalid SOAP headers."),
}
GERMAN = "Der WS-Verwaltungsdienst kann die Anforderung nicht verarbeiten (\u00e4\u00f6\u00fc\u00df)."


class Fault(Exception):
    """The request is answered with a SOAP fault."""

    def __init__(self, name):
        super().__init__(name)
        self.name = name


class Asked:
    """A request, understood."""

    def __init__(self, body):
        try:
            root = ElementTree.fromstring(body)
        except ElementTree.ParseError as error:
            raise Fault("malformed") from error
        header = root.find(SOAP + "Header")
        self.body = root.find(SOAP + "Body")
        if header is None or self.body is None:
            raise Fault("malformed")
        self.action = text(header, ADDRESSING + "Action").rpartition("/")[2]
        self.message = text(header, ADDRESSING + "MessageID")
        self.resource = text(header, WSMAN + "ResourceURI")
        self.timeout_s = seconds(text(header, WSMAN + "OperationTimeout"))
        self.shell = ""
        for selector in header.iter(WSMAN + "Selector"):
            if selector.get("Name") == "ShellId":
                self.shell = (selector.text or "").strip()
        if not self.action or not self.message.startswith("uuid:"):
            raise Fault("malformed")

    def inside(self, tag):
        return self.body.find(SHELL + tag)


def text(element, tag):
    found = element.find(tag)
    return "" if found is None else (found.text or "").strip()


def seconds(duration):
    """`PT20S`, `PT20.000S`; a minute where nothing is said."""
    if not duration:
        return 60.0
    match = re.fullmatch(r"PT(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?", duration)
    if match is None:
        raise Fault("malformed")
    return int(match[1] or 0) * 60 + float(match[2] or 0)


def answer(action, relates_to, body):
    base = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
    if action not in ("Create", "Delete"):
        base = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/"
    return envelope(f"{base}{action}Response", relates_to, body)


def fault(name, relates_to, german):
    subcode, number, english = FAULTS[name]
    reason, language = (GERMAN, "de-DE") if german else (english, "en-US")
    role = "s:Receiver" if name in ("timed_out", "busy") else "s:Sender"
    body = (
        f"<s:Fault><s:Code><s:Value>{role}</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="{language}">{escape(reason)} </s:Text></s:Reason><s:Detail>'
        '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" '
        f'Code="{number}" Machine="ex01.contoso.lab"><f:Message>{escape(reason)} </f:Message></f:WSManFault>'
        "</s:Detail></s:Fault>"
    )
    return envelope("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", relates_to, body)


def envelope(action, relates_to, body):
    return (
        f'<s:Envelope xml:lang="en-US" {NAMESPACES}><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
