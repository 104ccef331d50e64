//! The local transport: against a server that speaks the lines in memory, and against real processes.

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

use super::process::{Launched, Process};
use super::{Duration, Local, LocalSettings, Refusal, RefusalKind, Transport, TransportError, Uuid};
use crate::call::{CallError, Command, Ended, Outcome};
use crate::clixml::Value;
use crate::message::{Defragmenter, Message, MessageKind as Kind};
use crate::shell::Shell;
use crate::testing::{CAPABILITY, Call, pipeline_state, pool_state, said};

/// What the server in memory does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Fault {
    #[default]
    None,
    /// Words of a profile between the lines, some without end.
    Noise,
    /// Everything in small pieces.
    Pieces,
    /// Ends before it takes the command.
    GoneAtCommand,
    /// Ends when it has the whole command.
    GoneAfterCommand,
    /// Takes the command, and answers only when it is stopped.
    Silent,
    /// Never acknowledges anything.
    Deaf,
}

struct Server {
    output: DuplexStream,
    fault: Fault,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn say(&mut self, line: &str) {
        if self.fault == Fault::Noise {
            self.output.write_all(b"WARNING: <profile> took 500ms\r\n<Data\r\n\xff\xfe\r\n").await.unwrap();
        }
        let step = if self.fault == Fault::Pieces { 7 } else { line.len() };
        for part in line.as_bytes().chunks(step) {
            self.output.write_all(part).await.unwrap();
        }
        self.output.write_all(b"\r\n").await.unwrap();
    }

    async fn tell(&mut self, pool: Uuid, pipeline: Option<Uuid>, messages: &[(Kind, String)]) {
        for (kind, body) in messages {
            let bytes = said(pool, pipeline, *kind, body, 2000);
            let id = pipeline.unwrap_or_default();
            self.say(&format!("<Data Stream='Default' PSGuid='{id}'>{}</Data>", STANDARD.encode(bytes)))
                .await;
        }
    }

    async fn serve(mut self, input: DuplexStream) {
        let mut lines = BufReader::new(input).lines();
        let mut pool_stream = Defragmenter::new(1 << 20);
        let mut command_stream = Defragmenter::new(8 << 20);
        let mut pool = Uuid::nil();
        while let Ok(Some(line)) = lines.next_line().await {
            let name: String =
                line.trim_start_matches('<').chars().take_while(char::is_ascii_alphabetic).collect();
            let id =
                Uuid::parse_str(line.split("PSGuid='").nth(1).unwrap().split('\'').next().unwrap()).unwrap();
            let of_pool = if id.is_nil() { " of the pool" } else { "" };
            self.log.lock().unwrap().push(format!("{name}{of_pool}"));
            if self.fault == Fault::Deaf {
                continue;
            }
            if name == "Command" && self.fault == Fault::GoneAtCommand {
                return;
            }
            if name != "Data" {
                if name == "Signal" {
                    self.tell(pool, Some(id), &[(Kind::PipelineState, pipeline_state(3))]).await;
                }
                self.say(&format!("<{name}Ack PSGuid='{id}' />")).await;
                continue;
            }
            let body = line.split('>').nth(1).unwrap().split('<').next().unwrap();
            let bytes = STANDARD.decode(body).unwrap();
            assert!(bytes.len() <= 32 << 10, "a fragment of {} bytes", bytes.len());
            let stream = if id.is_nil() { &mut pool_stream } else { &mut command_stream };
            let messages = stream.push(&bytes).unwrap();
            if self.fault == Fault::GoneAfterCommand && !id.is_nil() && !messages.is_empty() {
                return;
            }
            self.say(&format!("<DataAck PSGuid='{id}' />")).await;
            for message in messages {
                let message = Message::read(&message).unwrap();
                pool = message.pool;
                match message.kind {
                    Kind::InitRunspacePool => {
                        let opened = [
                            (Kind::SessionCapability, CAPABILITY.to_owned()),
                            (Kind::RunspacePoolState, pool_state(2)),
                        ];
                        self.tell(pool, None, &opened).await;
                    }
                    Kind::CreatePipeline if self.fault != Fault::Silent => {
                        let long = format!("<S>{}</S>", "\u{e4}".repeat(5000));
                        let answer = [(Kind::PipelineOutput, long), (Kind::PipelineState, pipeline_state(4))];
                        self.tell(pool, Some(id), &answer).await;
                    }
                    _ => {}
                }
            }
        }
    }
}

/// A transport whose process is a task of this test.
fn in_memory(fault: Fault, log: Arc<Mutex<Vec<String>>>) -> Local {
    Local {
        program: "powershell.exe".into(),
        launch: Box::new(move || {
            // So small that nobody could write a whole fragment without being read.
            let (input, from_client) = tokio::io::duplex(500);
            let (to_client, output) = tokio::io::duplex(500);
            tokio::spawn(Server { output: to_client, fault, log: Arc::clone(&log) }.serve(from_client));
            Ok(Launched { input: Box::new(input), output: Box::new(output), process: Process::none() })
        }),
        running: None,
        pool: Uuid::nil(),
    }
}

fn shell(fault: Fault, log: &Arc<Mutex<Vec<String>>>) -> Shell {
    let log = Arc::clone(log);
    Shell::over(move || Box::new(in_memory(fault, Arc::clone(&log))))
}

async fn run(fault: Fault, parameter: &str, call: &Call) -> (Result<Outcome, CallError>, Vec<String>) {
    let log = Arc::default();
    let shell = shell(fault, &log);
    let parameters = vec![("Name".into(), Value::from(parameter))];
    let result = shell.run(&Command { cmdlet: "Get-X".into(), parameters }, call).await;
    shell.close().await;
    let log = log.lock().unwrap().clone();
    (result, log)
}

#[tokio::test]
async fn one_command_over_the_lines() {
    for fault in [Fault::None, Fault::Noise, Fault::Pieces] {
        let (result, log) = run(fault, "x", &Call::default()).await;
        let outcome = result.unwrap();
        assert_eq!(outcome.ended, Ended::Completed);
        assert_eq!(outcome.output, [Value::Text("\u{e4}".repeat(5000))], "{fault:?}");
        assert_eq!(
            log,
            ["Data of the pool", "Data of the pool", "Command", "Data", "Close", "Close of the pool"],
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_long_parameter_goes_in_fragments_while_the_server_talks() {
    let (result, log) = run(Fault::Noise, &"\u{20ac}".repeat(400_000 / 3), &Call::default()).await;
    assert_eq!(result.unwrap().ended, Ended::Completed);
    assert!(log.iter().filter(|line| *line == "Data").count() > 10, "{log:?}");
}

#[tokio::test]
async fn an_end_before_the_command_is_no_doubt_and_one_after_it_is() {
    let (result, log) = run(Fault::GoneAtCommand, "x", &Call::default()).await;
    assert!(matches!(result, Err(CallError::Refused(_))), "{result:?}");
    assert!(!log.contains(&"Data".to_owned()), "{log:?}");
    let (result, _) = run(Fault::GoneAfterCommand, "x", &Call::default()).await;
    let Err(CallError::Unknown { message }) = result else { panic!("{result:?}") };
    assert!(message.contains("powershell.exe") && message.contains("closed its output"), "{message}");
}

#[tokio::test]
async fn a_cancelled_command_gets_a_signal() {
    let call = Call { looks_left: AtomicU32::new(8), ..Call::default() };
    let (result, log) = run(Fault::Silent, "x", &call).await;
    assert_eq!(result.unwrap().ended, Ended::Stopped);
    assert_eq!(log[log.len() - 3..], ["Signal", "Close", "Close of the pool"]);
}

#[tokio::test]
async fn a_process_that_never_answers_is_given_up() {
    let call = Call { looks_left: AtomicU32::new(2), ..Call::default() };
    let shell = shell(Fault::Deaf, &Arc::default());
    let result = shell.run(&Command { cmdlet: "Get-X".into(), parameters: Vec::new() }, &call).await;
    let Err(CallError::Refused(refusal)) = result else { panic!("{result:?}") };
    assert_eq!(refusal.kind, RefusalKind::Cancelled);
}

fn settings(program: &str, arguments: &[&str]) -> LocalSettings {
    LocalSettings {
        program: program.into(),
        arguments: arguments.iter().map(|one| (*one).to_owned()).collect(),
        startup: None,
    }
}

async fn refusal_of(settings: LocalSettings) -> Refusal {
    let shell = Shell::new(crate::Connection::Local(settings));
    let command = Command { cmdlet: "Get-X".into(), parameters: Vec::new() };
    match shell.run(&command, &Call::default()).await {
        Err(CallError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_program_that_is_not_there() {
    let refusal = refusal_of(settings("/nowhere/powershell.exe", &[])).await;
    assert_eq!(refusal.kind, RefusalKind::Settings);
    assert!(refusal.message.contains("/nowhere/powershell.exe"), "{}", refusal.message);
    assert!(refusal.advice.is_some());
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_that_is_no_powershell() {
    let script =
        "echo loading; head -c 2000000 /dev/zero | tr '\\0' x; echo; echo 'no such command' >&2; exit 3";
    let refusal = refusal_of(settings("/bin/sh", &["-c", script])).await;
    assert_eq!(refusal.kind, RefusalKind::NotPowerShell);
    for words in ["exit status: 3", "no such command", "loading"] {
        assert!(refusal.message.contains(words), "{}", refusal.message);
    }
    assert!(refusal.message.len() < 1000, "{}", refusal.message);
}

#[cfg(unix)]
#[tokio::test]
async fn a_process_that_does_not_go_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("pid");
    let script =
        format!("trap '' TERM; echo $$ > '{}'; while read line; do :; done; exec sleep 1000", mark.display());
    let mut local = Local::new(settings("/bin/sh", &["-c", &script]));
    let call = Call { looks_left: AtomicU32::new(1), ..Call::default() };
    let refused = local.open(Uuid::new_v4(), b"<not a fragment>".to_vec(), &call).await;
    assert!(matches!(refused, Err(TransportError::Refused(_))), "{refused:?}");
    assert!(local.server().contains("process"), "{}", local.server());
    local.close(Duration::from_millis(200)).await;
    let process = std::fs::read_to_string(&mark).unwrap();
    assert!(!std::path::Path::new("/proc").join(process.trim()).exists(), "it is still there");
}
