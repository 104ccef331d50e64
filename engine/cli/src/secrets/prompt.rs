//! A secret that a person types: unseen, once per process, and only where a person is.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};

use model::Failure;

use super::unreadable;

/// The answers so far, by question. Held while one is asked, so that questions come one after the other.
#[derive(Default)]
pub(super) struct Prompt {
    answers: Mutex<BTreeMap<String, String>>,
}

impl Prompt {
    pub(super) fn ask(&self, question: &str) -> Result<String, Failure> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.get(question) {
            return Ok(answer.clone());
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Err(unreadable(format!("'{question}' must be asked, and there is no terminal to ask at"))
                .hint("run it at a terminal, or keep the secret elsewhere: { env = … }, { file = … } or { keyring = … }"));
        }
        let answer = rpassword::prompt_password(format!("{}: ", shown(question)))
            .map_err(|cause| unreadable(format!("'{question}' was not answered: {cause}")))?;
        answers.insert(question.to_owned(), answer.clone());
        Ok(answer)
    }
}

/// Of a file's text nothing may steer the terminal.
fn shown(question: &str) -> String {
    question.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}
