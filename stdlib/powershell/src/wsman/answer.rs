//! Answers: what a server said, from the bytes of an envelope.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use uuid::Uuid;

use super::element::{self, Element, ParseError};
use super::fault::{self, Fault};

/// White space is taken out before; a missing padding is forgiven.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The message that it answers, where it says so.
    pub relates_to: Option<Uuid>,
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A shell was made and is addressed with these selectors; `ShellId` is among them.
    Created {
        selectors: Vec<(String, String)>,
    },
    Received {
        streams: Vec<Stream>,
        state: Option<(Option<Uuid>, CommandState)>,
    },
    Fault(Fault),
    /// Any other answer: what was asked was done. The name is that of the element in the body, empty when there is none.
    Done {
        name: String,
    },
}

/// A piece of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    pub name: String,
    pub pipeline: Option<Uuid>,
    pub bytes: Vec<u8>,
    /// The stream has no more.
    pub end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandState {
    Pending,
    Running,
    Done,
}

/// Reads an answer.
pub fn parse(bytes: &[u8]) -> Result<Answer, ParseError> {
    let root = element::parse(bytes)?;
    if root.name != "Envelope" {
        return Err(ParseError::Shape(format!("it begins with '{}'", shown(&root.name))));
    }
    let body = root.child("Body").ok_or_else(|| ParseError::Shape("it has no body".into()))?;
    let relates_to = root.find(&["Header", "RelatesTo"]).and_then(|element| id(&element.text));
    Ok(Answer { relates_to, body: body_of(body)? })
}

fn body_of(body: &Element) -> Result<Body, ParseError> {
    if let Some(element) = body.child("Fault") {
        return Ok(Body::Fault(fault::read(element)));
    }
    if let Some(element) = body.child("ReceiveResponse") {
        return received(element);
    }
    if let Some(created) = body.child("ResourceCreated") {
        let set = created
            .find(&["ReferenceParameters", "SelectorSet"])
            .ok_or_else(|| ParseError::Shape("the new shell has no selectors".into()))?;
        let selectors = set
            .children
            .iter()
            .filter(|selector| selector.name == "Selector")
            .map(|selector| {
                (selector.attribute("Name").unwrap_or_default().to_owned(), selector.text.trim().to_owned())
            })
            .collect::<Vec<_>>();
        if !selectors.iter().any(|(name, value)| name.eq_ignore_ascii_case("ShellId") && !value.is_empty()) {
            return Err(ParseError::Shape("the new shell has no ShellId".into()));
        }
        return Ok(Body::Created { selectors });
    }
    Ok(Body::Done { name: body.children.first().map(|child| child.name.clone()).unwrap_or_default() })
}

fn received(response: &Element) -> Result<Body, ParseError> {
    let mut streams = Vec::new();
    let mut state = None;
    for child in &response.children {
        match child.name.as_str() {
            "Stream" => {
                let mut text = child.text.clone();
                text.retain(|character| !character.is_ascii_whitespace());
                let bytes = BASE64
                    .decode(&text)
                    .map_err(|error| ParseError::Shape(format!("a stream that is no base64: {error}")))?;
                streams.push(Stream {
                    name: child.attribute("Name").unwrap_or_default().to_owned(),
                    pipeline: child.attribute("CommandId").and_then(id),
                    bytes,
                    end: child.attribute("End").is_some_and(|value| value.eq_ignore_ascii_case("true")),
                });
            }
            "CommandState" => {
                let uri = child.attribute("State").unwrap_or_default();
                let kind = match uri.rsplit('/').next().unwrap_or_default() {
                    "Done" => CommandState::Done,
                    "Running" => CommandState::Running,
                    "Pending" => CommandState::Pending,
                    _ => return Err(ParseError::Shape(format!("an unknown state '{}'", shown(uri)))),
                };
                state = Some((child.attribute("CommandId").and_then(id), kind));
            }
            _ => {}
        }
    }
    Ok(Body::Received { streams, state })
}

/// `uuid:…`, `urn:uuid:…`, or the bare id.
fn id(text: &str) -> Option<Uuid> {
    let text = text.trim();
    let bare = text.rsplit(':').next().unwrap_or_default();
    Uuid::parse_str(bare).ok()
}

fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPELINE: Uuid = Uuid::from_u128(0x17F8_50F9_52AA_477F_B6EE_868C_72E7_AB70);

    fn envelope(body: &str) -> Vec<u8> {
        format!(
            "<s:Envelope xmlns:s='s' xmlns:a='a' xmlns:r='r' xmlns:w='w'><s:Header><a:RelatesTo>uuid:17f850f9-52aa-477f-b6ee-868c72e7ab70\
             </a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
        .into_bytes()
    }

    #[test]
    fn a_new_shell_brings_its_selectors() {
        let created = |selectors: &str| {
            parse(&envelope(&format!(
                "<x:ResourceCreated xmlns:x='x'><a:ReferenceParameters><w:SelectorSet>{selectors}</w:SelectorSet>\
                 </a:ReferenceParameters></x:ResourceCreated>"
            )))
        };
        let answer = created("<w:Selector Name='ShellId'>ABC</w:Selector>").unwrap();
        assert_eq!(answer.relates_to, Some(PIPELINE));
        assert_eq!(answer.body, Body::Created { selectors: vec![("ShellId".into(), "ABC".into())] });
        assert!(created("<w:Selector Name='Other'>ABC</w:Selector>").is_err());
        assert!(created("").is_err());
    }

    #[test]
    fn output_is_decoded_with_its_pipeline_and_state() {
        let answer = parse(&envelope(&format!(
            "<r:ReceiveResponse><r:Stream Name='stdout' CommandId='{PIPELINE}'>QUJ\n D</r:Stream>\
             <r:Stream Name='stdout' CommandId='{PIPELINE}' End='true'/>\
             <r:CommandState CommandId='{PIPELINE}' State='http://x/CommandState/Done'><r:ExitCode>0</r:ExitCode>\
             </r:CommandState></r:ReceiveResponse>"
        )))
        .unwrap();
        let Body::Received { streams, state } = answer.body else { panic!("{:?}", answer.body) };
        assert_eq!(streams[0].bytes, b"ABC");
        assert_eq!(streams[0].pipeline, Some(PIPELINE));
        assert!(!streams[0].end && streams[1].end);
        assert_eq!(state, Some((Some(PIPELINE), CommandState::Done)));
    }

    #[test]
    fn other_answers_are_told_by_their_name() {
        for (body, name) in [("", ""), ("<r:SignalResponse/>", "SignalResponse")] {
            assert_eq!(parse(&envelope(body)).unwrap().body, Body::Done { name: name.into() });
        }
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for text in [
            "<html><body>Not Found</body></html>",
            "<s:Envelope xmlns:s='s'/>",
            "<s:Envelope xmlns:s='s'><s:Body><r:ReceiveResponse xmlns:r='r'><r:Stream>%%</r:Stream></r:ReceiveResponse></s:Body></s:Envelope>",
            "<s:Envelope xmlns:s='s'><s:Body><r:ReceiveResponse xmlns:r='r'><r:CommandState State='x/Odd'/></r:ReceiveResponse></s:Body></s:Envelope>",
        ] {
            assert!(matches!(parse(text.as_bytes()), Err(ParseError::Shape(_))), "{text}");
        }
    }
}
