//! One pipeline as its client sees it: gathers what a command says until it ends, without I/O.

use uuid::Uuid;

use crate::call::{Ended, ErrorRecord, Outcome, SessionFacts};
use crate::clixml::Value;
use crate::error_record::decode;
use crate::message::{Defragmenter, Destination, Message, MessageKind};
use crate::pool::{MESSAGE_BYTES_MAX, ProtocolError, only_value};

/// What one command may say in all.
const OUTPUT_BYTES_MAX: usize = 128 << 20;
const OUTPUT_OBJECTS_MAX: usize = 100_000;
/// Warnings are for people; nobody reads more of them.
const WARNINGS_MAX: usize = 200;
const WARNING_CHARACTERS_MAX: usize = 4000;
/// Every error is an error, but what the thousandth says changes nothing.
const ERRORS_MAX: usize = 1000;

#[derive(Debug)]
pub(crate) struct Pipeline {
    id: Uuid,
    stream: Defragmenter,
    output_bytes: usize,
    output: Vec<Value>,
    errors: Vec<ErrorRecord>,
    warnings: Vec<String>,
    /// Errors and warnings that were not kept.
    dropped: usize,
    /// What the server asked of a person who is not there.
    question: Option<String>,
    ended: Option<Ended>,
}

impl Pipeline {
    pub(crate) fn new(id: Uuid) -> Pipeline {
        Pipeline {
            id,
            stream: Defragmenter::new(MESSAGE_BYTES_MAX),
            output_bytes: 0,
            output: Vec::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
            dropped: 0,
            question: None,
            ended: None,
        }
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// The server waits for an answer that cannot be given: the pipeline must be stopped.
    pub(crate) fn asks(&self) -> bool {
        self.question.is_some()
    }

    /// Takes bytes of the pipeline's stream; gives back messages that are not its own.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Result<Vec<Message>, ProtocolError> {
        let mut others = Vec::new();
        for message in self.stream.push(bytes)? {
            let message = Message::read(&message)?;
            if message.destination != Destination::Client {
                return Err(ProtocolError::Direction);
            }
            if message.pipeline == Some(self.id) {
                self.accept(&message)?;
            } else if message.pipeline.is_none() {
                others.push(message);
            }
            // Words of a pipeline that is gone are left out.
        }
        Ok(others)
    }

    fn accept(&mut self, message: &Message) -> Result<(), ProtocolError> {
        match message.kind {
            MessageKind::PipelineOutput => {
                self.output_bytes = self.output_bytes.saturating_add(message.data.len());
                if self.output_bytes > OUTPUT_BYTES_MAX {
                    return Err(ProtocolError::Limit { what: "bytes", max: OUTPUT_BYTES_MAX });
                }
                if self.output.len() >= OUTPUT_OBJECTS_MAX {
                    return Err(ProtocolError::Limit { what: "objects", max: OUTPUT_OBJECTS_MAX });
                }
                self.output.push(only_value(message)?);
            }
            MessageKind::ErrorRecord => {
                // One that cannot be read is an error all the same.
                let record = only_value(message).map_or_else(
                    |error| ErrorRecord {
                        message: format!("an error that cannot be read: {error}"),
                        ..ErrorRecord::default()
                    },
                    |value| decode(&value),
                );
                self.keep_error(record);
            }
            MessageKind::WarningRecord => {
                let text = only_value(message)
                    .ok()
                    .and_then(|value| {
                        value
                            .get("InformationalRecord_Message")
                            .and_then(Value::shown)
                            .or_else(|| value.shown())
                    })
                    .unwrap_or_else(|| "(a warning that cannot be read)".to_owned());
                self.keep_warning(&text);
            }
            MessageKind::PipelineState => self.change_state(&only_value(message)?)?,
            MessageKind::PipelineHostCall => self.host_call(&only_value(message)?),
            // Progress, information, verbose and debug words help nobody here and may come by the thousand.
            _ => {}
        }
        Ok(())
    }

    fn change_state(&mut self, value: &Value) -> Result<(), ProtocolError> {
        let number = value
            .get("PipelineState")
            .and_then(Value::number)
            .ok_or(ProtocolError::Missing("PipelineState"))?;
        let reason = value.get("ExceptionAsErrorRecord").filter(|reason| **reason != Value::Nil).map(decode);
        // MS-PSRP 2.2.3.5: NotStarted, Running, Stopping, Stopped, Completed, Failed, Disconnected.
        let ended = match number {
            3 => {
                // One that was stopped because of its question fails with the question, not with the stop.
                if let (Some(record), None) = (reason, &self.question) {
                    self.keep_error(record);
                }
                Ended::Stopped
            }
            4 => Ended::Completed,
            5 => Ended::Failed(reason.unwrap_or_else(|| ErrorRecord {
                message: "the server says that the command failed, and not why".to_owned(),
                ..ErrorRecord::default()
            })),
            _ => return Ok(()),
        };
        // The first end is the end.
        self.ended.get_or_insert(ended);
        Ok(())
    }

    /// Words to a screen are let pass; whatever waits for an answer is a question.
    fn host_call(&mut self, value: &Value) {
        let method = value.get("mi");
        let number = method.and_then(Value::number).unwrap_or_default();
        if is_answered_by_nobody(number) {
            return;
        }
        let name = method.and_then(Value::shown).unwrap_or_else(|| number.to_string());
        let words: Vec<String> = match value.get("mp") {
            Some(Value::List(parameters)) => parameters.iter().filter_map(Value::shown).collect(),
            _ => Vec::new(),
        };
        let words = words.join(" ");
        self.question
            .get_or_insert(format!("{name}: {words}").chars().take(WARNING_CHARACTERS_MAX).collect());
    }

    fn keep_error(&mut self, record: ErrorRecord) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(record);
        } else {
            self.dropped += 1;
        }
    }

    fn keep_warning(&mut self, text: &str) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(text.chars().take(WARNING_CHARACTERS_MAX).collect());
        } else {
            self.dropped += 1;
        }
    }

    /// What is known once the pipeline has ended. A command that was stopped because of its question has failed with
    /// the exception that a host without a person raises.
    pub(crate) fn outcome(mut self, session: SessionFacts) -> Option<Outcome> {
        let ended = match (self.ended?, self.question) {
            (Ended::Stopped | Ended::Failed(_), Some(question)) => Ended::Failed(unanswered(&question)),
            (ended, _) => ended,
        };
        if self.dropped > 0 {
            self.warnings.push(format!("({} more errors and warnings were not kept)", self.dropped));
        }
        Some(Outcome { ended, output: self.output, errors: self.errors, warnings: self.warnings, session })
    }
}

fn unanswered(question: &str) -> ErrorRecord {
    let types =
        ["Host.HostException", "RuntimeException"].map(|name| format!("System.Management.Automation.{name}"));
    ErrorRecord {
        exception_types: types.into_iter().chain(["System.Exception".to_owned()]).collect(),
        fully_qualified_error_id: "HostFunctionNotImplemented".to_owned(),
        // NotImplemented.
        category: 11,
        category_reason: "HostException".to_owned(),
        message: format!("the cmdlet asked a question that nobody can answer: {question}"),
        ..ErrorRecord::default()
    }
}

/// MS-PSRP 2.2.3.17, host methods that give nothing back: SetShouldExit, nested prompts, NotifyBeginApplication and
/// NotifyEndApplication, all that write, and those that set or flush something on a screen.
fn is_answered_by_nobody(method: i128) -> bool {
    matches!(method, 6..=10 | 13..=22 | 28 | 30 | 32 | 34 | 36 | 38 | 40 | 42 | 47..=49 | 51..=53)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::split;
    use crate::pool::{Pool, PoolState};
    use crate::testing::{pipeline_state, pool_state, said};

    const ID: Uuid = Uuid::from_u128(7);

    #[test]
    fn words_of_another_pipeline_are_left_out_and_those_of_the_pool_given_back() {
        let mut pipeline = Pipeline::new(ID);
        let other = Some(Uuid::from_u128(8));
        let bytes = [
            said(Uuid::nil(), other, MessageKind::PipelineState, &pipeline_state(4), 100),
            said(Uuid::nil(), None, MessageKind::RunspacePoolState, &pool_state(3), 100),
        ];
        let others = pipeline.receive(&bytes.concat()).unwrap();
        assert!(!pipeline.has_ended());
        let mut pool = Pool::new(Uuid::nil());
        for message in &others {
            pool.accept(message).unwrap();
        }
        assert_eq!(pool.state(), &PoolState::Closed);
    }

    #[test]
    fn the_first_end_is_the_end() {
        let mut pipeline = Pipeline::new(ID);
        for number in [4, 3] {
            let state = pipeline_state(number);
            pipeline.receive(&said(Uuid::nil(), Some(ID), MessageKind::PipelineState, &state, 100)).unwrap();
        }
        let outcome = pipeline.outcome(SessionFacts::default()).unwrap();
        assert_eq!(outcome.ended, Ended::Completed);
    }

    fn any_message() -> impl Strategy<Value = Vec<u8>> {
        let bodies = vec![
            pipeline_state(2),
            pipeline_state(4),
            pipeline_state(5),
            pool_state(5),
            "<S>x</S>".to_owned(),
            "<Obj RefId='0'><MS><I32 N='PipelineState'>99</I32></MS></Obj>".to_owned(),
            "<Obj RefId='0'><MS><I32 N='mi'>23</I32></MS></Obj>".to_owned(),
            "<Obj".to_owned(),
            String::new(),
        ];
        (0x0004_1002u32..0x0004_1103, prop::sample::select(bodies), any::<bool>()).prop_map(
            |(kind, body, ours)| {
                let message = Message {
                    destination: Destination::Client,
                    kind: MessageKind::from_number(kind),
                    pool: Uuid::nil(),
                    pipeline: ours.then_some(ID),
                    data: body.into_bytes(),
                };
                split(1, &message.write(), 64).concat()
            },
        )
    }

    proptest! {
        #[test]
        fn whatever_is_said_ends_in_one_outcome_or_none(messages in prop::collection::vec(any_message(), 0..30)) {
            let mut pipeline = Pipeline::new(ID);
            let mut pool = Pool::new(Uuid::nil());
            for message in messages {
                let Ok(others) = pipeline.receive(&message) else { break };
                for other in others {
                    let _ = pool.accept(&other);
                }
            }
            let ended = pipeline.has_ended();
            prop_assert_eq!(pipeline.outcome(SessionFacts::default()).is_some(), ended);
        }

        #[test]
        fn any_bytes_are_taken_or_refused(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..10)) {
            let mut pipeline = Pipeline::new(ID);
            let mut pool = Pool::new(Uuid::nil());
            for part in parts {
                let _ = pipeline.receive(&part);
                let _ = pool.receive(&part);
            }
            prop_assert!(!pipeline.has_ended());
        }
    }
}
