//! Writes values as CLIXML: the messages and parameters that we send.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::escape::encode;
use super::limits::{Error, Limits};
use super::value::{Object, Value};

/// One value as one element, without a root around it. Refuses what the other side would not read as the same value:
/// integers beyond 64 bits, tags that are no names, values nested deeper than we would read ourselves.
pub fn write(value: &Value) -> Result<String, Error> {
    let mut writer = Writer::default();
    writer.value(value, None, 0)?;
    Ok(writer.xml)
}

#[derive(Default)]
struct Writer {
    xml: String,
    references: u32,
    /// Lists of types that were already written, with the number under which they can be named again.
    types: HashMap<Vec<String>, u32>,
}

const DEPTH_MAX: usize = 40;

impl Writer {
    fn value(&mut self, value: &Value, name: Option<&str>, depth: usize) -> Result<(), Error> {
        if depth > DEPTH_MAX {
            return Err(Error::Limit { what: "values inside one another", max: DEPTH_MAX });
        }
        match value {
            Value::Nil => self.open("Nil", name, "/>"),
            Value::Bool(flag) => self.primitive("B", name, if *flag { "true" } else { "false" }),
            Value::Int(number) => self.primitive(integer_tag(*number)?, name, &number.to_string()),
            Value::Float(number) => self.primitive("Db", name, &float(*number)),
            Value::Text(text) => self.primitive("S", name, text),
            Value::Guid(text) => self.primitive("G", name, text),
            Value::Bytes(bytes) => self.primitive("BA", name, &STANDARD.encode(bytes)),
            Value::Other { tag, text } => {
                if !is_tag(tag) {
                    return Err(Error::Unwritable { why: format!("`{tag}` is no element name") });
                }
                self.primitive(tag, name, text);
            }
            Value::List(items) => {
                self.begin_object(
                    name,
                    ["System.Object[]", "System.Array", "System.Object"].map(str::to_owned).as_slice(),
                );
                self.list(items, depth)?;
                self.xml.push_str("</Obj>");
            }
            Value::Dictionary(entries) => {
                self.begin_object(
                    name,
                    ["System.Collections.Hashtable", "System.Object"].map(str::to_owned).as_slice(),
                );
                self.dictionary(entries, depth)?;
                self.xml.push_str("</Obj>");
            }
            Value::Object(object) => self.object(object, name, depth)?,
        }
        Ok(())
    }

    fn object(&mut self, object: &Object, name: Option<&str>, depth: usize) -> Result<(), Error> {
        self.begin_object(name, &object.types);
        match &object.value {
            None => {}
            // What an object wraps stands in it bare, without an element of its own for the type.
            Some(Value::List(items)) => self.list(items, depth)?,
            Some(Value::Dictionary(entries)) => self.dictionary(entries, depth)?,
            Some(value) => self.value(value, None, depth + 1)?,
        }
        if let Some(text) = &object.text {
            self.primitive("ToString", None, text);
        }
        self.bag("Props", &object.properties, depth)?;
        self.bag("MS", &object.members, depth)?;
        self.xml.push_str("</Obj>");
        Ok(())
    }

    fn bag(&mut self, tag: &str, entries: &[(String, Value)], depth: usize) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }
        self.open(tag, None, ">");
        for (name, value) in entries {
            self.value(value, Some(name), depth + 1)?;
        }
        self.close(tag);
        Ok(())
    }

    fn list(&mut self, items: &[Value], depth: usize) -> Result<(), Error> {
        self.open("LST", None, ">");
        for item in items {
            self.value(item, None, depth + 1)?;
        }
        self.close("LST");
        Ok(())
    }

    fn dictionary(&mut self, entries: &[(Value, Value)], depth: usize) -> Result<(), Error> {
        self.open("DCT", None, ">");
        for (key, value) in entries {
            self.open("En", None, ">");
            self.value(key, Some("Key"), depth + 1)?;
            self.value(value, Some("Value"), depth + 1)?;
            self.close("En");
        }
        self.close("DCT");
        Ok(())
    }

    fn begin_object(&mut self, name: Option<&str>, types: &[String]) {
        self.xml.push_str(&format!("<Obj RefId=\"{}\"", self.references));
        self.references += 1;
        self.name(name);
        self.xml.push('>');
        if types.is_empty() {
            return;
        }
        if let Some(known) = self.types.get(types) {
            self.xml.push_str(&format!("<TNRef RefId=\"{known}\"/>"));
            return;
        }
        let number = u32::try_from(self.types.len()).expect("fewer lists of types than references");
        self.types.insert(types.to_vec(), number);
        self.xml.push_str(&format!("<TN RefId=\"{number}\">"));
        for one in types {
            self.primitive("T", None, one);
        }
        self.close("TN");
    }

    fn primitive(&mut self, tag: &str, name: Option<&str>, text: &str) {
        self.open(tag, name, ">");
        encode(text, &mut self.xml);
        self.close(tag);
    }

    fn open(&mut self, tag: &str, name: Option<&str>, end: &str) {
        self.xml.push('<');
        self.xml.push_str(tag);
        self.name(name);
        self.xml.push_str(end);
    }

    fn close(&mut self, tag: &str) {
        self.xml.push_str("</");
        self.xml.push_str(tag);
        self.xml.push('>');
    }

    fn name(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            self.xml.push_str(" N=\"");
            encode(name, &mut self.xml);
            self.xml.push('"');
        }
    }
}

fn integer_tag(number: i128) -> Result<&'static str, Error> {
    if i32::try_from(number).is_ok() {
        Ok("I32")
    } else if i64::try_from(number).is_ok() {
        Ok("I64")
    } else if u64::try_from(number).is_ok() {
        Ok("U64")
    } else {
        Err(Error::Unwritable { why: format!("{number} has more than 64 bits") })
    }
}

/// As .NET's `XmlConvert` writes it.
fn float(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "INF".to_owned() } else { "-INF".to_owned() }
    } else {
        number.to_string()
    }
}

/// Tags of primitives are short ASCII names; anything else could break out of its element.
fn is_tag(tag: &str) -> bool {
    !tag.is_empty()
        && tag.len() <= Limits::default().depth_max
        && tag.starts_with(|first: char| first.is_ascii_alphabetic())
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
