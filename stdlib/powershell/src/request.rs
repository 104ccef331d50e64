//! What a client says: the two messages that open a pool, and the one that begins a pipeline.
//!
//! Source: MS-PSRP 2.2.2.1 (SESSION_CAPABILITY), 2.2.2.2 (INIT_RUNSPACEPOOL), 2.2.2.10 (CREATE_PIPELINE), 2.2.3.

use crate::call::Command;
use crate::clixml::{Error, Object, Value, write};

/// What a pipeline runs.
#[derive(Clone, Debug)]
pub(crate) enum Statement<'a> {
    Cmdlet(&'a Command),
    /// Text of the target's own settings; a workflow can never say one.
    Script(&'a str),
}

impl Statement<'_> {
    /// For messages: what a person would call it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Statement::Cmdlet(command) => &command.cmdlet,
            Statement::Script(_) => "the start-up script",
        }
    }
}

/// Why a command is not one cmdlet with parameters. In a local shell with all of its language a path or the name of a
/// program would be run as one.
pub(crate) fn check(command: &Command) -> Result<(), Error> {
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !command.cmdlet.split_once('-').is_some_and(|(verb, noun)| is_word(verb) && is_word(noun)) {
        return Err(Error::Unwritable { why: format!("{:?} is no cmdlet's name", command.cmdlet) });
    }
    match command.parameters.iter().find(|(name, _)| !is_word(name)) {
        Some((name, _)) => Err(Error::Unwritable { why: format!("{name:?} is no parameter's name") }),
        None => create_pipeline(&Statement::Cmdlet(command), u32::MAX).map(drop),
    }
}

pub(crate) fn session_capability() -> String {
    let version = |text: &str| Value::Other { tag: "Version".to_owned(), text: text.to_owned() };
    fixed(&members(vec![
        ("PSVersion", version("2.0")),
        ("protocolversion", version("2.3")),
        ("SerializationVersion", version("1.1.0.1")),
    ]))
}

pub(crate) fn init_runspace_pool() -> String {
    fixed(&members(vec![
        ("MinRunspaces", 1.into()),
        ("MaxRunspaces", 1.into()),
        (
            "PSThreadOptions",
            enumeration("System.Management.Automation.Runspaces.PSThreadOptions", 0, "Default"),
        ),
        ("ApartmentState", apartment_state()),
        ("HostInfo", no_host(false)),
        (
            "ApplicationArguments",
            Value::Object(Box::new(Object {
                types: names(&[
                    "System.Management.Automation.PSPrimitiveDictionary",
                    "System.Collections.Hashtable",
                    "System.Object",
                ]),
                value: Some(Value::Dictionary(Vec::new())),
                ..Object::default()
            })),
        ),
    ]))
}

/// `server_protocol` is the minor version that the server said: it decides which streams a command can name.
pub(crate) fn create_pipeline(statement: &Statement<'_>, server_protocol: u32) -> Result<String, Error> {
    let none = || enumeration("System.Management.Automation.Runspaces.PipelineResultTypes", 0, "None");
    let (text, arguments, is_script, local_scope) = match statement {
        Statement::Cmdlet(command) => {
            (command.cmdlet.as_str(), command.parameters.as_slice(), false, Value::Nil)
        }
        // What the script defines must still be there for the commands after it.
        Statement::Script(text) => (*text, &[][..], true, Value::Bool(false)),
    };
    let arguments = arguments
        .iter()
        .map(|(name, value)| members(vec![("N", name.as_str().into()), ("V", value.clone())]))
        .collect();
    let mut command = vec![
        ("Cmd", text.into()),
        ("Args", Value::List(arguments)),
        ("IsScript", is_script.into()),
        ("UseLocalScope", local_scope),
        ("MergeMyResult", none()),
        ("MergeToResult", none()),
        ("MergePreviousResults", none()),
    ];
    if server_protocol >= 2 {
        command
            .extend(["MergeError", "MergeWarning", "MergeVerbose", "MergeDebug"].map(|name| (name, none())));
    }
    if server_protocol >= 3 {
        command.push(("MergeInformation", none()));
    }
    let pipeline = members(vec![
        ("IsNested", false.into()),
        ("Cmds", Value::List(vec![members(command)])),
        ("History", Value::Nil),
        ("RedirectShellErrorOutputPipe", true.into()),
    ]);
    write(&members(vec![
        ("NoInput", true.into()),
        ("ApartmentState", apartment_state()),
        ("RemoteStreamOptions", enumeration("System.Management.Automation.RemoteStreamOptions", 0, "None")),
        ("AddToHistory", false.into()),
        ("HostInfo", no_host(true)),
        ("PowerShell", pipeline),
        ("IsNested", false.into()),
    ]))
}

fn fixed(value: &Value) -> String {
    write(value).expect("a fixed message holds nothing that cannot be written")
}

fn apartment_state() -> Value {
    enumeration("System.Threading.ApartmentState", 2, "Unknown")
}

/// Nobody is there to be asked. A pipeline uses its pool's host, which is none either.
fn no_host(of_pool: bool) -> Value {
    members(vec![
        ("_isHostNull", true.into()),
        ("_isHostUINull", true.into()),
        ("_isHostRawUINull", true.into()),
        ("_useRunspaceHost", of_pool.into()),
    ])
}

fn enumeration(type_name: &str, number: i32, name: &str) -> Value {
    Value::Object(Box::new(Object {
        types: names(&[type_name, "System.Enum", "System.ValueType", "System.Object"]),
        text: Some(name.to_owned()),
        value: Some(number.into()),
        ..Object::default()
    }))
}

fn members(members: Vec<(&str, Value)>) -> Value {
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Object(Box::new(Object { members, ..Object::default() }))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
