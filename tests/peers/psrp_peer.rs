//! A PowerShell remoting endpoint as a process of its own: psrpcore's protocol, our WS-Management around it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::answers::Answers;
use crate::install;

pub(crate) const USER: &str = "admin@contoso.lab";
pub(crate) const PASSWORD: &str = "pass:w\u{f6}rd 1";

pub(crate) struct PsrpPeer {
    child: Child,
    orders: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    port: u16,
    scheme: &'static str,
}

/// A certificate and its key, PEM.
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl PsrpPeer {
    /// Over plain http.
    pub(crate) fn start(answers: &Answers) -> PsrpPeer {
        PsrpPeer::start_with(answers, None)
    }

    pub(crate) fn start_with(answers: &Answers, identity: Option<&Identity>) -> PsrpPeer {
        let mut command = Command::new(install::psrp_python());
        command.arg("-B").arg(script("psrp_server.py"));
        command.args(["--answers", &answers.url(), "--user", USER, "--password", PASSWORD]);
        if let Some(identity) = identity {
            command.arg("--certificate").arg(&identity.certificate).arg("--key").arg(&identity.key);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Python of the test environment starts");
        let stdin = child.stdin.take().expect("its input is piped");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output is piped"));
        let port = line(&mut stdout)["port"].as_u64().expect("a port");
        PsrpPeer {
            child,
            orders: Mutex::new((stdin, stdout)),
            port: u16::try_from(port).expect("a port has 16 bits"),
            scheme: if identity.is_some() { "https" } else { "http" },
        }
    }

    pub(crate) fn url(&self) -> String {
        self.url_of("127.0.0.1")
    }

    pub(crate) fn url_of(&self, host: &str) -> String {
        format!("{}://{host}:{}/PowerShell/", self.scheme, self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Sets the plan of faults, as psrp/faults.py describes it; counting begins anew.
    pub(crate) fn faults(&self, plan: Value) {
        self.order(&json!({ "faults": plan }));
    }

    /// Replaces the options: `german`, `text_booleans`, `deserialized`, `quota`, `idle_s`, `fragment`, `own_shell_id`,
    /// `date` (what the server says what time it is), `challenges` (the sign-ins that it offers).
    pub(crate) fn options(&self, options: Value) {
        self.order(&json!({ "options": options }));
    }

    /// All shells are gone, as after a restart.
    pub(crate) fn vanish(&self) {
        self.order(&json!({ "vanish": true }));
    }

    /// `shells`, `opened`, `closed`, `problems`, `counts`, `fired`.
    pub(crate) fn state(&self) -> Value {
        self.order(&json!({ "state": true }))
    }

    /// Fails when the client broke a rule of the protocol that no answer shows.
    #[track_caller]
    pub(crate) fn no_problems(&self) {
        assert_eq!(self.state()["problems"], json!([]));
    }

    fn order(&self, order: &Value) -> Value {
        let mut both = self.orders.lock().expect("nobody panics with it");
        writeln!(both.0, "{order}").expect("the peer listens to its input");
        line(&mut both.1)
    }
}

impl Drop for PsrpPeer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Python script of ours.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/python").join(name)
}

fn line(stdout: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    stdout.read_line(&mut line).expect("the peer speaks UTF-8");
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("the peer said '{line}': {error}"))
}
