//! One running cmdlet: its bound parameters, the controller it speaks to, and what it may do to the directory.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Cmdlet;
use crate::{
    error::CmdletError,
    ledger::By,
    object::{Class, DirectoryObject},
    replication::Edit,
    spec::UnknownIdentity,
    state::State,
};

/// The call that a cmdlet's function gets.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut State,
    cmdlet: &'static Cmdlet,
    parameters: BTreeMap<&'static str, Value>,
    controller: usize,
    by: By,
    extra_delay: u64,
    warnings: Vec<String>,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        state: &'a mut State,
        cmdlet: &'static Cmdlet,
        parameters: BTreeMap<&'static str, Value>,
        controller: usize,
        by: By,
        extra_delay: u64,
    ) -> Self {
        Self { state, cmdlet, parameters, controller, by, extra_delay, warnings: Vec::new() }
    }

    pub(super) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    pub(crate) const fn cmdlet(&self) -> &'static str {
        self.cmdlet.name
    }

    /// Whether the parameter was given at all, be it null.
    pub(crate) fn given(&self, parameter: &str) -> bool {
        self.parameters.contains_key(parameter)
    }

    pub(crate) fn value(&self, parameter: &str) -> Option<&Value> {
        self.parameters.get(parameter)
    }

    /// A text parameter; absent, null and empty are all `None`.
    pub(crate) fn text(&self, parameter: &str) -> Option<String> {
        match self.parameters.get(parameter)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    pub(crate) fn flag(&self, parameter: &str) -> Option<bool> {
        self.parameters.get(parameter)?.as_bool()
    }

    /// A list parameter; a single value is a list of one.
    pub(crate) fn list(&self, parameter: &str) -> Option<Vec<Value>> {
        match self.parameters.get(parameter)? {
            Value::Null => None,
            Value::Array(items) => Some(items.clone()),
            single => Some(vec![single.clone()]),
        }
    }

    pub(crate) fn controller_name(&self) -> String {
        self.state.directory.controllers[self.controller].name.clone()
    }

    /// What the controller of this call sees.
    pub(crate) fn view(&self) -> Vec<Arc<DirectoryObject>> {
        self.state.directory.view(Some(self.controller))
    }

    /// Objects of the view that a predicate accepts.
    pub(crate) fn objects(&self, accepts: impl Fn(&DirectoryObject) -> bool) -> Vec<Arc<DirectoryObject>> {
        self.view().into_iter().filter(|object| accepts(object)).collect()
    }

    /// The candidates that the identity means for a `Get-*`: **all** of them when it is null, empty or names nothing
    /// (the caution on the reference pages), unless the world is set to answer like a stricter server.
    pub(crate) fn meant(
        &mut self,
        candidates: Vec<Arc<DirectoryObject>>,
        identity: Option<String>,
    ) -> Result<Vec<Arc<DirectoryObject>>, CmdletError> {
        let Some(identity) = identity else { return Ok(candidates) };
        let found: Vec<Arc<DirectoryObject>> =
            candidates.iter().filter(|object| object.is(&identity)).cloned().collect();
        if !found.is_empty() {
            return Ok(found);
        }
        match self.state.spec.unknown_identity {
            UnknownIdentity::All => Ok(candidates),
            UnknownIdentity::NotFound if identity.contains('*') => Ok(Vec::new()),
            UnknownIdentity::NotFound => Err(self.not_found(&identity)),
        }
    }

    /// The one object that an identity means for a cmdlet that changes or uses it.
    pub(crate) fn one(
        &self,
        identity: &str,
        accepts: impl Fn(&DirectoryObject) -> bool,
    ) -> Result<Arc<DirectoryObject>, CmdletError> {
        let mut found = self.objects(|object| accepts(object) && object.is(identity));
        match found.len() {
            0 => Err(self.not_found(identity)),
            1 => Ok(found.remove(0)),
            _ => Err(CmdletError::exchange(
                self.cmdlet(),
                "Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException",
                format!(
                    "The operation couldn't be performed because '{identity}' matches multiple entries. \
                     Use an identifier that is unique."
                ),
            )
            .about(identity)),
        }
    }

    /// The object of the `Identity` parameter.
    pub(crate) fn identified(
        &self,
        accepts: impl Fn(&DirectoryObject) -> bool,
    ) -> Result<Arc<DirectoryObject>, CmdletError> {
        self.one(&self.text("Identity").unwrap_or_default(), accepts)
    }

    pub(crate) fn not_found(&self, identity: &str) -> CmdletError {
        CmdletError::exchange(
            self.cmdlet(),
            "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
            format!(
                "The operation couldn't be performed because object '{identity}' couldn't be found on '{}'.",
                self.controller_name()
            ),
        )
        .about(identity)
    }

    pub(crate) fn already_exists(&self, distinguished_name: &str) -> CmdletError {
        CmdletError::exchange(
            self.cmdlet(),
            "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException",
            format!(
                "Active Directory operation failed on {}. The object '{distinguished_name}' already exists.",
                self.controller_name()
            ),
        )
        .about(distinguished_name)
    }

    /// An error of the cmdlet itself.
    pub(crate) fn fail(&self, exception: &str, message: String) -> CmdletError {
        CmdletError::exchange(self.cmdlet(), exception, message)
    }

    /// Refuses a text that is longer than a property may be.
    pub(crate) fn length(&self, property: &str, value: &str, length_max: usize) -> Result<(), CmdletError> {
        let length = value.chars().count();
        if length <= length_max {
            return Ok(());
        }
        Err(self
            .fail(
                "Microsoft.Exchange.Data.DataValidationException",
                format!(
                    "The length of the property is too long. The maximum length is {length_max} and the length of \
                     the value provided is {length}. Property Name: {property}"
                ),
            )
            .about(value))
    }

    pub(crate) fn shown(&self, object: &DirectoryObject) -> Value {
        object.shown(&self.view(), &self.controller_name())
    }

    pub(crate) fn shown_all(&self, objects: &[Arc<DirectoryObject>]) -> Vec<Value> {
        let (view, controller) = (self.view(), self.controller_name());
        objects.iter().map(|object| object.shown(&view, &controller)).collect()
    }

    /// Cuts a list to `ResultSize` (1000 when not given), with the warning that the product gives.
    pub(crate) fn cut(&mut self, mut objects: Vec<Arc<DirectoryObject>>) -> Vec<Arc<DirectoryObject>> {
        let size = match self.value("ResultSize") {
            Some(Value::Number(number)) => number.as_u64().unwrap_or(1000),
            Some(Value::String(text)) => text.parse().unwrap_or(u64::MAX),
            _ => 1000,
        };
        if objects.len() as u64 > size {
            objects.truncate(size as usize);
            self.warn(format!(
                "There are more results available than are currently displayed. To view them, increase the value for \
                 the ResultSize parameter (now {size})."
            ));
        }
        objects
    }

    pub(crate) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Creates an object; the answer is what this controller now shows.
    pub(crate) fn create(&mut self, noun: &str, object: Arc<DirectoryObject>) -> Value {
        let target = format!("{noun}/{}", object.name());
        self.write(Edit::Create(Arc::clone(&object)), target, "created".into());
        self.shown(&object)
    }

    /// Sets properties that differ from what is there; a warning and no effect where none does.
    pub(crate) fn update(&mut self, noun: &str, object: &DirectoryObject, properties: Map<String, Value>) {
        let mut changed: Map<String, Value> = properties
            .into_iter()
            .filter(|(key, value)| object.properties.get(key).unwrap_or(&Value::Null) != value)
            .collect();
        if changed.is_empty() {
            self.warn(format!(
                "The command completed successfully but no settings of '{}' have been modified.",
                object.text("Identity")
            ));
            return;
        }
        let summary = changed
            .iter()
            .map(|(key, value)| {
                let before = object.properties.get(key).unwrap_or(&Value::Null);
                format!("{}: {before} -> {value}", key.trim_start_matches('_'))
            })
            .collect::<Vec<_>>()
            .join(", ");
        if let Some(name) = changed.get("Name").and_then(Value::as_str).map(str::to_owned) {
            for (key, lead) in [("DistinguishedName", "CN="), ("Identity", "/")] {
                let renamed = object.text(key).replacen(
                    &format!("{lead}{}", object.name()),
                    &format!("{lead}{name}"),
                    1,
                );
                let renamed = if object.text(key) == object.name() { name.clone() } else { renamed };
                changed.insert(key.to_owned(), json!(renamed));
            }
        }
        changed.insert("WhenChangedUTC".into(), json!(self.state.now_text()));
        let edit = Edit::Update { guid: object.guid.clone(), properties: changed };
        self.write(edit, format!("{noun}/{}", object.name()), summary);
    }

    pub(crate) fn delete(&mut self, noun: &str, object: &DirectoryObject) {
        let edit = Edit::Delete { guid: object.guid.clone() };
        self.write(edit, format!("{noun}/{}", object.name()), "deleted".into());
    }

    /// Writes an edit at this call's controller and notes it under a target and a summary of the caller's.
    pub(crate) fn write(&mut self, edit: Edit, target: String, summary: String) {
        self.state.directory.write(self.controller, self.extra_delay, edit);
        self.state.record(self.by, self.cmdlet.name, target, summary);
    }
}

/// Accepts objects of one class.
pub(crate) fn class(wanted: Class) -> impl Fn(&DirectoryObject) -> bool + Copy {
    move |object| object.class == wanted
}
