//! Host functions declared as data: what scripts may call, with typed arguments, effect and reversibility.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Read,
    Write,
}

/// What undo can bring back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reversibility {
    #[default]
    Reversible,
    WithLoss,
    Irreversible,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Argument {
    pub name: String,
    pub kind: Kind,
    pub required: bool,
    pub doc: String,
}

/// A host function. Scripts call `module::name(#{ argument: value, … })`, or `module::name()` when nothing is required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FunctionSpec {
    pub module: String,
    pub name: String,
    pub arguments: Vec<Argument>,
    /// The shape of the answer, in words.
    pub returns: String,
    pub effect: Effect,
    /// How long after the call the target may still not show its effect, in milliseconds; 0 for reads.
    pub settle_ms: u64,
    pub reversibility: Reversibility,
    pub doc: String,
}

impl FunctionSpec {
    pub fn read(module: &str, name: &str, doc: &str) -> FunctionSpec {
        FunctionSpec {
            module: module.to_owned(),
            name: name.to_owned(),
            arguments: Vec::new(),
            returns: String::new(),
            effect: Effect::Read,
            settle_ms: 0,
            reversibility: Reversibility::Reversible,
            doc: doc.to_owned(),
        }
    }

    pub fn write(module: &str, name: &str, settle_ms: u64, doc: &str) -> FunctionSpec {
        FunctionSpec { effect: Effect::Write, settle_ms, ..FunctionSpec::read(module, name, doc) }
    }

    pub fn required(mut self, name: &str, kind: Kind, doc: &str) -> FunctionSpec {
        self.arguments.push(Argument { name: name.to_owned(), kind, required: true, doc: doc.to_owned() });
        self
    }

    pub fn optional(mut self, name: &str, kind: Kind, doc: &str) -> FunctionSpec {
        self.arguments.push(Argument { name: name.to_owned(), kind, required: false, doc: doc.to_owned() });
        self
    }

    pub fn returns(mut self, shape: &str) -> FunctionSpec {
        shape.clone_into(&mut self.returns);
        self
    }

    pub fn reversibility(mut self, reversibility: Reversibility) -> FunctionSpec {
        self.reversibility = reversibility;
        self
    }

    /// `module::name`.
    pub fn path(&self) -> String {
        format!("{}::{}", self.module, self.name)
    }

    /// `module::name(#{ argument: kind, optional?: kind })`.
    pub fn signature(&self) -> String {
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .map(|one| format!("{}{}: {}", one.name, if one.required { "" } else { "?" }, one.kind))
            .collect();
        if arguments.is_empty() {
            format!("{}()", self.path())
        } else {
            format!("{}(#{{ {} }})", self.path(), arguments.join(", "))
        }
    }
}
