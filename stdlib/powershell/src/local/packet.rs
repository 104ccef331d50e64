//! The lines that a PowerShell server process speaks on its standard streams.
//!
//! Source: MS-PSRP has no word on it; PowerShell's own `OutOfProcTransportManager.cs` has. One element a line, each
//! with the id of the pipeline it is for, or the nil id for the pool; each is answered by an element named `…Ack`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Packet {
    Data { id: Uuid, bytes: Vec<u8> },
    Acknowledged(What, Uuid),
}

/// What can be asked of the process, and is acknowledged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Data,
    /// Make room for a pipeline.
    Command,
    /// Stop a pipeline.
    Signal,
    /// Forget a pipeline, or end the whole.
    Close,
}

/// One line with fragments for a pipeline, or for the pool.
pub(super) fn data(id: Uuid, bytes: &[u8]) -> String {
    format!("<Data Stream='Default' PSGuid='{id}'>{}</Data>\n", STANDARD.encode(bytes))
}

/// One line that asks for anything but taking data.
pub(super) fn ask(what: What, id: Uuid) -> String {
    let name = match what {
        What::Data => "Data",
        What::Command => "Command",
        What::Signal => "Signal",
        What::Close => "Close",
    };
    format!("<{name} PSGuid='{id}' />\n")
}

/// A line of the process; `None` for what is none of the protocol's: words of profiles and native programs.
pub(super) fn parse(line: &[u8]) -> Option<Packet> {
    let text = std::str::from_utf8(line).ok()?.trim_start_matches('\u{feff}').trim();
    if !text.starts_with('<') {
        return None;
    }
    let mut xml = Reader::from_str(text);
    let (start, empty) = match xml.read_event().ok()? {
        Event::Start(start) => (start, false),
        Event::Empty(start) => (start, true),
        _ => return None,
    };
    let id = id(&start)?;
    let what = match start.name().as_ref() {
        "Data" if empty => return Some(Packet::Data { id, bytes: Vec::new() }),
        "Data" => {
            let Event::Text(body) = xml.read_event().ok()? else { return None };
            let Event::End(_) = xml.read_event().ok()? else { return None };
            let bytes = STANDARD.decode(body.trim()).ok()?;
            return Some(Packet::Data { id, bytes });
        }
        "DataAck" => What::Data,
        "CommandAck" => What::Command,
        "SignalAck" => What::Signal,
        "CloseAck" => What::Close,
        _ => return None,
    };
    Some(Packet::Acknowledged(what, id))
}

fn id(start: &BytesStart<'_>) -> Option<Uuid> {
    let attribute = start.attributes().flatten().find(|one| one.key.as_ref() == "PSGuid")?;
    Uuid::parse_str(&attribute.value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Uuid = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);

    #[test]
    fn lines() {
        for (line, expected) in [
            (
                "<DataAck PSGuid='00112233-4455-6677-8899-AABBCCDDEEFF' />\r",
                Some(Packet::Acknowledged(What::Data, ID)),
            ),
            (
                "<CloseAck PSGuid=\"00112233-4455-6677-8899-aabbccddeeff\"></CloseAck>",
                Some(Packet::Acknowledged(What::Close, ID)),
            ),
            (
                "\u{feff}<SignalAck PSGuid='00112233-4455-6677-8899-aabbccddeeff'/>",
                Some(Packet::Acknowledged(What::Signal, ID)),
            ),
            (
                "<Data Stream='Default' PSGuid='00112233-4455-6677-8899-aabbccddeeff'>AQI=</Data>",
                Some(Packet::Data { id: ID, bytes: vec![1, 2] }),
            ),
            (
                "<Data Stream='Default' PSGuid='00112233-4455-6677-8899-aabbccddeeff' />",
                Some(Packet::Data { id: ID, bytes: vec![] }),
            ),
            ("<Data Stream='Default' PSGuid='00112233-4455-6677-8899-aabbccddeeff'>A", None),
            ("<Data Stream='Default' PSGuid='00112233-4455-6677-8899-aabbccddeeff'>***</Data>", None),
            ("<Data Stream='Default' PSGuid='x'>AQI=</Data>", None),
            ("<Surprise PSGuid='00112233-4455-6677-8899-aabbccddeeff'/>", None),
            ("<", None),
            ("Loading personal and system profiles took 500ms.", None),
            ("", None),
        ] {
            assert_eq!(parse(line.as_bytes()), expected, "{line}");
        }
        assert_eq!(parse(b"<DataAck \xff"), None);
        assert_eq!(parse(data(ID, &[1, 2]).as_bytes()), Some(Packet::Data { id: ID, bytes: vec![1, 2] }));
        assert_eq!(ask(What::Close, ID), "<Close PSGuid='00112233-4455-6677-8899-aabbccddeeff' />\n");
    }
}
