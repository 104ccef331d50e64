//! Reads secrets from where a target file says they are kept. Nothing is kept but what a person typed, and that only in
//! memory.

mod file;
mod keyring;
mod prompt;

use contracts::{SecretSource as _, SecretText};
use manifest::target::SecretPlace;
use model::{Class, Code, Failure};

use crate::settings::{self, EnvironmentSecrets};
use crate::wiring::SecretReader;

/// A secret is a password, a key or a token: longer ones are something else.
const LENGTH_MAX: usize = 64 * 1024;

#[derive(Default)]
pub(crate) struct Secrets {
    prompt: prompt::Prompt,
}

impl SecretReader for Secrets {
    fn read(&self, place: &SecretPlace) -> Result<SecretText, Failure> {
        let text = match place {
            SecretPlace::Environment(name) => settings::text(name).ok_or_else(|| {
                unreadable(format!("the environment variable {name} is not set, or is empty"))
                    .hint(format!("set {name} for the process that does the work: {HOLDER}"))
            })?,
            SecretPlace::File(path) => file::read(path)?,
            SecretPlace::Keyring { service, name } => keyring::read(service, name)?,
            SecretPlace::Prompt(question) => self.prompt.ask(question)?,
        };
        match text.len() {
            0 => Err(unreadable(format!("the {place} is empty"))),
            1..=LENGTH_MAX => Ok(SecretText::new(text)),
            length => Err(unreadable(format!(
                "the {place} holds {length} bytes; a secret has at most {LENGTH_MAX}"
            ))),
        }
    }

    fn named(&self, name: &str) -> Result<SecretText, Failure> {
        EnvironmentSecrets.find(name)
    }
}

/// Whether somebody has to type it.
pub(crate) fn must_ask(place: &SecretPlace) -> bool {
    match place {
        SecretPlace::Prompt(_) => true,
        SecretPlace::Environment(_) | SecretPlace::File(_) | SecretPlace::Keyring { .. } => false,
    }
}

const HOLDER: &str = "this one, or the footbridge that holds the store and carries the run on";

fn unreadable(message: String) -> Failure {
    Failure::new(Code::Secret, Class::Denied, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn what_is_not_there_is_said_with_its_place() {
        for (place, part) in [
            (
                SecretPlace::Environment("FOOTBRIDGE_TEST_NOT_SET".into()),
                "FOOTBRIDGE_TEST_NOT_SET is not set",
            ),
            (SecretPlace::File(PathBuf::from("/nowhere/at/all")), "/nowhere/at/all"),
            (
                SecretPlace::Keyring { service: "footbridge-test".into(), name: "not-there".into() },
                "footbridge-test/not-there",
            ),
        ] {
            let failure = Secrets::default().read(&place).expect_err("nothing is there");
            assert_eq!(failure.code, Code::Secret, "{place}");
            assert!(failure.message.contains(part), "{}", failure.message);
            assert!(failure.hint.is_some(), "{place}");
        }
    }
}
