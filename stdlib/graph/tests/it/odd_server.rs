//! A server that gives out good tokens and answers everything else as a test wants it, byte for byte.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::SecretText;
use graph::{Credential, GraphModule, GraphSettings, SignIns, Waits};
use model::Timestamp;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::{Clockwork, Context, identity};

pub(crate) const TENANT: &str = "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17";

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Json,
}

/// What goes back.
pub(crate) enum Say {
    Json(u16, Json),
    Bytes(u16, &'static [(&'static str, &'static str)], Vec<u8>),
    /// Says that so many bytes more would come, and closes.
    Cut(u16, Vec<u8>),
    /// Closes at once.
    Nothing,
}

pub(crate) struct Odd {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Drop for Odd {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Odd {
    /// `say` is given each request but those for tokens, and how many came before it.
    pub(crate) async fn new(say: impl Fn(&Asked, usize) -> Say + Send + Sync + 'static) -> Odd {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else { continue };
                let say = if request.path == format!("/{TENANT}/oauth2/v2.0/token") {
                    Say::Json(200, json!({ "expires_in": 3599, "access_token": token(TENANT, &[]) }))
                } else {
                    let count = kept.lock().unwrap().len();
                    kept.lock().unwrap().push(request.clone());
                    say(&request, count)
                };
                // A client that has gone is its own affair.
                let _ = stream.write_all(&bytes(say)).await;
                let _ = stream.shutdown().await;
            }
        });
        Odd { address, asked, serving }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// A module that signs in and asks here.
    pub(crate) fn bench(&self) -> OddBench {
        self.bench_with(|_| {})
    }

    pub(crate) fn bench_with(&self, set: impl FnOnce(&mut GraphSettings)) -> OddBench {
        let read = identity(Credential::SecretText(SecretText::new("hunter2".into())));
        let mut settings = GraphSettings::new(&self.address, &self.address, TENANT, read);
        set(&mut settings);
        let context = Arc::new(Context::new(Timestamp::parse_rfc3339("2026-06-01T08:00:00Z").unwrap()));
        let waits = Arc::new(Clockwork { context: Arc::clone(&context), waited: Mutex::default() });
        let module = GraphModule::with_waits(settings, &SignIns::default(), waits as Arc<dyn Waits>);
        OddBench { module, context }
    }
}

pub(crate) struct OddBench {
    pub(crate) module: GraphModule,
    pub(crate) context: Arc<Context>,
}

impl OddBench {
    pub(crate) async fn examined(&self) -> Vec<contracts::Check> {
        contracts::HostModule::examine(&self.module, Arc::clone(&self.context) as _).await
    }
}

/// A token that lives until 2049.
pub(crate) fn token(tenant: &str, roles: &[&str]) -> String {
    token_until(tenant, roles, 2_493_072_000)
}

pub(crate) fn token_until(tenant: &str, roles: &[&str], expires: u64) -> String {
    let claims = json!({ "tid": tenant, "exp": expires, "roles": roles });
    format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        body.extend_from_slice(&buffer[..count]);
    }
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Some(Asked { method, path, headers, body })
}

fn bytes(say: Say) -> Vec<u8> {
    let (status, headers, body, length) = match say {
        Say::Nothing => return Vec::new(),
        Say::Json(status, body) => {
            let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
            (status, &[("content-type", "application/json")][..], body.clone(), body.len())
        }
        Say::Bytes(status, headers, body) => (status, headers, body.clone(), body.len()),
        Say::Cut(status, body) => (status, &[][..], body.clone(), body.len() + 1000),
    };
    let mut head = format!("HTTP/1.1 {status} Odd\r\nconnection: close\r\n");
    if status != 204 {
        head.push_str(&format!("content-length: {length}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    [head.into_bytes(), body].concat()
}
