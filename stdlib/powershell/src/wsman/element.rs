//! XML to a small tree, within limits of depth, count and size.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::clixml::plain;

/// Deeper than any answer; shallow enough for anything that walks the tree.
const DEPTH_MAX: usize = 48;
const ELEMENTS_MAX: usize = 20_000;
const ATTRIBUTES_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("the answer is no XML: {0}")]
    Syntax(String),
    #[error("the answer is nested deeper than {DEPTH_MAX} elements")]
    TooDeep,
    #[error("the answer has more than {ELEMENTS_MAX} elements")]
    TooMany,
    #[error("the answer brings a document type, which WS-Management forbids")]
    DocumentType,
    #[error("the answer is no WS-Management answer: {0}")]
    Shape(String),
}

/// An element with its local name; prefixes and namespaces are left out, since every server chooses its own prefixes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// The text directly in it.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first element down a path of names.
    pub(super) fn find(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// All text in it and below, with runs of white space as one space.
    pub(super) fn all_text(&self) -> String {
        let mut text = String::new();
        self.gather(&mut text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The depth is limited while parsing.
    fn gather(&self, text: &mut String) {
        text.push_str(&self.text);
        text.push(' ');
        for child in &self.children {
            child.gather(text);
        }
    }
}

/// Reads one document.
pub(super) fn parse(bytes: &[u8]) -> Result<Element, ParseError> {
    let text = std::str::from_utf8(bytes).map_err(|error| syntax(&error))?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut stack: Vec<Element> = Vec::new();
    let mut count = 0;
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|error| syntax(&error))?;
        match event {
            Event::Start(start) => {
                open(&mut stack, &mut count, &start)?;
            }
            Event::Empty(start) => {
                open(&mut stack, &mut count, &start)?;
                close(&mut stack, &mut root)?;
            }
            Event::End(_) => close(&mut stack, &mut root)?,
            Event::Text(text) => {
                if let Some(element) = stack.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(element) = stack.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| syntax(&error))?;
                let resolved = match character {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference)
                        .ok_or_else(|| syntax(&format!("unknown entity '{}'", &*reference)))?
                        .to_owned(),
                };
                if let Some(element) = stack.last_mut() {
                    element.text.push_str(&resolved);
                }
            }
            Event::DocType(_) => return Err(ParseError::DocumentType),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    match root {
        Some(root) if stack.is_empty() => Ok(root),
        _ => Err(ParseError::Syntax("it ends in the middle".into())),
    }
}

fn open(stack: &mut Vec<Element>, count: &mut usize, start: &BytesStart<'_>) -> Result<(), ParseError> {
    *count += 1;
    if *count > ELEMENTS_MAX {
        return Err(ParseError::TooMany);
    }
    if stack.len() >= DEPTH_MAX {
        return Err(ParseError::TooDeep);
    }
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| syntax(&error))?;
        if attributes.len() >= ATTRIBUTES_MAX {
            return Err(ParseError::TooMany);
        }
        let value =
            quick_xml::escape::unescape(&attribute.value).map_err(|error| syntax(&error))?.into_owned();
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
    }
    stack.push(Element { name: start.local_name().as_ref().to_owned(), attributes, ..Element::default() });
    Ok(())
}

/// The parser quotes the document in some messages: a hostile one could be long, or steer a terminal.
fn syntax(why: &dyn std::fmt::Display) -> ParseError {
    ParseError::Syntax(plain(&why.to_string(), 200))
}

fn close(stack: &mut Vec<Element>, root: &mut Option<Element>) -> Result<(), ParseError> {
    let element = stack.pop().ok_or_else(|| ParseError::Syntax("an end without a beginning".into()))?;
    match stack.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => return Err(ParseError::Syntax("two documents in one".into())),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_text_and_entities_are_read() {
        let root = parse(b"\xef\xbb\xbf<?xml version='1.0'?><a:x q:n='1 &amp; 2'>A&#66;&lt;<![CDATA[&amp;]]><y/><!-- no --></a:x>").unwrap();
        assert_eq!((root.name.as_str(), root.text.as_str()), ("x", "AB<&amp;"));
        assert_eq!(root.attribute("n"), Some("1 & 2"));
        assert_eq!(root.children[0].name, "y");
    }

    #[test]
    fn what_is_no_document_of_ours_is_refused() {
        let deep = "<a>".repeat(100_000);
        let many = format!("<a>{}</a>", "<b/>".repeat(30_000));
        for (text, part) in [
            ("", "ends in the middle"),
            ("<a>", "ends in the middle"),
            ("<a></b>", "no XML"),
            ("</a>", "no XML"),
            ("<a/><b/>", "two documents"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"),
            ("<a>&nbsp;</a>", "unknown entity"),
            ("<a b='&nbsp;'/>", "no XML"),
            (deep.as_str(), "deeper"),
            (many.as_str(), "more than"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(part), "{}: {error}", &text[..text.len().min(40)]);
        }
    }
}
