//! Reads CLIXML without recursion: one stack of open elements, and a budget that everything is charged to.

use std::collections::{HashMap, HashSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use uuid::Uuid;

use super::escape::decode;
use super::limits::{Error, Limits, plain};
use super::value::{Object, Value};

/// Every value of a document: those inside a root `Objs`, or the one element that a remoting message is. A byte order
/// mark may lead. Elements that are not known become [`Value::Other`]; what is nested in those is left out.
pub fn read(document: &[u8], limits: &Limits) -> Result<Vec<Value>, Error> {
    if document.len() > limits.document_bytes_max {
        return Err(Error::Limit { what: "bytes of a document", max: limits.document_bytes_max });
    }
    let text = std::str::from_utf8(document).map_err(|error| Error::Encoding { at: error.valid_up_to() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut xml = Reader::from_str(text);
    let mut builder = Builder::new(limits, referenced(text, limits)?);
    loop {
        let event = xml.read_event().map_err(|error| malformed(&xml, &error))?;
        match event {
            Event::Start(start) => builder.open(&start)?,
            Event::Empty(start) => {
                builder.open(&start)?;
                builder.close()?;
            }
            Event::End(_) => builder.close()?,
            Event::Text(part) => builder.text(&part.xml10_content())?,
            Event::CData(part) => builder.text(&part.xml10_content())?,
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                let character = reference.resolve_char_ref().map_err(|error| malformed(&xml, &error))?;
                let character = match (character, name) {
                    (Some(character), _) => character,
                    (None, "lt") => '<',
                    (None, "gt") => '>',
                    (None, "amp") => '&',
                    (None, "quot") => '"',
                    (None, "apos") => '\'',
                    (None, _) => {
                        let name = plain(name, 40);
                        return Err(Error::Entity { name, at: xml.buffer_position() });
                    }
                };
                builder.text(character.encode_utf8(&mut [0; 4]))?;
            }
            Event::DocType(_) => return Err(Error::DocumentType { at: xml.buffer_position() }),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return builder.finish(),
        }
    }
}

/// The numbers that a `Ref` names somewhere: only those objects need to be kept for later.
fn referenced(text: &str, limits: &Limits) -> Result<HashSet<String>, Error> {
    let mut found = HashSet::new();
    if !text.contains("<Ref") {
        return Ok(found);
    }
    let mut xml = Reader::from_str(text);
    loop {
        match xml.read_event().map_err(|error| malformed(&xml, &error))? {
            Event::Start(start) | Event::Empty(start) if start.local_name().as_ref() == "Ref" => {
                if let Some(number) = attribute(&start, "RefId") {
                    found.insert(number);
                }
                if found.len() > limits.items_max {
                    return Err(Error::Limit { what: "references", max: limits.items_max });
                }
            }
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn malformed(xml: &Reader<&[u8]>, error: &quick_xml::Error) -> Error {
    // The parser quotes the document in some messages; a hostile one could be long, or steer a terminal.
    Error::Malformed { at: xml.error_position(), why: plain(&error.to_string(), 200) }
}

/// An attribute by its local name, with its escapes resolved.
fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    start
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|one| one.key.local_name().as_ref() == name)
        .and_then(|one| {
            one.normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .ok()
                .map(|value| decode(&value).into_owned())
        })
}

/// An element that is not closed yet.
struct Frame {
    tag: String,
    /// The attribute `N`: a property's name, or `Key` and `Value` in a dictionary.
    name: Option<String>,
    reference: Option<String>,
    text: String,
    holds: Holds,
}

/// What an open element gathers.
enum Holds {
    /// `Objs`: what is in it stands for itself.
    Root,
    Object(Box<Object>),
    Types(Vec<String>),
    Bag(Vec<(String, Value)>),
    List(Vec<Value>),
    Dictionary(Vec<(Value, Value)>),
    Entry {
        key: Option<Value>,
        value: Option<Value>,
    },
    /// An element with text only.
    Leaf,
    /// An element inside one that has text only, or a reference: nothing of it is kept.
    Skipped,
}

struct Builder<'a> {
    limits: &'a Limits,
    stack: Vec<Frame>,
    values: Vec<Value>,
    referenced: HashSet<String>,
    objects: HashMap<String, (Value, Cost)>,
    types: HashMap<String, Vec<String>>,
    elements: usize,
    kept_bytes: usize,
}

/// What repeating a value costs.
#[derive(Clone, Copy, Default)]
struct Cost {
    values: usize,
    bytes: usize,
    depth: usize,
}

impl<'a> Builder<'a> {
    fn new(limits: &'a Limits, referenced: HashSet<String>) -> Builder<'a> {
        Builder {
            limits,
            stack: Vec::new(),
            values: Vec::new(),
            referenced,
            objects: HashMap::new(),
            types: HashMap::new(),
            elements: 0,
            kept_bytes: 0,
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Error> {
        self.charge(Cost { values: 1, ..Cost::default() })?;
        if self.stack.len() >= self.limits.depth_max {
            return Err(self.too_deep());
        }
        let tag = start.local_name().as_ref().to_owned();
        let inside_leaf =
            matches!(self.stack.last(), Some(Frame { holds: Holds::Leaf | Holds::Skipped, .. }));
        let holds = match tag.as_str() {
            _ if inside_leaf => Holds::Skipped,
            "Objs" if self.stack.is_empty() => Holds::Root,
            "Obj" => Holds::Object(Box::default()),
            "TN" => Holds::Types(Vec::new()),
            "Props" | "MS" => Holds::Bag(Vec::new()),
            "LST" | "IE" | "STK" | "QUE" => Holds::List(Vec::new()),
            "DCT" => Holds::Dictionary(Vec::new()),
            "En" => Holds::Entry { key: None, value: None },
            _ => Holds::Leaf,
        };
        let name = attribute(start, "N");
        let reference = attribute(start, "RefId");
        let bytes = tag.len() + [&name, &reference].into_iter().flatten().map(String::len).sum::<usize>();
        self.charge(Cost { bytes, ..Cost::default() })?;
        self.stack.push(Frame { tag, name, reference, text: String::new(), holds });
        Ok(())
    }

    fn text(&mut self, part: &str) -> Result<(), Error> {
        let Some(Frame { holds: Holds::Leaf, text, .. }) = self.stack.last_mut() else { return Ok(()) };
        if text.len() + part.len() > self.limits.text_bytes_max {
            return Err(Error::Limit { what: "bytes of one string", max: self.limits.text_bytes_max });
        }
        text.push_str(part);
        self.charge(Cost { bytes: part.len(), ..Cost::default() })
    }

    fn close(&mut self) -> Result<(), Error> {
        // The parser pairs the tags, so there is always an open one; were there none, nothing would be lost.
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let Frame { tag, name, reference, text, holds } = frame;
        let value = match holds {
            Holds::Root | Holds::Skipped => return Ok(()),
            Holds::Object(object) => {
                let value = simplified(object);
                if let Some(number) = reference.filter(|number| self.referenced.contains(number)) {
                    let cost = cost(&value);
                    self.charge(cost)?;
                    self.objects.insert(number, (value.clone(), cost));
                }
                value
            }
            Holds::Types(types) => {
                if let Some(number) = reference {
                    self.charge(types_cost(&types))?;
                    self.types.insert(number, types.clone());
                }
                self.set_types(types);
                return Ok(());
            }
            Holds::Bag(entries) => {
                if let Some(Frame { holds: Holds::Object(object), .. }) = self.stack.last_mut() {
                    let place = if tag == "MS" { &mut object.members } else { &mut object.properties };
                    place.extend(entries);
                    return Self::within(place.len(), self.limits);
                }
                return Ok(());
            }
            Holds::List(items) => Value::List(items),
            Holds::Dictionary(entries) => Value::Dictionary(entries),
            Holds::Entry { key, value } => {
                if let Some(Frame { holds: Holds::Dictionary(entries), .. }) = self.stack.last_mut() {
                    entries.push((key.unwrap_or(Value::Nil), value.unwrap_or(Value::Nil)));
                    return Self::within(entries.len(), self.limits);
                }
                return Ok(());
            }
            Holds::Leaf => match (tag.as_str(), self.stack.last_mut().map(|parent| &mut parent.holds)) {
                ("T", Some(Holds::Types(types))) => {
                    types.push(decode(&text).into_owned());
                    return Self::within(types.len(), self.limits);
                }
                ("ToString", Some(Holds::Object(object))) => {
                    object.text = Some(decode(&text).into_owned());
                    return Ok(());
                }
                ("TNRef", Some(Holds::Object(_))) => {
                    let types =
                        reference.and_then(|number| self.types.get(&number).cloned()).unwrap_or_default();
                    self.charge(types_cost(&types))?;
                    self.set_types(types);
                    return Ok(());
                }
                ("Ref", _) => self.repeated(reference.unwrap_or_default())?,
                _ => primitive(tag, &text),
            },
        };
        self.place(name, value)
    }

    /// The object that was seen under a number. One that is still open holds this very reference: it is not followed.
    fn repeated(&mut self, number: String) -> Result<Value, Error> {
        let Some((value, cost)) = self.objects.get(&number).map(|(value, cost)| (value.clone(), *cost))
        else {
            return Ok(Value::Other { tag: "Ref".to_owned(), text: number });
        };
        self.charge(cost)?;
        if self.stack.len() + cost.depth > self.limits.depth_max {
            return Err(self.too_deep());
        }
        Ok(value)
    }

    fn set_types(&mut self, types: Vec<String>) {
        if let Some(Frame { holds: Holds::Object(object), .. }) = self.stack.last_mut() {
            object.types = types;
        }
    }

    fn place(&mut self, name: Option<String>, value: Value) -> Result<(), Error> {
        let Some(parent) = self.stack.last_mut() else {
            self.values.push(value);
            return Self::within(self.values.len(), self.limits);
        };
        match &mut parent.holds {
            Holds::Root => {
                self.values.push(value);
                Self::within(self.values.len(), self.limits)
            }
            Holds::Object(object) => {
                object.value.get_or_insert(value);
                Ok(())
            }
            Holds::Bag(entries) => {
                entries.push((name.unwrap_or_default(), value));
                Self::within(entries.len(), self.limits)
            }
            Holds::List(items) => {
                items.push(value);
                Self::within(items.len(), self.limits)
            }
            Holds::Entry { key, value: place } => {
                match name.as_deref() {
                    Some("Key") => *key = Some(value),
                    _ => *place = Some(value),
                }
                Ok(())
            }
            Holds::Types(_) | Holds::Dictionary(_) | Holds::Leaf | Holds::Skipped => Ok(()),
        }
    }

    fn finish(self) -> Result<Vec<Value>, Error> {
        match self.stack.last() {
            Some(open) => Err(Error::Cut { element: plain(&open.tag, 40) }),
            None => Ok(self.values),
        }
    }

    fn charge(&mut self, cost: Cost) -> Result<(), Error> {
        self.elements = self.elements.saturating_add(cost.values);
        self.kept_bytes = self.kept_bytes.saturating_add(cost.bytes);
        if self.elements > self.limits.elements_max {
            return Err(Error::Limit { what: "elements", max: self.limits.elements_max });
        }
        if self.kept_bytes > self.limits.kept_bytes_max {
            return Err(Error::Limit { what: "bytes kept", max: self.limits.kept_bytes_max });
        }
        Ok(())
    }

    fn within(items: usize, limits: &Limits) -> Result<(), Error> {
        if items > limits.items_max {
            return Err(Error::Limit { what: "entries of one list", max: limits.items_max });
        }
        Ok(())
    }

    fn too_deep(&self) -> Error {
        Error::Limit { what: "elements inside one another", max: self.limits.depth_max }
    }
}

/// A list or dictionary that an object does nothing but hold.
fn simplified(mut object: Box<Object>) -> Value {
    let bare = object.text.is_none() && object.properties.is_empty() && object.members.is_empty();
    match object.value.take() {
        Some(value @ (Value::List(_) | Value::Dictionary(_))) if bare => value,
        other => {
            object.value = other;
            Value::Object(object)
        }
    }
}

/// A primitive by its tag. Text that is not what the tag promises stays text.
fn primitive(tag: String, text: &str) -> Value {
    let trimmed = text.trim();
    let parsed = match tag.as_str() {
        "Nil" => Some(Value::Nil),
        "S" => Some(Value::Text(decode(text).into_owned())),
        "B" => match trimmed {
            "true" | "True" | "1" => Some(Value::Bool(true)),
            "false" | "False" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        "By" | "SB" | "I16" | "U16" | "I32" | "U32" | "I64" | "U64" => trimmed.parse().ok().map(Value::Int),
        "Sg" | "Db" | "D" => match trimmed {
            "INF" => Some(Value::Float(f64::INFINITY)),
            "-INF" => Some(Value::Float(f64::NEG_INFINITY)),
            "NaN" => Some(Value::Float(f64::NAN)),
            number => number.parse().ok().map(Value::Float),
        },
        "G" => Uuid::try_parse(trimmed).ok().map(|id| Value::Guid(id.hyphenated().to_string())),
        "BA" => bytes(text).map(Value::Bytes),
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::Other { tag, text: decode(text).into_owned() })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let packed: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(packed).ok()
}

fn types_cost(types: &[String]) -> Cost {
    let bytes = types.iter().map(|one| one.len() + size_of::<String>()).sum();
    Cost { values: 0, bytes, depth: 0 }
}

/// Walks a finished value. Its depth is within the limit, so the recursion is too.
fn cost(value: &Value) -> Cost {
    let mut total = Cost { values: 1, bytes: size_of::<Value>(), depth: 1 };
    let mut add = |inner: &Value| {
        let inner = cost(inner);
        total.values += inner.values;
        total.bytes += inner.bytes;
        total.depth = total.depth.max(inner.depth + 1);
    };
    let own = match value {
        Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Float(_) => 0,
        Value::Text(text) | Value::Guid(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Other { tag, text } => tag.len() + text.len(),
        Value::List(items) => {
            items.iter().for_each(&mut add);
            0
        }
        Value::Dictionary(entries) => {
            for (key, value) in entries {
                add(key);
                add(value);
            }
            0
        }
        Value::Object(object) => {
            object.value.iter().for_each(&mut add);
            let mut names = 0;
            for (name, value) in object.properties.iter().chain(&object.members) {
                names += name.len() + size_of::<String>();
                add(value);
            }
            size_of::<Object>()
                + names
                + object.text.as_ref().map_or(0, String::len)
                + types_cost(&object.types).bytes
        }
    };
    total.bytes += own;
    total
}
