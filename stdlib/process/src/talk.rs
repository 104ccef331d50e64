//! The talk with one program that runs: a greeting, then one question at a time.

use std::time::Duration;

use model::OwnModule;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::lines::{Lines, NoLine};
use crate::wire::{Answer, PROTOCOL, Say, clean, read_answer};

/// What a program that was told to stop gets to answer in.
const GRACE: Duration = Duration::from_secs(1);
/// How often it is looked whether the answer is still wanted.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(crate) struct Talk<W, R> {
    input: W,
    lines: Lines<R>,
    /// Of the last question.
    id: u64,
}

/// Why a question has no answer, by what that means for a write. Nothing can be asked afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The line was not written to its end, so nobody can have acted on it.
    NotSent(String),
    /// It was sent, and the answer did not come.
    Lost(String),
    /// It was sent, and what came is no answer to it.
    Wrong(String),
}

impl<W: AsyncWrite + Unpin, R: AsyncRead + Unpin> Talk<W, R> {
    pub(crate) fn new(input: W, output: R) -> Talk<W, R> {
        Talk { input, lines: Lines::new(output), id: 0 }
    }

    /// Greets; answers whether the program describes its calls. It must know exactly the functions that are declared.
    pub(crate) async fn greet(
        &mut self,
        module: &OwnModule,
        world: Option<&str>,
        limit: Duration,
    ) -> Result<bool, Broken> {
        let hello = Say::Hello { protocol: PROTOCOL, module: &module.name, world };
        let answer = self.exchange(&hello, limit, &|| false).await?;
        let Answer::Hello { protocol, functions, describes } = answer else {
            return Err(Broken::Wrong("its first line is no hello".to_owned()));
        };
        if protocol != PROTOCOL {
            return Err(Broken::Wrong(format!(
                "it speaks version {protocol} of the protocol, and this is version {PROTOCOL}"
            )));
        }
        let declared: Vec<&str> = module.functions.iter().map(|spec| spec.name.as_str()).collect();
        let missing = declared.iter().find(|name| functions.iter().all(|known| known != *name));
        let stray = functions.iter().find(|name| !declared.contains(&name.as_str()));
        match (missing, stray) {
            (None, None) => Ok(describes),
            (Some(missing), _) => {
                Err(Broken::Wrong(format!("it does not know '{missing}', which is declared")))
            }
            (None, Some(stray)) => Err(Broken::Wrong(format!("it knows '{stray}', which is not declared"))),
        }
    }

    /// Asks and gives the answer to just that question. `unwanted` says when a read's answer is no longer worth waiting for.
    pub(crate) async fn ask<'q>(
        &mut self,
        question: impl FnOnce(u64) -> Say<'q>,
        limit: Duration,
        unwanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Answer, Broken> {
        self.id += 1;
        let say = question(self.id);
        let answer = self.exchange(&say, limit, unwanted).await?;
        let id = match &answer {
            Answer::Reply { id, .. } | Answer::Described { id, .. } | Answer::Failed { id, .. } => *id,
            Answer::Hello { .. } => return Err(Broken::Wrong("it said hello a second time".to_owned())),
        };
        if id == self.id {
            Ok(answer)
        } else {
            Err(Broken::Wrong(format!("it answered call {id}, and was asked call {}", self.id)))
        }
    }

    async fn exchange(
        &mut self,
        say: &Say<'_>,
        limit: Duration,
        unwanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Answer, Broken> {
        let Some(line) = say.line() else {
            return Err(Broken::NotSent("the arguments are longer than a line may be".to_owned()));
        };
        let deadline = Instant::now() + limit;
        let written = timeout_at(deadline, async {
            self.input.write_all(line.as_bytes()).await?;
            self.input.flush().await
        });
        match written.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(Broken::NotSent(format!("it does not read its input: {error}"))),
            Err(_) => return Err(Broken::NotSent(format!("it did not read its input in {limit:?}"))),
        }
        let heard = async {
            loop {
                tokio::select! {
                    heard = self.lines.next() => return Some(heard),
                    () = sleep(LOOK_AGAIN) => if unwanted() { return None },
                }
            }
        };
        let late = match timeout_at(deadline, heard).await {
            Ok(Some(heard)) => return understood(heard),
            Ok(None) => "the run is to stop".to_owned(),
            Err(_) => format!("no answer came in {limit:?}"),
        };
        match self.called_off().await {
            Some(heard) => understood(heard),
            None => Err(Broken::Lost(late)),
        }
    }

    /// Tells the program that nobody waits any longer; what it has to say at once still counts.
    async fn called_off(&mut self) -> Option<Result<Vec<u8>, NoLine>> {
        let line = Say::Cancel { id: self.id }.line()?;
        let last_words = async {
            self.input.write_all(line.as_bytes()).await.ok()?;
            self.input.flush().await.ok()?;
            Some(self.lines.next().await)
        };
        timeout(GRACE, last_words).await.ok().flatten()
    }
}

fn understood(heard: Result<Vec<u8>, NoLine>) -> Result<Answer, Broken> {
    match heard {
        Ok(line) => read_answer(&line).map_err(|why| {
            let shown: String = clean(&String::from_utf8_lossy(&line)).chars().take(120).collect();
            Broken::Wrong(format!("its line '{shown}' is no answer: {why}"))
        }),
        Err(NoLine::End) => Err(Broken::Lost("it ended without an answer".to_owned())),
        Err(NoLine::Cut(why)) => Err(Broken::Lost(why)),
        Err(NoLine::TooLong) => Err(Broken::Wrong("its line is longer than a line may be".to_owned())),
    }
}

/// What is left for the answer itself, when calling it off and being heard must fit too.
pub(crate) fn limit_within(left: Duration) -> Duration {
    left.saturating_sub((2 * GRACE).min(left / 2))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::value::Map;
    use model::{Effect, FunctionSpec};
    use tokio::io::{AsyncBufReadExt as _, BufReader, DuplexStream};

    use super::*;
    use crate::wire::LINE_BYTES_MAX;

    const LONG: Duration = Duration::from_mins(1);
    const HELLO: &str = r#"{"type":"hello","protocol":1,"functions":["note"]}"#;

    /// A program that answers line by line as the list says, whatever it is asked, and ends.
    fn program(answers: &[&str]) -> Talk<DuplexStream, DuplexStream> {
        let (input, theirs) = tokio::io::duplex(1 << 16);
        let (mut answering, output) = tokio::io::duplex(1 << 16);
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        tokio::spawn(async move {
            let mut lines = BufReader::new(theirs).lines();
            for answer in answers {
                let _ = lines.next_line().await;
                if answering.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
        Talk::new(input, output)
    }

    fn module() -> OwnModule {
        OwnModule {
            name: "contoso".into(),
            program: vec!["x".into()],
            simulate: Vec::new(),
            folder: String::new(),
            files: BTreeMap::new(),
            environment: Vec::new(),
            secrets: Vec::new(),
            timeout_ms: 1,
            functions: vec![FunctionSpec::read("contoso", "note", "")],
            file: String::new(),
            line: 1,
            column: 1,
            origin: String::new(),
        }
    }

    async fn asked(talk: &mut Talk<DuplexStream, DuplexStream>, limit: Duration) -> Result<Answer, Broken> {
        let arguments = Map::new();
        let call = |id| Say::Call {
            id,
            function: "note",
            arguments: &arguments,
            run: None,
            mode: Effect::Read,
            time_left_ms: 1,
            secrets: BTreeMap::new(),
        };
        talk.ask(call, limit, &|| false).await
    }

    #[tokio::test]
    async fn a_greeting_names_exactly_what_is_declared() {
        for (answer, wrong) in [
            (format!("{HELLO}\n"), None),
            (HELLO.replace("protocol\":1", "protocol\":2") + "\n", Some("version 2")),
            (HELLO.replace("note", "not") + "\n", Some("does not know 'note'")),
            (HELLO.replace("\"note\"", "\"note\",\"x\"") + "\n", Some("'x', which is not declared")),
            ("{\"type\":\"reply\",\"id\":0}\n".to_owned(), Some("no hello")),
            ("Python 3.9\n".to_owned(), Some("its line 'Python 3.9' is no answer")),
            (HELLO.to_owned(), Some("in the middle of a line")),
            (String::new(), Some("without an answer")),
        ] {
            let greeted = program(&[&answer]).greet(&module(), None, LONG).await;
            match (greeted, wrong) {
                (Ok(describes), None) => assert!(!describes),
                (Err(Broken::Wrong(why) | Broken::Lost(why)), Some(part)) => {
                    assert!(why.contains(part), "{answer}: {why}");
                }
                (other, _) => panic!("{answer}: {other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn each_way_of_not_answering_says_whether_the_call_was_sent() {
        let reply = "{\"type\":\"reply\",\"id\":1,\"value\":7}\n";
        let answer = asked(&mut program(&[reply]), LONG).await.expect("an answer");
        assert!(matches!(answer, Answer::Reply { id: 1, .. }), "{answer:?}");

        let long = "x".repeat(LINE_BYTES_MAX + 1);
        for (answers, expected) in [
            (vec![""], "Lost(\"it ended without an answer\")"),
            (vec!["{\"type\":\"rep"], "Lost(\"it ended in the middle of a line\")"),
            (vec!["ok\n"], "Wrong(\"its line 'ok' is no answer"),
            (vec!["{\"type\":\"reply\",\"id\":2}\n"], "Wrong(\"it answered call 2, and was asked call 1\")"),
            (
                vec!["{\"type\":\"hello\",\"protocol\":1,\"functions\":[]}\n"],
                "Wrong(\"it said hello a second",
            ),
            (vec![long.as_str()], "Wrong(\"its line is longer"),
        ] {
            let broken = asked(&mut program(&answers), LONG).await.expect_err("no answer");
            assert!(format!("{broken:?}").starts_with(expected), "{broken:?}");
        }
        // Whoever has closed its input has read nothing of it.
        let (input, theirs) = tokio::io::duplex(8);
        drop(theirs);
        let broken = asked(&mut Talk::new(input, tokio::io::duplex(8).1), LONG).await;
        assert!(matches!(broken, Err(Broken::NotSent(_))), "{broken:?}");
    }

    #[tokio::test]
    async fn what_is_said_when_called_off_still_counts() {
        let reply = "{\"type\":\"reply\",\"id\":1}\n";
        let answer = asked(&mut program(&["", reply]), Duration::ZERO).await;
        assert!(matches!(answer, Ok(Answer::Reply { .. })), "{answer:?}");
        let answer = asked(&mut program(&["", ""]), Duration::ZERO).await;
        assert!(matches!(answer, Err(Broken::Lost(_))), "{answer:?}");
    }
}
