//! Exchange over PowerShell remoting: typed parameters in, objects and error records out.

use async_trait::async_trait;
use contracts::{CallContext, Check};
use model::Value;
use model::value::Map;
use powershell::clixml::Value as Clixml;
use powershell::{CallError, Connection, Ended, ErrorRecord, Outcome, RemoteAuth, SessionFacts, Shell};
use serde_json::Value as Json;

use crate::exception::{is_before_it_ran, meaning};
use crate::shell::{Command, ExchangeShell, Reply, ShellError, ShellErrorKind};

/// How many error records beside the first one are kept as evidence.
const OTHERS_MAX: usize = 20;

/// The Exchange server that a connection leads to. Opens its session with the first command and opens it anew when it is
/// gone.
pub struct RemotingShell {
    runner: Box<dyn Runner>,
    account: Option<String>,
}

impl RemotingShell {
    pub fn new(connection: Connection) -> RemotingShell {
        let account = match &connection {
            Connection::Remote(settings) => match &settings.auth {
                RemoteAuth::Basic { user, .. } => Some(user.clone()),
                // Whoever is logged on; the ticket's owner is not asked.
                RemoteAuth::Kerberos => None,
            },
            Connection::Local(_) => None,
        };
        RemotingShell { runner: Box::new(Shell::new(connection)), account }
    }
}

/// What is used of [`Shell`].
#[async_trait]
trait Runner: Send + Sync {
    async fn run(
        &self,
        command: &powershell::Command,
        context: &dyn CallContext,
    ) -> Result<Outcome, CallError>;
    async fn examine(&self, context: &dyn CallContext) -> Vec<Check>;
    async fn close(&self);
}

#[async_trait]
impl Runner for Shell {
    async fn run(
        &self,
        command: &powershell::Command,
        context: &dyn CallContext,
    ) -> Result<Outcome, CallError> {
        Shell::run(self, command, context).await
    }

    async fn examine(&self, context: &dyn CallContext) -> Vec<Check> {
        Shell::examine(self, context).await
    }

    async fn close(&self) {
        Shell::close(self).await;
    }
}

#[async_trait]
impl ExchangeShell for RemotingShell {
    async fn invoke(&self, command: Command, context: &dyn CallContext) -> Result<Reply, ShellError> {
        let command = wire_command(&command)?;
        match self.runner.run(&command, context).await {
            Ok(outcome) => reply(outcome),
            Err(CallError::Refused(refusal)) => Err(ShellError {
                advice: refusal.advice,
                ..ShellError::new(ShellErrorKind::NoSession(refusal.kind), refusal.message)
            }),
            Err(CallError::Unknown { message }) => {
                Err(ShellError::new(ShellErrorKind::OutcomeUnknown, message))
            }
        }
    }

    async fn examine(&self, context: &dyn CallContext) -> Vec<Check> {
        self.runner.examine(context).await
    }

    fn account(&self) -> Option<String> {
        self.account.clone()
    }

    async fn close(&self) {
        self.runner.close().await;
    }
}

/// The identity first, then by name: the order is the same for the same command.
fn wire_command(command: &Command) -> Result<powershell::Command, ShellError> {
    let mut parameters = Vec::with_capacity(command.parameters.len());
    for (name, value) in &command.parameters {
        let value = clixml(value).ok_or_else(|| {
            let kind = ShellErrorKind::NoSession(powershell::RefusalKind::Settings);
            ShellError::new(
                kind,
                format!("the parameter '{name}' holds a map or a fraction, which cannot be sent"),
            )
        })?;
        parameters.push((name.clone(), value));
    }
    parameters.sort_by(|(left, _), (right, _)| (left != "Identity", left).cmp(&(right != "Identity", right)));
    Ok(powershell::Command { cmdlet: command.cmdlet.clone(), parameters })
}

fn clixml(value: &Json) -> Option<Clixml> {
    Some(match value {
        Json::Null => Clixml::Nil,
        Json::Bool(flag) => Clixml::Bool(*flag),
        Json::String(text) => Clixml::Text(text.clone()),
        Json::Number(number) => Clixml::Int(i128::from(number.as_i64()?)),
        Json::Array(items) => Clixml::List(items.iter().map(clixml).collect::<Option<_>>()?),
        Json::Object(_) => return None,
    })
}

/// Errors are errors, whatever the end is called: most of Exchange's are not terminating.
fn reply(outcome: Outcome) -> Result<Reply, ShellError> {
    let Outcome { ended, output, errors, warnings, session } = outcome;
    let evidence = evidence(&session);
    let (first, others) = match ended {
        Ended::Stopped => {
            return Err(ShellError {
                evidence,
                ..ShellError::new(
                    ShellErrorKind::OutcomeUnknown,
                    "the command was stopped; what it did until then is not known",
                )
            });
        }
        Ended::Failed(record) => (Some(record), errors),
        Ended::Completed => {
            let mut errors = errors.into_iter();
            (errors.next(), errors.collect())
        }
    };
    match first {
        Some(record) => {
            let mut error = shell_error(record, !output.is_empty());
            error.evidence = evidence;
            if !others.is_empty() {
                let others = others.into_iter().take(OTHERS_MAX).map(shown).collect();
                error.evidence.insert("other_errors".into(), Value::List(others));
            }
            Err(error)
        }
        None => Ok(Reply { objects: output.iter().map(Clixml::to_json).collect(), warnings, evidence }),
    }
}

fn shell_error(record: ErrorRecord, has_output: bool) -> ShellError {
    let meaning = meaning(
        &record.exception_types,
        &record.fully_qualified_error_id,
        &record.category_reason,
        record.category,
    );
    let kind = match (is_before_it_ran(meaning), has_output) {
        (true, false) => ShellErrorKind::RefusedBeforeItRan,
        (_, true) => ShellErrorKind::FailedWithOutput,
        (false, false) => ShellErrorKind::Failed,
    };
    let target =
        if record.category_target_name.is_empty() { record.target } else { record.category_target_name };
    ShellError {
        exception_types: record.exception_types,
        error_id: record.fully_qualified_error_id,
        category: record.category,
        reason: record.category_reason,
        target,
        ..ShellError::new(kind, record.message)
    }
}

fn shown(record: ErrorRecord) -> Value {
    Value::from([
        ("exception_type", Value::Text(record.exception_types.into_iter().next().unwrap_or_default())),
        ("error_id", Value::Text(record.fully_qualified_error_id)),
        ("message", Value::Text(record.message)),
    ])
}

fn evidence(session: &SessionFacts) -> Map {
    [
        ("shell_id", session.shell_id.as_str()),
        ("pipeline_id", session.pipeline_id.as_str()),
        ("server", session.server.as_str()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (name.to_owned(), Value::text(value)))
    .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use contracts::SecretText;
    use model::{Failure, RunId, Timestamp};
    use powershell::clixml::Object;
    use powershell::{Refusal, RefusalKind};
    use serde_json::json;

    use super::*;

    /// Answers once, and writes down what it was sent.
    struct Once {
        answer: Mutex<Option<Result<Outcome, CallError>>>,
        sent: Mutex<Vec<powershell::Command>>,
    }

    #[async_trait]
    impl Runner for std::sync::Arc<Once> {
        async fn run(
            &self,
            command: &powershell::Command,
            _context: &dyn CallContext,
        ) -> Result<Outcome, CallError> {
            self.sent.lock().unwrap().push(command.clone());
            self.answer.lock().unwrap().take().unwrap()
        }

        async fn examine(&self, _context: &dyn CallContext) -> Vec<Check> {
            vec![Check::so("exchange", "dns", "ex1")]
        }

        async fn close(&self) {}
    }

    struct Nobody;

    #[async_trait]
    impl CallContext for Nobody {
        fn run(&self) -> Option<RunId> {
            None
        }

        fn now(&self) -> Timestamp {
            Timestamp::parse_rfc3339("2026-06-01T08:00:00Z").unwrap()
        }

        fn time_left(&self) -> Duration {
            Duration::from_secs(30)
        }

        fn pin(&self, _name: &str) -> Option<Value> {
            None
        }

        fn set_pin(&self, _name: &str, _value: Value) -> Result<(), Failure> {
            Ok(())
        }

        fn secret(&self, name: &str) -> Result<SecretText, Failure> {
            Err(Failure::bug(format!("nobody asks for '{name}' here")))
        }

        async fn sending(&self, _request: &str, _facts: Map) -> Result<(), Failure> {
            Ok(())
        }

        fn cancelled(&self) -> bool {
            false
        }
    }

    fn outcome(ended: Ended, output: Vec<Clixml>, errors: Vec<ErrorRecord>) -> Outcome {
        let session =
            SessionFacts { shell_id: "S-1".into(), pipeline_id: "P-1".into(), server: "EX1".into() };
        Outcome { ended, output, errors, warnings: vec!["careful".into()], session }
    }

    fn record(types: &[&str], id: &str, category: i32, message: &str) -> ErrorRecord {
        ErrorRecord {
            exception_types: types.iter().map(|name| (*name).to_owned()).collect(),
            fully_qualified_error_id: id.into(),
            category,
            message: message.into(),
            ..ErrorRecord::default()
        }
    }

    async fn asked(
        answer: Result<Outcome, CallError>,
        parameters: Json,
    ) -> (Result<Reply, ShellError>, Vec<powershell::Command>) {
        let once = std::sync::Arc::new(Once { answer: Mutex::new(Some(answer)), sent: Mutex::default() });
        let shell = RemotingShell { runner: Box::new(std::sync::Arc::clone(&once)), account: None };
        let command =
            Command { cmdlet: "Set-MailUser".into(), parameters: parameters.as_object().unwrap().clone() };
        let reply = shell.invoke(command, &Nobody).await;
        assert_eq!(shell.examine(&Nobody).await.len(), 1);
        shell.close().await;
        let sent = std::mem::take(&mut *once.sent.lock().unwrap());
        (reply, sent)
    }

    #[tokio::test]
    async fn parameters_are_typed_and_objects_come_as_exchange_names_them() {
        let account = Object {
            types: vec!["Deserialized.Microsoft.Exchange.Data.Directory.ADObjectId".into()],
            text: Some("contoso.lab/Users/x".into()),
            properties: vec![("ObjectGuid".into(), Clixml::Guid("ab".into()))],
            ..Object::default()
        };
        let row = Object {
            properties: vec![
                ("Enabled".into(), Clixml::Text("True".into())),
                ("LinkedAccount".into(), Clixml::Object(Box::new(account))),
                ("RawData".into(), Clixml::Bytes(vec![1, 2])),
            ],
            ..Object::default()
        };
        let given = json!({
            "Enabled": true, "Count": 7, "Identity": "x", "Names": ["a", 2], "LinkedAccount": null,
        });
        let answer = outcome(Ended::Completed, vec![Clixml::Object(Box::new(row))], vec![]);
        let (reply, sent) = asked(Ok(answer), given).await;
        let reply = reply.unwrap();
        assert_eq!(
            reply.objects,
            [json!({
                "Enabled": "True",
                "LinkedAccount": { "ToString": "contoso.lab/Users/x", "ObjectGuid": "ab" },
                "RawData": "AQI=",
            })]
        );
        assert_eq!(crate::answer::flag(&reply.objects[0], "Enabled"), Some(true));
        assert_eq!(reply.warnings, ["careful"]);
        assert_eq!(reply.evidence.get("shell_id"), Some(&Value::text("S-1")));
        assert_eq!(reply.evidence.get("server"), Some(&Value::text("EX1")));
        assert_eq!(sent.len(), 1);
        assert_eq!(
            sent[0].parameters,
            [
                ("Identity", Clixml::Text("x".into())),
                ("Count", Clixml::Int(7)),
                ("Enabled", Clixml::Bool(true)),
                ("LinkedAccount", Clixml::Nil),
                ("Names", Clixml::List(vec![Clixml::Text("a".into()), Clixml::Int(2)])),
            ]
            .map(|(name, value)| (name.to_owned(), value))
        );
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_not() {
        for value in [json!({ "a": 1 }), json!(1.5), json!([{ "a": 1 }]), json!(u64::MAX)] {
            let answer = outcome(Ended::Completed, vec![], vec![]);
            let (reply, sent) = asked(Ok(answer), json!({ "Odd": value })).await;
            assert_eq!(reply.unwrap_err().kind, ShellErrorKind::NoSession(RefusalKind::Settings));
            assert!(sent.is_empty());
        }
    }

    #[tokio::test]
    async fn an_error_record_is_an_error_however_the_pipeline_ended() {
        let exists = "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException";
        let binding = "System.Management.Automation.ParameterBindingException";
        let german = "Das Objekt ist bereits vorhanden.";
        let text = || vec![Clixml::Text("x".into())];
        for (ended, output, errors, kind) in [
            (Ended::Completed, vec![], vec![record(&[exists], "A,B", 0, german)], ShellErrorKind::Failed),
            (
                Ended::Completed,
                text(),
                vec![record(&[exists], "A,B", 0, german)],
                ShellErrorKind::FailedWithOutput,
            ),
            (Ended::Failed(record(&[exists], "A,B", 0, german)), vec![], vec![], ShellErrorKind::Failed),
            (
                Ended::Failed(record(&[binding], "NamedParameterNotFound,Set-MailUser", 5, german)),
                vec![],
                vec![],
                ShellErrorKind::RefusedBeforeItRan,
            ),
        ] {
            let (reply, _) = asked(Ok(outcome(ended, output, errors)), json!({})).await;
            let error = reply.unwrap_err();
            assert_eq!(error.kind, kind);
            assert_eq!(error.message, german);
            assert_eq!(error.evidence.get("pipeline_id"), Some(&Value::text("P-1")));
            assert_eq!(error.evidence.get("other_errors"), None);
        }
        let both = vec![record(&[exists], "A,B", 1002, german), record(&[binding], "C,D", 5, "zweitens")];
        let (reply, _) = asked(Ok(outcome(Ended::Completed, vec![], both)), json!({})).await;
        let error = reply.unwrap_err();
        assert_eq!((error.error_id.as_str(), error.category), ("A,B", 1002));
        let others = error.evidence.get("other_errors").unwrap().as_list().unwrap();
        assert_eq!(others[0].get("message"), Some(&Value::text("zweitens")));
    }

    #[tokio::test]
    async fn no_session_no_answer_and_stopped() {
        let refusal = |kind| {
            Err(CallError::Refused(Refusal {
                kind,
                message: "POST https://ex1/PowerShell/: HTTP 404".into(),
                advice: Some("mend it".into()),
            }))
        };
        for (answer, kind, advised) in [
            (refusal(RefusalKind::SignIn), ShellErrorKind::NoSession(RefusalKind::SignIn), true),
            (refusal(RefusalKind::Quota), ShellErrorKind::NoSession(RefusalKind::Quota), true),
            (Err(CallError::Unknown { message: "cut".into() }), ShellErrorKind::OutcomeUnknown, false),
            (Ok(outcome(Ended::Stopped, vec![], vec![])), ShellErrorKind::OutcomeUnknown, false),
        ] {
            let (reply, _) = asked(answer, json!({})).await;
            let error = reply.unwrap_err();
            assert_eq!((error.kind, error.advice.is_some()), (kind, advised));
        }
    }
}
