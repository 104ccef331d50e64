//! The HTTP API over TCP: nobody without a token, nobody under a strange name, nothing without a limit.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use contracts::{Clock, Service};
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, ORIGIN, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use model::{Class, Code, Failure};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};

use crate::answer::{Answer, answer, json, refused};
use crate::caller::Caller;
use crate::server::Serving;
use crate::tokens::Tokens;

/// Others wait in the system's queue.
const CONNECTIONS_MAX: usize = 256;
/// How long a request's head may take to come in, and how long a connection may be idle.
const HEAD: Duration = Duration::from_secs(30);
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Where the API is answered, and to whom.
#[derive(Clone, Debug)]
pub struct Exposure {
    pub address: SocketAddr,
    /// Names under which a proxy that ends TLS is reached. An address that others can reach needs one.
    pub proxies: Vec<String>,
    pub tokens: Tokens,
}

#[derive(Debug)]
pub struct Api;

struct Shared {
    service: Arc<dyn Service>,
    clock: Arc<dyn Clock>,
    exposure: Exposure,
}

impl Api {
    /// Listens from now on, in a task of its own, and says where. Fails with `FB0955`.
    pub async fn serve(
        service: Arc<dyn Service>,
        clock: Arc<dyn Clock>,
        exposure: Exposure,
    ) -> Result<(Serving, SocketAddr), Failure> {
        let address = exposure.address;
        if !address.ip().is_loopback() && exposure.proxies.is_empty() {
            let message =
                format!("{address} can be reached from other machines, and tokens would travel in the open");
            return Err(Failure::new(Code::Listen, Class::Denied, message).hint(
                "listen on 127.0.0.1, or put a proxy that ends TLS in front and name it with --behind-proxy NAME",
            ));
        }
        let failed = |cause: std::io::Error| {
            Failure::new(Code::Listen, Class::Denied, format!("cannot listen on {address}: {cause}"))
                .hint("another process may listen there; --listen takes another address")
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::new(Shared { service, clock, exposure });
        let task = tokio::spawn(accept(listener, shared, stopped));
        Ok((Serving { stop, task }, bound))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("the places are never closed");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            _ = &mut stopped => break,
            accepted = accepted => accepted,
        };
        // One connection that could not be taken is that client's error, not the server's end.
        let Ok((stream, _)) = accepted else {
            tokio::task::yield_now().await;
            continue;
        };
        let shared = Arc::clone(&shared);
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(
                TokioIo::new(stream),
                service_fn(move |request| {
                    let shared = Arc::clone(&shared);
                    async move { Ok::<_, Infallible>(guarded(&shared, request).await) }
                }),
            );
        let connection = graceful.watch(connection);
        // A client that went away in the middle has nobody to tell.
        tokio::spawn(async move {
            drop(connection.await);
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn guarded(shared: &Shared, request: Request<Incoming>) -> Answer {
    let mut response = match admitted(shared, &request) {
        Ok(caller) => answer(Arc::clone(&shared.service), caller, request).await,
        Err(mut response) => {
            // Who is not let in keeps no place either, and nothing more of theirs is read.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            *response
        }
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Who asks, or what they are told instead.
fn admitted(shared: &Shared, request: &Request<Incoming>) -> Result<Caller, Box<Answer>> {
    let denied = |status, message: &str, hint: &str| {
        Box::new(refused(status, &Failure::new(Code::Access, Class::Denied, message).hint(hint)))
    };
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !known(host, &shared.exposure) {
        // A page of somebody else's that resolves its own name to this machine is told apart here.
        let hint = "ask for localhost or the address, or name the host with --behind-proxy NAME";
        return Err(denied(StatusCode::MISDIRECTED_REQUEST, "the request is for another host", hint));
    }
    if let Some(origin) = request.headers().get(ORIGIN) {
        let site = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        if !site.is_some_and(|(_, host)| known(host, &shared.exposure)) {
            let hint = "no page of another site may ask with somebody's browser";
            return Err(denied(StatusCode::FORBIDDEN, "the request comes from another site's page", hint));
        }
    }
    if request.uri().path() == "/healthz" && request.method() == Method::GET {
        return Err(Box::new(json(StatusCode::OK, br#"{"status":"ok"}"#.to_vec())));
    }
    let presented = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let presented = presented.and_then(|value| value.split_once(' '));
    let token =
        presented.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let caller = match token.map(|token| shared.exposure.tokens.caller(token, shared.clock.now())) {
        Some(Ok(Some(caller))) => caller,
        Some(Err(_)) => {
            // Why is told to whoever sits at the machine, and not to somebody who may have no token at all.
            let hint = "`footbridge serve token list` says why, on the machine itself";
            let message = "the tokens cannot be used, so nobody is let in";
            return Err(denied(StatusCode::SERVICE_UNAVAILABLE, message, hint));
        }
        Some(Ok(None)) | None => {
            let hint = "send `Authorization: Bearer TOKEN`; footbridge serve token add NAME makes a token";
            let mut response = denied(StatusCode::UNAUTHORIZED, "no valid token", hint);
            let challenge = HeaderValue::from_static("Bearer realm=\"footbridge\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
            return Err(response);
        }
    };
    let json = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.starts_with("application/json"));
    if request.method() == Method::POST && !request.headers().get(CONTENT_TYPE).is_some_and(json) {
        let hint = "send `Content-Type: application/json`";
        return Err(denied(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the request's body is not called JSON",
            hint,
        ));
    }
    Ok(caller)
}

/// Whether a request for `host` (with or without a port) is meant for us.
fn known(host: &str, exposure: &Exposure) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let same_name = |known: &String| known.eq_ignore_ascii_case(name);
    name.eq_ignore_ascii_case("localhost")
        || exposure.proxies.iter().any(same_name)
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip == exposure.address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_must_be_meant_for_us() {
        let exposure = Exposure {
            address: "192.0.2.7:8413".parse().expect("an address"),
            proxies: vec!["bridge.contoso.com".into()],
            tokens: Tokens::at("tokens.json"),
        };
        for (host, ours) in [
            ("localhost:8413", true),
            ("LocalHost", true),
            ("127.0.0.1:8413", true),
            ("[::1]:8413", true),
            ("192.0.2.7:8413", true),
            ("bridge.contoso.com", true),
            ("192.0.2.8:8413", false),
            ("evil.example:8413", false),
            ("localhost.evil.example", false),
            ("bridge.contoso.com.evil.example", false),
            ("", false),
        ] {
            assert_eq!(known(host, &exposure), ours, "{host}");
        }
    }
}
