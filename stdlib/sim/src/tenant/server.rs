//! The HTTP server: real HTTP/1.1 on a socket, one world behind it.

use std::{io, net::SocketAddr};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

use super::{
    http::{Answer, Asked, decoded, pairs},
    route,
};
use crate::world::World;

/// Bytes of a request body that are read at most.
const BODY_LENGTH_MAX: usize = 4 * 1024 * 1024;

/// A running tenant (and the organisation's own web front). Stops, with all its connections, when dropped.
#[derive(Debug)]
pub struct Tenant {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Tenant {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base of the sign-in service, to be followed by `/{tenant}/oauth2/v2.0/token`.
    pub fn login_url(&self) -> String {
        self.base()
    }

    /// Base of Graph, to be followed by `/v1.0/…`.
    pub fn graph_url(&self) -> String {
        self.base()
    }

    /// Base of the organisation's web front, to be followed by `/autodiscover/metadata/json/1` or `/ews/exchange.asmx`.
    pub fn exchange_url(&self) -> String {
        self.base()
    }

    fn base(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves the world at an address; port 0 takes a free one. Needs a tokio runtime.
pub async fn serve(world: World, address: SocketAddr) -> io::Result<Tenant> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let accepting = tokio::spawn(async move {
        // The connections end with this task, because the set aborts what is in it when it is dropped.
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
            };
            let Ok((stream, _)) = accepted else { continue };
            let world = world.clone();
            connections.spawn(async move {
                let service = service_fn(move |request| handled(world.clone(), address, request));
                // A connection that breaks is the client's affair; one that we cut breaks on purpose.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok(Tenant { address, accepting })
}

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
struct Cut;

async fn handled(
    world: World,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Cut> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LENGTH_MAX).collect().await else {
        return Ok(response(Answer::empty(413)));
    };
    let headers: std::collections::BTreeMap<String, String> = head
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let host = headers.get("host").cloned().unwrap_or_else(|| address.to_string());
    let asked = Asked {
        method: head.method.as_str().to_owned(),
        path: decoded(head.uri.path(), false),
        query: pairs(head.uri.query().unwrap_or_default()),
        headers,
        body: body.to_bytes().to_vec(),
        base: format!("http://{host}"),
    };
    // The world is a lock and a small file write: quick, but not for the runtime's own threads.
    let answer = tokio::task::spawn_blocking(move || route::answer(&world, &asked)).await.ok().flatten();
    answer.map(response).ok_or(Cut)
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        // A header that a client's own text made impossible is left out.
        if let Ok(value) = hyper::header::HeaderValue::from_str(value) {
            builder = builder.header(*name, value);
        }
    }
    let body = match answer.body {
        Some(body) => {
            builder = builder.header("content-type", "application/json; charset=utf-8");
            Bytes::from(body.to_string())
        }
        None => Bytes::new(),
    };
    builder.body(Full::new(body)).expect("status and headers were checked")
}
