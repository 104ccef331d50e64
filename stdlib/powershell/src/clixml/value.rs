//! A PowerShell object as it crosses the wire.

/// Anything that CLIXML can say. Dates, durations and versions stay the text that came; whoever needs them reads them.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Nil,
    Bool(bool),
    /// Every signed or unsigned integer.
    Int(i128),
    /// `Sg`, `Db`, `D`.
    Float(f64),
    Text(String),
    /// `G`: lower case, without braces.
    Guid(String),
    /// `BA`.
    Bytes(Vec<u8>),
    /// A primitive of another kind by its tag (`DT`, `TS`, `URI`, `Version`, `XD`, `SBK`, `SS`, `C`, …), as text; also
    /// one whose text is not what its tag promises, and a reference (`Ref`) that leads nowhere or back to what holds it.
    Other {
        tag: String,
        text: String,
    },
    /// `LST`, `IE`, `STK`, `QUE`, and an object that holds one and nothing else.
    List(Vec<Value>),
    /// `DCT` in its order.
    Dictionary(Vec<(Value, Value)>),
    Object(Box<Object>),
}

/// A complex object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// Most derived first, as it came (`Deserialized.` included).
    pub types: Vec<String>,
    /// `ToString`: how the server shows it; an enum's name.
    pub text: Option<String>,
    /// The value that it wraps: an enum's number, a list, a string with properties.
    pub value: Option<Value>,
    /// `Props`: adapted properties.
    pub properties: Vec<(String, Value)>,
    /// `MS`: extended properties.
    pub members: Vec<(String, Value)>,
}

impl Value {
    pub fn object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// A property of an object, extended ones first; names are compared without case, as PowerShell does.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.object()?.get(name)
    }

    /// As the server would show it: a text, a number, an object's `ToString`; `None` for null, lists and dictionaries.
    pub fn shown(&self) -> Option<String> {
        match self {
            Value::Nil | Value::List(_) | Value::Dictionary(_) | Value::Bytes(_) => None,
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Int(number) => Some(number.to_string()),
            Value::Float(number) => Some(number.to_string()),
            Value::Text(text) | Value::Guid(text) | Value::Other { text, .. } => Some(text.clone()),
            Value::Object(object) => object.text.clone().or_else(|| match &object.value {
                // One level is enough: what an object wraps is never an object.
                Some(Value::Object(_)) | None => None,
                Some(value) => value.shown(),
            }),
        }
    }

    /// An integer, or the number of an enum.
    pub fn number(&self) -> Option<i128> {
        match self {
            Value::Int(number) => Some(*number),
            Value::Object(object) => match object.value {
                Some(Value::Int(number)) => Some(number),
                _ => None,
            },
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Value {
        Value::Bool(flag)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Value {
        Value::Int(i128::from(number))
    }
}

impl Object {
    /// An extended or adapted property; names are compared without case.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members
            .iter()
            .chain(&self.properties)
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether it is of a type, with or without the `Deserialized.` that remoting puts before it.
    pub fn is(&self, type_name: &str) -> bool {
        self.types.iter().any(|own| bare_type(own) == type_name)
    }
}

/// A type name without `Deserialized.`, however often it was put before it.
pub(crate) fn bare_type(name: &str) -> &str {
    let mut bare = name;
    while let Some(rest) = bare.strip_prefix("Deserialized.") {
        bare = rest;
    }
    bare
}
