//! One TCP connection with a Kerberos context of its own: signed in once, then every message on it is sealed.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{ClientOptions, causes};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::context::Sealer;
use super::multipart::{self, Part, Scheme};
use super::place::Place;
use crate::call::{Refusal, RefusalKind};
use crate::remote::channel::{BODY_BYTES_MAX, HttpAnswer, HttpBody};
use crate::settings::RemoteSettings;

const SOAP: &str = "application/soap+xml;charset=UTF-8";

/// TCP and TLS.
const CONNECT_MAX: Duration = Duration::from_secs(20);

/// A connection, signed in or about to be.
pub(super) struct Line {
    sender: SendRequest<Full<Bytes>>,
    place: Arc<Place>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why a request has no answer.
pub(super) enum Unanswered {
    /// The connection had ended before: the request was not sent.
    Unsent(String),
    Lost(String),
}

impl Line {
    pub(super) async fn open(settings: &RemoteSettings, place: Arc<Place>) -> Result<Line, Refusal> {
        let opened = tokio::time::timeout(CONNECT_MAX, connected(settings, &place)).await;
        let text = || format!("no connection within {} s", CONNECT_MAX.as_secs());
        let (sender, task) =
            opened.unwrap_or_else(|_| Err(refusal(settings, &http::Trouble::TimedOut(text()))))?;
        Ok(Line { sender, place, task })
    }

    /// One leg of signing in: a token, and no content, which would not be sealed.
    pub(super) async fn sign_in(&mut self, scheme: Scheme, token: &[u8]) -> Result<HttpAnswer, Unanswered> {
        let request = self
            .request(SOAP)
            .header(AUTHORIZATION, format!("{} {}", scheme.name(), STANDARD.encode(token)))
            .body(Full::default());
        let answer = self.sent(request.expect("tokens and schemes are header text")).await?;
        Ok(whole(answer).await)
    }

    fn request(&self, content_type: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(Method::POST)
            .uri(&self.place.path)
            .header(HOST, &self.place.authority)
            .header(USER_AGENT, concat!("footbridge/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT_ENCODING, "identity")
            .header(CONTENT_TYPE, content_type)
    }

    async fn sent(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Unanswered> {
        // A request that meets a connection not yet ready again would be called cancelled.
        self.sender.ready().await.map_err(|error| Unanswered::Unsent(causes(&error)))?;
        self.sender.try_send_request(request).await.map_err(|mut failed| {
            let unsent = failed.take_message().is_some();
            let text = causes(failed.error());
            if unsent { Unanswered::Unsent(text) } else { Unanswered::Lost(text) }
        })
    }
}

/// A connection that is signed in.
pub(super) struct Connection {
    line: Line,
    sealer: Sealer,
    scheme: Scheme,
    /// A message that could not be opened, or was not heard to its end, leaves both sides apart.
    in_step: bool,
}

impl Connection {
    pub(super) fn new(line: Line, sealer: Sealer, scheme: Scheme) -> Connection {
        Connection { line, sealer, scheme, in_step: true }
    }

    /// Whether another message may go over it.
    pub(super) fn serves(&mut self) -> bool {
        self.in_step && !self.line.sender.is_closed() && !self.sealer.ends_soon()
    }

    /// Sends an envelope, sealed, and opens the answer.
    pub(super) async fn exchange(&mut self, envelope: &str) -> Result<HttpAnswer, Unanswered> {
        self.in_step = false;
        let (signature, data) = self.sealer.seal(envelope.as_bytes()).map_err(Unanswered::Unsent)?;
        let part = Part {
            content_type: SOAP.to_owned(),
            length: envelope.len(),
            signature: &signature,
            data: &data,
        };
        let body = multipart::write(self.scheme, &part);
        let request = self.line.request(&self.scheme.content_type()).body(Full::from(body));
        let request = request.expect("the path was read from an address");
        let mut answer = whole(self.line.sent(request).await?).await;
        self.open(&mut answer);
        Ok(answer)
    }

    /// Puts what was sealed in the place of what came. Pages of a web server come open, and stay as they are; an answer
    /// of PowerShell's that came open is none.
    fn open(&mut self, answer: &mut HttpAnswer) {
        let HttpBody::Whole(body) = &answer.body else { return };
        let kind = answer.header("content-type").trim_start().to_ascii_lowercase();
        if kind.starts_with("application/soap+xml") {
            answer.body =
                HttpBody::Lost("the answer came unsealed, and anyone can have written it".to_owned());
            return;
        }
        if !kind.starts_with("multipart/encrypted") {
            self.in_step = true;
            return;
        }
        match opened(&mut self.sealer, body) {
            Ok((kind, text)) => {
                self.in_step = true;
                answer.headers.retain(|(name, _)| name != "content-type");
                answer.headers.push(("content-type".to_owned(), kind));
                answer.body = HttpBody::Whole(text);
            }
            // What it is called keeps it from being taken for a page.
            Err(why) => {
                answer.headers.retain(|(name, _)| name != "content-type");
                answer.headers.push(("content-type".to_owned(), SOAP.to_owned()));
                answer.body = HttpBody::Lost(why);
            }
        }
    }
}

/// The kind of a sealed body's content, and the content.
fn opened(sealer: &mut Sealer, body: &[u8]) -> Result<(String, Vec<u8>), String> {
    let (mut kind, mut text) = (String::new(), Vec::new());
    for part in multipart::read(body).map_err(|error| error.to_string())? {
        let opened = sealer.open(part.signature, part.data);
        let opened = opened.map_err(|why| format!("the sealed answer cannot be opened: {why}"))?;
        if opened.len() != part.length {
            return Err("the sealed answer has another length than it says".to_owned());
        }
        text.extend_from_slice(&opened);
        kind = part.content_type;
    }
    Ok((kind, text))
}

async fn connected(
    settings: &RemoteSettings,
    place: &Place,
) -> Result<(SendRequest<Full<Bytes>>, JoinHandle<()>), Refusal> {
    let unreachable = |error: &std::io::Error| refusal(settings, &http::Trouble::Unreachable(causes(error)));
    let addresses: Vec<_> = lookup_host((place.host.as_str(), place.port))
        .await
        .map_err(|error| refusal(settings, &http::Trouble::Name(causes(&error))))?
        .collect();
    let stream = TcpStream::connect(&addresses[..]).await.map_err(|error| unreachable(&error))?;
    stream.set_nodelay(true).map_err(|error| unreachable(&error))?;
    if !place.tls {
        return spoken(stream).await.map_err(|text| refusal(settings, &http::Trouble::Broken(text)));
    }
    let options = ClientOptions { only_roots: settings.only_roots.clone(), one_connection: true };
    let tls = http::tls(&options).map_err(|error| {
        super::super::wrong(settings, &error.to_string(), "check the ca_file of the target file")
    })?;
    let name = ServerName::try_from(place.host.clone()).map_err(|error| {
        super::super::wrong(settings, &error.to_string(), "correct the uri in the target file")
    })?;
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await.map_err(|error| {
        // rustls says what it found as the inner error of an input/output error.
        if let Some(inner) = error.get_ref()
            && inner.is::<tokio_rustls::rustls::Error>()
        {
            refusal(settings, &http::Trouble::Tls(causes(&error)))
        } else {
            unreachable(&error)
        }
    })?;
    spoken(stream).await.map_err(|text| refusal(settings, &http::Trouble::Broken(text)))
}

async fn spoken(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<(SendRequest<Full<Bytes>>, JoinHandle<()>), String> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| causes(&error))?;
    let task = tokio::spawn(async move {
        // Whoever waits for an answer is told how it ended.
        let _ = connection.await;
    });
    Ok((sender, task))
}

fn refusal(settings: &RemoteSettings, trouble: &http::Trouble) -> Refusal {
    let kind =
        if matches!(trouble, http::Trouble::Tls(_)) { RefusalKind::Tls } else { RefusalKind::Unreachable };
    let message = format!("POST {}: {}", settings.uri, trouble.text());
    Refusal { kind, message, advice: trouble.advice().map(str::to_owned) }
}

/// The answer with its body, up to [`BODY_BYTES_MAX`].
async fn whole(answer: Response<Incoming>) -> HttpAnswer {
    let (head, mut body) = answer.into_parts();
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let mut bytes = Vec::new();
    let body = loop {
        match body.frame().await.map(|frame| frame.map(hyper::body::Frame::into_data)) {
            None => break HttpBody::Whole(bytes),
            Some(Ok(Ok(chunk))) if bytes.len() + chunk.len() > BODY_BYTES_MAX => {
                break HttpBody::Lost(format!("the answer is longer than {BODY_BYTES_MAX} bytes"));
            }
            Some(Ok(Ok(chunk))) => bytes.extend_from_slice(&chunk),
            // Trailers.
            Some(Ok(Err(_))) => {}
            Some(Err(error)) => break HttpBody::Lost(format!("the answer broke off: {}", causes(&error))),
        }
    };
    HttpAnswer { status: head.status.as_u16(), headers: headers.collect(), body }
}
