//! What a person is asked at a terminal, and what comes of each answer. The terminal is a real one of the kernel.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::secrets;
use crate::support::Bench;
use crate::world::{other_admin, world, writes};

/// Longer than any question takes to come, on any machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// The same for the terminal's own setting, which tells nobody when it changes.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
const LOOKS_MAX: u32 = 12_000;

/// The binary with a terminal for input, output and errors.
struct Terminal {
    keys: File,
    child: Child,
    shown: Receiver<Vec<u8>>,
    whole: String,
    /// How far of it was waited for.
    seen: usize,
}

impl Terminal {
    fn run(bench: &Bench, arguments: &[&str]) -> Terminal {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).and_then(|()| unlockpt(&ours)).expect("a terminal to use");
        let name = ptsname(&ours, Vec::new()).expect("a terminal with a name");
        let theirs = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().expect("a plain name"))
            .expect("the other end");
        let end = || Stdio::from(theirs.try_clone().expect("one more descriptor"));
        let inner = bench.command(arguments);
        // Whoever types a secret is asked at the terminal that controls the process.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(inner.get_program()).args(inner.get_args()).env_clear();
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(bench.files()).stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().expect("setsid and the binary start");
        let keys = File::from(ours);
        let mut screen = keys.try_clone().expect("one more descriptor");
        let (sender, shown) = mpsc::channel();
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            // The kernel says EIO once nobody holds the other end.
            while let Ok(length @ 1..) = screen.read(&mut part) {
                if sender.send(part[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal { keys, child, shown, whole: String::new(), seen: 0 }
    }

    fn wait_for(&mut self, text: &str) {
        loop {
            if let Some(at) = self.whole[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            let part = self.shown.recv_timeout(PATIENCE);
            let part = part.unwrap_or_else(|_| panic!("'{text}' never came\n{}", self.whole));
            self.whole.push_str(&String::from_utf8_lossy(&part));
        }
    }

    fn answer(&mut self, question: &str, line: &str) {
        self.wait_for(question);
        self.keys.write_all(format!("{line}\n").as_bytes()).expect("typed");
    }

    /// The same, once the terminal shows no more what is typed.
    fn answer_unseen(&mut self, question: &str, line: &str) {
        self.wait_for(question);
        for _ in 0..LOOKS_MAX {
            let modes = tcgetattr(&self.keys).expect("how the terminal is set").local_modes;
            if !modes.contains(LocalModes::ECHO) {
                self.keys.write_all(format!("{line}\n").as_bytes()).expect("typed");
                return;
            }
            if let Ok(part) = self.shown.recv_timeout(BETWEEN_LOOKS) {
                self.whole.push_str(&String::from_utf8_lossy(&part));
            }
        }
        panic!("what is typed at '{question}' would be seen\n{}", self.whole);
    }

    /// The exit code, and all that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        while let Ok(part) = self.shown.recv_timeout(PATIENCE) {
            self.whole.push_str(&String::from_utf8_lossy(&part));
        }
        (self.child.wait().expect("it ends").code(), self.whole)
    }
}

#[test]
fn a_plan_is_carried_out_where_somebody_says_yes_and_nowhere_else() {
    let bench = Bench::new();
    let run = ["run", "sfb-online", "--target", "sim:lab"];
    for answer in ["", "n", "yeah"] {
        let mut terminal = Terminal::run(&bench, &run);
        terminal.answer("carry this plan out? [y/N]", answer);
        let (code, whole) = terminal.end();
        assert_eq!(code, Some(1), "{answer}: {whole}");
        assert!(whole.contains("create the mail user") && whole.contains("nothing was written"), "{whole}");
        assert_eq!(bench.run(&["status", "latest", "--json"]).json()["runs"][0]["state"], "cancelled");
    }
    assert!(writes(&bench, "lab").is_empty());
    let mut terminal = Terminal::run(&bench, &run);
    terminal.answer("carry this plan out? [y/N]", "y");
    let (code, whole) = terminal.end();
    assert_eq!(code, Some(0), "{whole}");
    assert_eq!(writes(&bench, "lab").len(), 23);
}

#[test]
fn each_answer_about_a_conflict_does_what_it_says() {
    let bench = Bench::new();
    bench.write("contoso/overlay.toml", "[undo]\nconflicts = \"ask\"\n");
    bench.run(&["plan", "sfb-online", "--target", "sim:lab"]).exits(2);
    let fresh = world(&bench, "lab").snapshot();
    bench.run(&["run", "sfb-online", "--target", "sim:lab", "--layer", "./contoso", "--yes"]).exits(0);
    let shown = serde_json::json!({ "Identity": "SfBOnline-ApplicationAccount", "HiddenFromAddressListsEnabled": false });
    other_admin(&bench, "lab", "Set-MailUser", shown);
    let before = writes(&bench, "lab").len();
    let question = "take it back anyway and lose that (t), or stop (s)?";

    for stop in ["s", "x", ""] {
        let mut terminal = Terminal::run(&bench, &["undo", "latest"]);
        terminal.answer(question, stop);
        let (code, whole) = terminal.end();
        assert_ne!(code, Some(0), "{stop}: {whole}");
        assert!(whole.contains("someone changed it since"), "{whole}");
    }
    let mut terminal = Terminal::run(&bench, &["undo", "latest"]);
    terminal.answer(question, "t");
    terminal.answer("why? (kept with the undo)", "the account goes anyway");
    terminal.answer("take these changes back? [y/N]", "n");
    let (code, whole) = terminal.end();
    assert_ne!(code, Some(0), "{whole}");
    assert_eq!(writes(&bench, "lab").len(), before, "whoever stops has written nothing");

    let mut terminal = Terminal::run(&bench, &["undo", "latest"]);
    terminal.answer(question, "t");
    terminal.answer("why? (kept with the undo)", "the account goes anyway");
    terminal.answer("take these changes back? [y/N]", "y");
    let (code, whole) = terminal.end();
    assert_eq!(code, Some(0), "{whole}");
    assert_eq!(world(&bench, "lab").snapshot(), fresh);
    bench.run(&["logs", "latest"]).exits(0).says("the account goes anyway");
}

#[test]
fn a_secret_is_asked_for_once_and_typed_unseen() {
    let bench = Bench::new();
    let mut tenant = bench.start(&["simulate", "--name", "cloud"]);
    secrets::target(&bench, &mut tenant, "{ prompt = \"Secret of the lab\" }");
    for (arguments, wanted) in
        [(&["doctor", "--target", "lab"][..], 0), (&["plan", "sfb-online", "--target", "lab"], 2)]
    {
        let mut terminal = Terminal::run(&bench, arguments);
        terminal.answer_unseen("Secret of the lab: ", secrets::SECRET);
        let (code, whole) = terminal.end();
        assert_eq!(code, Some(wanted), "{whole}");
        assert_eq!(whole.matches("Secret of the lab: ").count(), 1, "{whole}");
        assert!(!whole.contains(secrets::SECRET), "{whole}");
    }
}
