//! What the peers' cmdlets answer: a small HTTP server in the test's own process that the Python peers ask.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, LazyLock, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Where the servers of the tests live; of its own, because a test may be asynchronous itself, and never dropped.
pub(crate) static SERVERS: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime for the servers of the tests")
});

/// One cmdlet as it came over the wire.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Asked {
    pub(crate) cmdlet: String,
    pub(crate) parameters: Map<String, Value>,
    /// By parameter: `text`, `bool`, `int`, `list`, `bytes`, `nil`, …
    pub(crate) types: Map<String, Value>,
}

/// Answers cmdlets as long as it lives.
pub(crate) struct Answers {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Asked>>>,
    accepting: JoinHandle<()>,
}

impl Answers {
    /// `answer` gives what a peer plays: `{"output": […], "warnings": […], "errors": […], "failed": {…}, "lost": true,
    /// "hold": true, "prompt": true, "progress": […], "verbose": […]}`, every part of it optional.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Value + Send + Sync + 'static) -> Answers {
        let seen = Arc::<Mutex<Vec<Asked>>>::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of this machine");
        listener.set_nonblocking(true).expect("a socket of ours obeys");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (answer, noted) = (Arc::new(answer), Arc::clone(&seen));
        let accepting = SERVERS.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it does not block");
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
                        async move { answered(request, &*answer, &noted).await }
                    });
                    // A peer that hangs up is killed in the middle by some tests.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Answers { address, seen, accepting }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Every cmdlet that reached the test, in the order in which they did.
    pub(crate) fn seen(&self) -> Vec<Asked> {
        self.seen.lock().expect("nobody panics with it").clone()
    }

    /// How often a cmdlet reached the test.
    pub(crate) fn count(&self, cmdlet: &str) -> usize {
        self.seen().iter().filter(|asked| asked.cmdlet == cmdlet).count()
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answered(
    request: Request<Incoming>,
    answer: &(dyn Fn(&Asked) -> Value + Send + Sync),
    seen: &Mutex<Vec<Asked>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let asked: Asked = serde_json::from_slice(&body).expect("a peer asks in JSON");
    seen.lock().expect("nobody panics with it").push(asked.clone());
    let play = tokio::task::block_in_place(|| answer(&asked));
    Ok(Response::new(Full::new(Bytes::from(play.to_string()))))
}
