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
    /// A primitive of another kind by its tag (`DT`, `TS`, `URI`, `Version`, `XD`, `SBK`, `SS`, `C`, …), as text.
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
