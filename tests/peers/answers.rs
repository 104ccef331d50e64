//! What the peers' cmdlets answer: a small HTTP server in the test's own process that the Python peers ask.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

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
    _runtime: Runtime,
}

impl Answers {
    /// `answer` gives what a peer plays: `{"output": […], "warnings": […], "errors": […], "failed": {…}, "lost": true,
    /// "hold": true, "prompt": true, "progress": […], "verbose": […]}`, every part of it optional.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Value + Send + Sync + 'static) -> Answers {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime for a server of the test");
        let seen = Arc::<Mutex<Vec<Asked>>>::default();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).expect("a port of this machine");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (answer, noted) = (Arc::new(answer), Arc::clone(&seen));
        runtime.spawn(async move {
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
        Answers { address, seen, _runtime: runtime }
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
