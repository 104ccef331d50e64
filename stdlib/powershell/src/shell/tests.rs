//! The shell against a far end that follows a script.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::CheckVerdict;
use uuid::Uuid;

use super::Shell;
use crate::call::{CallError, Command, Ended, Outcome, Refusal, RefusalKind};
use crate::clixml::{Limits, Value, read};
use crate::message::MessageKind as Kind;
use crate::testing::{Call, Say, Scripted, World, error_record, failed, pipeline_state, pool_state, said};
use crate::transport::TransportError;

struct Bench {
    shell: Shell,
    world: Arc<Mutex<World>>,
}

fn bench(world: World) -> Bench {
    let world = Arc::new(Mutex::new(world));
    let far_end = Arc::clone(&world);
    let mut shell = Shell::over(move || Box::new(Scripted::new(Arc::clone(&far_end))));
    shell.patience.last_words = Duration::from_millis(20);
    Bench { shell, world }
}

impl Bench {
    async fn run(&self) -> Result<Outcome, CallError> {
        self.shell.run(&command(), &Call::default()).await
    }

    fn log(&self) -> Vec<String> {
        self.world.lock().unwrap().log.clone()
    }
}

fn command() -> Command {
    Command {
        cmdlet: "New-MailUser".into(),
        parameters: vec![("Name".into(), "x".into()), ("Confirm".into(), false.into())],
    }
}

fn says(messages: Vec<(Kind, String)>) -> Say {
    Say::Messages(messages)
}

fn completed() -> Say {
    Say::Last(vec![(Kind::PipelineState, pipeline_state(4))])
}

fn speech(says: impl IntoIterator<Item = Say>) -> World {
    World { says: says.into_iter().collect(), ..World::default() }
}

fn refusal_of(kind: RefusalKind) -> TransportError {
    TransportError::Refused(Refusal { kind, message: "no".into(), advice: None })
}

fn refused_as(result: Result<Outcome, CallError>) -> RefusalKind {
    match result {
        Err(CallError::Refused(refusal)) => refusal.kind,
        other => panic!("{other:?}"),
    }
}

fn unknown(result: Result<Outcome, CallError>) -> String {
    match result {
        Err(CallError::Unknown { message }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_command_says_everything_it_has_to() {
    let bench = bench(speech([
        says(vec![
            (Kind::PipelineState, pipeline_state(2)),
            (Kind::PipelineOutput, "<S>one</S>".into()),
            (Kind::ErrorRecord, error_record(None, "A.NotFoundException", "NotFound,Get-X")),
            (
                Kind::WarningRecord,
                "<Obj RefId='0'><MS><S N='InformationalRecord_Message'>careful</S></MS></Obj>".into(),
            ),
            (Kind::InformationRecord, "no CLIXML at all".into()),
            (Kind::Unknown(0x0004_9999), "whatever".into()),
        ]),
        Say::Nothing,
        says(vec![(Kind::PipelineOutput, "<I32>2</I32>".into()), (Kind::ErrorRecord, "<".into())]),
        completed(),
    ]));
    let outcome = bench.run().await.unwrap();
    assert_eq!(outcome.ended, Ended::Completed);
    assert_eq!(outcome.output, [Value::from("one"), Value::from(2)]);
    assert_eq!(outcome.warnings, ["careful"]);
    assert_eq!(outcome.errors[0].exception_types[0], "A.NotFoundException");
    assert_eq!(outcome.errors[0].message, "Der Parameter wurde nicht gefunden.");
    assert!(outcome.errors[1].message.contains("cannot be read"), "an error is never lost");
    assert_eq!(outcome.session.server, "scripted");

    bench.world.lock().unwrap().says.push_back(completed());
    bench.run().await.unwrap();
    bench.shell.close().await;
    assert_eq!(
        bench.log(),
        ["open", "start", "finish", "start", "finish", "close"],
        "one session serves both"
    );
    bench.shell.close().await;
    assert_eq!(bench.log().len(), 6, "closed once");
}

#[tokio::test]
async fn a_terminating_error_is_an_outcome() {
    let bench = bench(speech([says(vec![
        (Kind::PipelineOutput, "<S>before</S>".into()),
        (
            Kind::PipelineState,
            failed(
                "System.Management.Automation.ParameterBindingException",
                "NamedParameterNotFound,New-MailUser",
            ),
        ),
    ])]));
    let outcome = bench.run().await.unwrap();
    let Ended::Failed(record) = outcome.ended else { panic!("{:?}", outcome.ended) };
    assert_eq!(record.fully_qualified_error_id, "NamedParameterNotFound,New-MailUser");
    assert_eq!(outcome.output.len(), 1, "what came before is kept");
}

#[tokio::test]
async fn a_cmdlet_and_its_parameters_are_said_as_such() {
    let text = "x; Remove-Item * | $(whoami) <B>\r\n_x000A_ \u{1f600}".repeat(10_000);
    let bench = bench(World { fragment_max: Some(700), ..speech([completed()]) });
    let parameters = vec![("Name".into(), Value::from(text.as_str())), ("Force".into(), true.into())];
    bench.shell.run(&Command { cmdlet: "New-X".into(), parameters }, &Call::default()).await.unwrap();
    let world = bench.world.lock().unwrap();
    let message = &read(&world.started[0].data, &Limits::default()).unwrap()[0];
    let Some(Value::List(commands)) = message.get("PowerShell").and_then(|shell| shell.get("Cmds")) else {
        panic!("{message:?}")
    };
    assert_eq!(commands.len(), 1);
    assert_eq!(commands[0].get("Cmd"), Some(&"New-X".into()));
    assert_eq!(commands[0].get("IsScript"), Some(&false.into()));
    let Some(Value::List(arguments)) = commands[0].get("Args") else { panic!("{commands:?}") };
    assert_eq!(arguments[0].get("V"), Some(&text.as_str().into()));
    assert_eq!((arguments[1].get("N"), arguments[1].get("V")), (Some(&"Force".into()), Some(&true.into())));
    assert_eq!(message.get("HostInfo").and_then(|host| host.get("_isHostNull")), Some(&true.into()));
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_without_a_session() {
    let bench = bench(World::default());
    for (cmdlet, parameter, value) in [
        ("Set-X", "Size", Value::Int(i128::MAX)),
        ("Set-X", "Size; whoami", Value::Nil),
        ("Set-X", "", Value::Nil),
        ("whoami", "Size", Value::Nil),
        ("C:\\Set-X", "Size", Value::Nil),
        ("Set-X; whoami", "Size", Value::Nil),
        ("-", "Size", Value::Nil),
    ] {
        let command = Command { cmdlet: cmdlet.into(), parameters: vec![(parameter.into(), value)] };
        let result = bench.shell.run(&command, &Call::default()).await;
        assert_eq!(refused_as(result), RefusalKind::Settings, "{command:?}");
    }
    assert!(bench.log().is_empty());
}

#[tokio::test]
async fn a_prompt_is_stopped_and_failed() {
    let call = "<Obj RefId='0'><MS><I64 N='ci'>1</I64><Obj RefId='1' N='mi'><ToString>PromptForChoice</ToString><I32>26</I32></Obj>\
        <Obj RefId='2' N='mp'><LST><S>Best\u{e4}tigung</S><S>Wirklich?</S><I32>0</I32></LST></Obj></MS></Obj>";
    let words = "<Obj RefId='0'><MS><I64 N='ci'>-100</I64><Obj RefId='1' N='mi'><ToString>WriteLine2</ToString><I32>16</I32></Obj></MS></Obj>";
    let mut world = speech([
        says(vec![(Kind::PipelineHostCall, words.into())]),
        says(vec![(Kind::PipelineHostCall, call.into())]),
    ]);
    world.last_words.push_back(says(vec![(Kind::PipelineState, pipeline_state(3))]));
    let bench = bench(world);
    let Ended::Failed(record) = bench.run().await.unwrap().ended else { panic!("it was not answered") };
    assert_eq!(record.exception_types[0], "System.Management.Automation.Host.HostException");
    assert!(
        record.message.contains("nobody can answer") && record.message.contains("Wirklich?"),
        "{}",
        record.message
    );
    assert_eq!(bench.log(), ["open", "start", "stop", "close"]);
}

#[tokio::test]
async fn a_cancelled_command_is_stopped_and_heard_out() {
    for (last_words, expected) in [
        (vec![says(vec![(Kind::PipelineState, pipeline_state(3))])], Some(Ended::Stopped)),
        (vec![Say::Nothing, completed()], Some(Ended::Completed)),
        (vec![], None),
        (vec![Say::Trouble(TransportError::Gone { message: "away".into() })], None),
    ] {
        let mut world = World::default();
        world.last_words.extend(last_words);
        let bench = bench(world);
        let call = Call { looks_left: AtomicU32::new(8), ..Call::default() };
        match (bench.shell.run(&command(), &call).await, expected) {
            (Ok(outcome), Some(ended)) => assert_eq!(outcome.ended, ended),
            (Err(CallError::Unknown { message }), None) => {
                assert!(message.contains("cancelled"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(bench.log(), ["open", "start", "stop", "close"]);
    }
}

#[tokio::test]
async fn nothing_is_sent_for_a_call_that_is_over() {
    let bench = bench(World::default());
    let call = Call { looks_left: AtomicU32::new(0), ..Call::default() };
    assert_eq!(refused_as(bench.shell.run(&command(), &call).await), RefusalKind::Cancelled);
    let call = Call { time_left: Duration::ZERO, ..Call::default() };
    assert_eq!(refused_as(bench.shell.run(&command(), &call).await), RefusalKind::Unreachable);
    assert!(bench.log().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_the_outcome_unknown() {
    let state = said(Uuid::nil(), None, Kind::PipelineState, &pipeline_state(4), 1000);
    let mut gap = state.clone();
    gap[15] = 5;
    for say in [
        Say::Trouble(TransportError::Gone { message: "the shell was not found".into() }),
        Say::Trouble(TransportError::Lost { message: "connection reset".into() }),
        Say::Trouble(refusal_of(RefusalKind::SignIn)),
        Say::Last(vec![(Kind::PipelineOutput, "<S>x</S>".into())]),
        Say::Bytes(gap),
        says(vec![(Kind::PipelineOutput, "<S>cut".into())]),
        says(vec![(Kind::PipelineState, "<S>odd</S>".into())]),
    ] {
        let bench = bench(speech([say]));
        assert!(unknown(bench.run().await).contains("New-MailUser"));
        assert_eq!(bench.log(), ["open", "start", "close"], "not sent again, and nothing is left open");
    }
    let bench = bench(World {
        starts: [TransportError::Lost { message: "reset".into() }].into(),
        ..World::default()
    });
    unknown(bench.run().await);
    assert_eq!(bench.log(), ["open", "start", "close"]);
}

#[tokio::test]
async fn output_is_asked_for_again_where_the_question_was_not_heard() {
    let busy = || Say::Trouble(refusal_of(RefusalKind::Busy));
    let bench_ = bench(speech([busy(), busy(), completed()]));
    assert_eq!(bench_.run().await.unwrap().ended, Ended::Completed);
    let bench_ = bench(speech([busy(), busy(), busy(), busy(), busy(), busy(), completed()]));
    unknown(bench_.run().await);
}

#[tokio::test]
async fn a_session_that_is_gone_is_opened_again_once() {
    let gone = || TransportError::Gone { message: "InvalidSelectors".into() };
    let bench_ = bench(World { starts: [gone()].into(), ..speech([completed()]) });
    assert_eq!(bench_.run().await.unwrap().ended, Ended::Completed);
    assert_eq!(bench_.log(), ["open", "start", "close", "open", "start", "finish"]);
    let bench_ = bench(World { starts: [gone(), gone()].into(), ..World::default() });
    assert_eq!(refused_as(bench_.run().await), RefusalKind::Unreachable);
}

#[tokio::test]
async fn an_idle_session_is_not_trusted() {
    let bench = bench(speech([completed(), completed(), completed()]));
    let call = Call::default();
    bench.shell.run(&command(), &call).await.unwrap();
    call.now.fetch_add(9 * 60_000, Ordering::SeqCst);
    bench.shell.run(&command(), &call).await.unwrap();
    call.now.fetch_add(11 * 60_000, Ordering::SeqCst);
    bench.shell.run(&command(), &call).await.unwrap();
    assert_eq!(
        bench.log(),
        ["open", "start", "finish", "start", "finish", "close", "open", "start", "finish"]
    );
}

#[tokio::test]
async fn a_quota_is_waited_for_a_little() {
    let quota = || refusal_of(RefusalKind::Quota);
    let bench_ = bench(World { opens: [quota(), quota()].into(), ..speech([completed()]) });
    assert_eq!(bench_.run().await.unwrap().ended, Ended::Completed);
    assert_eq!(bench_.log(), ["open", "close", "open", "close", "open", "start", "finish"]);
    let bench_ = bench(World { opens: [quota(), quota(), quota()].into(), ..World::default() });
    assert_eq!(refused_as(bench_.run().await), RefusalKind::Quota);
    let bench_ = bench(World { opens: [refusal_of(RefusalKind::SignIn)].into(), ..World::default() });
    assert_eq!(refused_as(bench_.run().await), RefusalKind::SignIn);
    assert_eq!(bench_.log(), ["open", "close"], "what waiting does not mend is not tried again");
}

#[tokio::test]
async fn a_pool_that_does_not_open() {
    let record = error_record(Some("ExceptionAsErrorRecord"), "A.Exception", "x").replace(">5<", ">18<");
    let broken = format!("<Obj RefId='0'><MS><I32 N='RunspaceState'>5</I32>{record}</MS></Obj>");
    let version = "<Obj RefId='0'><MS><Version N='protocolversion'>3.0</Version></MS></Obj>";
    for (says, kind, words) in [
        ((Kind::RunspacePoolState, broken), RefusalKind::Denied, "nicht gefunden"),
        ((Kind::RunspacePoolState, pool_state(3)), RefusalKind::Protocol, "closed"),
        ((Kind::RunspacePoolState, "<S/>".into()), RefusalKind::Protocol, "RunspaceState"),
        ((Kind::SessionCapability, version.into()), RefusalKind::Protocol, "version 3.0"),
    ] {
        let bench = bench(World { pool: Some(vec![says]), ..World::default() });
        let Err(CallError::Refused(refusal)) = bench.run().await else { panic!("it opened") };
        assert_eq!(refusal.kind, kind);
        assert!(refusal.message.contains(words), "{}", refusal.message);
        assert_eq!(bench.log(), ["open", "close"]);
    }
}

#[tokio::test]
async fn words_by_the_thousand_are_not_gathered() {
    let mut messages: Vec<(Kind, String)> =
        (0..5000).map(|_| (Kind::ProgressRecord, "<S>working</S>".to_owned())).collect();
    messages.extend((0..500).map(|_| (Kind::WarningRecord, "<S>careful</S>".to_owned())));
    messages.extend((0..1500).map(|_| (Kind::ErrorRecord, "<S>bad</S>".to_owned())));
    let bench = bench(speech([says(messages), completed()]));
    let outcome = bench.run().await.unwrap();
    assert_eq!((outcome.warnings.len(), outcome.errors.len()), (201, 1000));
    assert_eq!(outcome.warnings[200], "(800 more errors and warnings were not kept)");
}

#[tokio::test]
async fn a_session_that_cannot_be_cleared_up_is_not_used_again() {
    let bench = bench(World {
        finish: Some(TransportError::Gone { message: "away".into() }),
        ..speech([completed(), completed()])
    });
    bench.run().await.unwrap();
    bench.run().await.unwrap();
    assert_eq!(bench.log(), ["open", "start", "finish", "close", "open", "start", "finish", "close"]);
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_nothing_open() {
    let mut world = World { last_words: [Say::Nothing].into(), ..World::default() };
    world.says.push_back(Say::Nothing);
    let bench = bench(world);
    let call = Call::default();
    {
        let command = command();
        let mut run = Box::pin(bench.shell.run(&command, &call));
        // Polled until the command is under way, and dropped there.
        while !bench.log().contains(&"start".to_owned()) {
            assert!(futures_poll(&mut run).await.is_none());
        }
    }
    while !bench.log().contains(&"close".to_owned()) {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.log(), ["open", "start", "close"]);
}

/// Polls once; gives the result, if there is one.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut future = std::pin::Pin::new(future);
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn a_start_up_script_runs_once_in_each_session() {
    let mut bench_ = bench(speech([completed(), completed(), completed()]));
    bench_.shell.startup = Some(". Start.ps1".into());
    bench_.run().await.unwrap();
    bench_.run().await.unwrap();
    assert_eq!(bench_.log(), ["open", "start", "finish", "start", "finish", "start", "finish"]);
    {
        let world = bench_.world.lock().unwrap();
        let scripts: Vec<bool> = world
            .started
            .iter()
            .map(|message| String::from_utf8_lossy(&message.data).contains("<B N=\"IsScript\">true</B>"))
            .collect();
        assert_eq!(scripts, [true, false, false]);
    }

    let mut bench_ = bench(speech([says(vec![(Kind::PipelineState, failed("A.Exception", "x"))])]));
    bench_.shell.startup = Some(". Start.ps1".into());
    let Err(CallError::Refused(refusal)) = bench_.run().await else { panic!("it ran") };
    assert_eq!(refusal.kind, RefusalKind::Settings);
    assert!(refusal.message.contains("start-up script"), "{}", refusal.message);
}

#[tokio::test]
async fn an_examination_leaves_the_session_alone() {
    let mut bench_ = bench(speech([completed()]));
    bench_.run().await.unwrap();
    let checks = bench_.shell.examine(&Call::default()).await;
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].verdict, CheckVerdict::So);
    assert!(checks[0].seen.contains("2.3"), "{}", checks[0].seen);
    assert_eq!(bench_.log(), ["open", "start", "finish", "open", "close"]);

    bench_ = bench(World { opens: [refusal_of(RefusalKind::Quota)].into(), ..World::default() });
    let checks = bench_.shell.examine(&Call::default()).await;
    assert_eq!(checks[0].verdict, CheckVerdict::NotSo);
    assert!(checks[0].advice.as_deref().unwrap_or_default().contains("idle"), "{checks:?}");

    let errors = says(vec![(Kind::ErrorRecord, error_record(None, "A.Exception", "x"))]);
    bench_ = bench(speech([errors, completed()]));
    bench_.shell.startup = Some(". Start.ps1".into());
    let checks = bench_.shell.examine(&Call::default()).await;
    assert_eq!((checks[1].name.as_str(), checks[1].verdict), ("start-up", CheckVerdict::NotSo));
}
