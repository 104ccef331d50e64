//! A server by hand: it speaks just enough WS-Management for one session after the other, and misbehaves on request.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use uuid::Uuid;

use crate::message::MessageKind;
use crate::testing::{CAPABILITY, pipeline_state, pool_state, said};

/// What happens instead of a good answer.
#[derive(Clone, Debug)]
pub(super) enum Odd {
    /// This whole answer, head and body, and nothing is done.
    Instead(String),
    /// A fault with this number and subcode, and nothing is done.
    Fault(u32, &'static str),
    /// It is done, and the connection ends without a word.
    DoneWithoutWord,
    /// It is done, and its answer ends in the middle.
    DoneAndCut,
    /// Nothing is done, and the connection ends without a word.
    NoWord,
    /// It is done, and this header is added to its answer.
    With(&'static str),
}

pub(super) struct Server {
    pub(super) port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(super) struct State {
    /// For each action, what happens the next times.
    plan: HashMap<&'static str, VecDeque<Odd>>,
    pub(super) shells: Vec<String>,
    pub(super) opened: u32,
    /// How many commands ran.
    pub(super) ran: u32,
    /// Each action with its message id, in order.
    pub(super) seen: Vec<(&'static str, String)>,
    /// The answers to questions for output, by message id.
    told: HashMap<String, String>,
}

const ACTIONS: &[&str] = &["Create", "Command", "Send", "Receive", "Signal", "Delete"];

impl Server {
    pub(super) fn start() -> Server {
        Server::start_with(None)
    }

    /// With TLS and this certificate: `good` or `other`.
    pub(super) fn start_tls(name: &str) -> Server {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/remote/tests/certificates");
        let certificate = CertificateDer::from_pem_file(folder.join(format!("{name}.pem"))).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Server::start_with(Some(Arc::new(config)))
    }

    fn start_with(tls: Option<Arc<ServerConfig>>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, tls) = (shared.clone(), tls.clone());
                std::thread::spawn(move || match tls {
                    None => serve(stream, &state),
                    Some(config) => {
                        serve(StreamOwned::new(ServerConnection::new(config).unwrap(), stream), &state);
                    }
                });
            }
        });
        Server { port, state }
    }

    pub(super) fn plan(&self, action: &'static str, odd: impl IntoIterator<Item = Odd>) {
        self.state().plan.insert(action, odd.into_iter().collect());
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The message ids of an action, in order.
    pub(super) fn ids(&self, action: &str) -> Vec<String> {
        self.state().seen.iter().filter(|(name, _)| *name == action).map(|(_, id)| id.clone()).collect()
    }
}

/// A whole HTTP answer.
pub(super) fn http(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// One question on a connection of its own.
fn serve(mut stream: impl Read + Write, state: &Mutex<State>) {
    let Some((head, text)) = read(&mut stream) else { return };
    let answer = answer(&head, &text, &mut state.lock().unwrap());
    // A client that went away needs no answer.
    let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
}

fn read(stream: &mut impl Read) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 65536];
    loop {
        let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        if let Some(head_end) = head_end {
            let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
            let length =
                between(&head, "content-length: ", "\r\n").and_then(|text| text.parse().ok()).unwrap_or(0);
            if bytes.len() >= head_end + length {
                return Some((head, String::from_utf8_lossy(&bytes[head_end..]).into_owned()));
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

fn answer(head: &str, text: &str, state: &mut State) -> String {
    assert!(head.contains("accept-encoding: identity") || text.is_empty(), "{head}");
    let uri = between(text, "<wsa:Action s:mustUnderstand=\"true\">", "<").unwrap_or_default();
    let action =
        ACTIONS.iter().copied().find(|action| uri.ends_with(&format!("/{action}"))).unwrap_or("Probe");
    let id = between(text, "<wsa:MessageID>uuid:", "<").unwrap_or_default().to_owned();
    state.seen.push((action, id.clone()));
    let odd = state.plan.get_mut(action).and_then(VecDeque::pop_front);
    match odd {
        Some(Odd::Instead(answer)) => answer,
        Some(Odd::Fault(code, subcode)) => soap(500, "", &id, &fault(code, subcode)),
        Some(Odd::NoWord) => String::new(),
        Some(Odd::DoneWithoutWord) => {
            done(action, text, &id, state);
            String::new()
        }
        Some(Odd::DoneAndCut) => {
            let whole = done(action, text, &id, state);
            whole[..whole.len() - 30].to_owned()
        }
        Some(Odd::With(header)) => {
            done(action, text, &id, state).replacen("\r\n", &format!("\r\n{header}\r\n"), 1)
        }
        None => done(action, text, &id, state),
    }
}

/// Does what was asked.
fn done(action: &str, text: &str, id: &str, state: &mut State) -> String {
    if action == "Probe" {
        return http(401, "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=\"ex01\"\r\n", "");
    }
    let shell = between(text, "<wsman:Selector Name=\"ShellId\">", "<").unwrap_or_default().to_owned();
    if action != "Create" && !state.shells.contains(&shell) {
        return soap(500, "", id, &fault(2_150_858_843, "InvalidSelectors"));
    }
    let body = match action {
        "Create" => {
            let shell = between(text, "<rsp:Shell ShellId=\"", "\"").expect("a shell has an id").to_owned();
            state.shells.push(shell.clone());
            state.opened += 1;
            format!(
                "<x:ResourceCreated><a:Address/><a:ReferenceParameters><w:SelectorSet><w:Selector Name=\"ShellId\">\
                 {shell}</w:Selector></w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
            )
        }
        "Receive" => {
            if let Some(told) = state.told.get(id) {
                return told.clone();
            }
            let told = soap(200, "", id, &output(text, &shell));
            state.told.insert(id.to_owned(), told.clone());
            return told;
        }
        "Command" => {
            state.ran += 1;
            "<r:CommandResponse/>".to_owned()
        }
        "Delete" => {
            state.shells.retain(|one| *one != shell);
            String::new()
        }
        _ => format!("<r:{action}Response/>"),
    };
    soap(200, "", id, &body)
}

/// The pool is open; every command says 7 and has ended.
fn output(text: &str, shell: &str) -> String {
    let pool = Uuid::parse_str(shell).unwrap();
    let pipeline =
        between(text, "<rsp:DesiredStream CommandId=\"", "\"").map(|id| Uuid::parse_str(id).unwrap());
    let messages = match pipeline {
        None => [
            (MessageKind::SessionCapability, CAPABILITY.to_owned()),
            (MessageKind::RunspacePoolState, pool_state(2)),
        ],
        Some(_) => [
            (MessageKind::PipelineOutput, "<I32>7</I32>".to_owned()),
            (MessageKind::PipelineState, pipeline_state(4)),
        ],
    };
    let command =
        pipeline.map(|id| format!(" CommandId=\"{}\"", id.to_string().to_uppercase())).unwrap_or_default();
    let mut streams = String::new();
    for (kind, body) in &messages {
        let bytes = STANDARD.encode(said(pool, pipeline, *kind, body, 40));
        streams.push_str(&format!("<r:Stream Name=\"stdout\"{command}>{bytes}</r:Stream>"));
    }
    let state = if command.is_empty() {
        String::new()
    } else {
        format!("<r:CommandState{command} State=\"x/Done\"/>")
    };
    format!("<r:ReceiveResponse>{streams}{state}</r:ReceiveResponse>")
}

fn fault(code: u32, subcode: &str) -> String {
    format!(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>w:{subcode}</s:Value></s:Subcode></s:Code>\
         <s:Reason><s:Text xml:lang=\"de-DE\">Das ging nicht.</s:Text></s:Reason><s:Detail><f:WSManFault \
         xmlns:f=\"f\" Code=\"{code}\" Machine=\"x\"/></s:Detail></s:Fault>"
    )
}

fn soap(status: u16, headers: &str, id: &str, body: &str) -> String {
    let text = format!(
        "<s:Envelope xmlns:s=\"s\" xmlns:a=\"a\" xmlns:r=\"r\" xmlns:w=\"w\" xmlns:x=\"x\"><s:Header><a:RelatesTo>uuid:{id}\
         </a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    );
    http(status, &format!("Content-Type: application/soap+xml;charset=UTF-8\r\n{headers}"), &text)
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}
