//! The holder's end: answers every route from the service in this process.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use contracts::{ImportRequest, PlanRequest, Service, StartRequest};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use interprocess::local_socket::tokio::Listener;
use interprocess::local_socket::traits::tokio::Listener as _;
use model::{Class, Code, Failure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::socket::{NoSocket, SocketName};
use crate::wire::{self, Route};

#[derive(Debug)]
pub struct Server;

impl Server {
    /// Listens from now on, in a task of its own. The caller must hold the store.
    pub fn serve(service: Arc<dyn Service>, name: &SocketName) -> Result<Serving, NoSocket> {
        let listener = name.listen()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(accept(listener, service, stopped));
        Ok(Serving { stop, task })
    }
}

/// A server at work.
#[derive(Debug)]
pub struct Serving {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Serving {
    /// Takes no further connection and gives the requests at hand this long to finish.
    pub async fn stop(mut self, grace: Duration) {
        // The task may have ended by itself; either way nobody listens afterwards.
        let _ = self.stop.send(());
        if tokio::time::timeout(grace, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

async fn accept(listener: Listener, service: Arc<dyn Service>, mut stopped: oneshot::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => accepted,
        };
        // One connection that could not be taken is that client's error, not the holder's end.
        let Ok(stream) = accepted else {
            tokio::task::yield_now().await;
            continue;
        };
        let service = Arc::clone(&service);
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| {
                let service = Arc::clone(&service);
                async move { Ok::<_, Infallible>(answer(service, request).await) }
            }),
        );
        let connection = graceful.watch(connection);
        // A client that went away in the middle has nobody to tell.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn answer(service: Arc<dyn Service>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let Some(route) = Route::of_path(request.uri().path()) else {
        let message = format!("the holder has no {}", request.uri().path());
        let failure =
            Failure::invalid(Code::Holder, message).hint("both ends must be the same footbridge version");
        return failed(StatusCode::NOT_FOUND, failure);
    };
    if request.method() != Method::POST {
        let failure = Failure::invalid(Code::Holder, format!("{} answers POST only", route.path()));
        let mut response = failed(StatusCode::METHOD_NOT_ALLOWED, failure);
        response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("POST"));
        return response;
    }
    let body = match Limited::new(request.into_body(), route.request_bytes_max()).collect().await {
        Ok(body) => body.to_bytes(),
        Err(cause) => {
            let message = format!("the request's body cannot be read: {cause}");
            return failed(StatusCode::PAYLOAD_TOO_LARGE, Failure::invalid(Code::Holder, message));
        }
    };
    // The service's work goes on when the client goes away: a started run must not stop half-way.
    match tokio::spawn(async move { dispatch(service.as_ref(), route, &body).await }).await {
        Ok(Ok(body)) => json(StatusCode::OK, body),
        Ok(Err(failure)) => {
            let status = if failure.class == Class::Bug {
                StatusCode::INTERNAL_SERVER_ERROR
            } else {
                StatusCode::UNPROCESSABLE_ENTITY
            };
            failed(status, failure)
        }
        Err(_) => failed(StatusCode::INTERNAL_SERVER_ERROR, Failure::bug("the holder's service panicked")),
    }
}

async fn dispatch(service: &dyn Service, route: Route, body: &[u8]) -> Result<Vec<u8>, Failure> {
    match route {
        Route::Plan => write(&service.plan(read::<PlanRequest>(body)?).await?),
        Route::Start => write(&service.start(read::<StartRequest>(body)?).await?),
        Route::Resume => {
            let asked: wire::OfRunBy = read(body)?;
            write(&service.resume(asked.run, asked.asker).await?)
        }
        Route::Approve => {
            let asked: wire::Approve = read(body)?;
            write(&service.approve(asked.run, asked.request).await?)
        }
        Route::Pause => {
            let asked: wire::OfRunBy = read(body)?;
            write(&service.pause(asked.run, asked.asker).await?)
        }
        Route::Cancel => {
            let asked: wire::OfRunBy = read(body)?;
            write(&service.cancel(asked.run, asked.asker).await?)
        }
        Route::Intervene => {
            let asked: wire::Intervene = read(body)?;
            write(&service.intervene(asked.run, asked.request).await?)
        }
        Route::UndoPlan => {
            let asked: wire::PlanOfUndo = read(body)?;
            write(&service.undo_plan(asked.run, asked.wanted).await?)
        }
        Route::RepinPlan => {
            let asked: wire::Repin = read(body)?;
            write(&service.repin_plan(asked.run, asked.request).await?)
        }
        Route::Repin => {
            let asked: wire::Repin = read(body)?;
            write(&service.repin(asked.run, asked.request).await?)
        }
        Route::Undo => {
            let asked: wire::Undo = read(body)?;
            write(&service.undo(asked.run, asked.request).await?)
        }
        Route::Verify => write(&service.verify(read::<wire::OfRun>(body)?.run).await?),
        Route::Runs => write(&service.runs().await?),
        Route::History => {
            let asked: wire::HistoryFrom = read(body)?;
            let wait_ms = asked.wait_ms.min(wire::WAIT_MS_MAX);
            write(&service.history(asked.run, asked.from, wait_ms).await?)
        }
        Route::Import => write(&service.import(read::<ImportRequest>(body)?).await?),
        Route::Keep => write(&service.keep(read::<wire::Bytes>(body)?.read()?).await?),
        Route::Kept => {
            let kept = service.kept(read::<wire::OfDigest>(body)?.digest).await?;
            write(&kept.as_deref().map(wire::Bytes::new))
        }
        Route::Pinned => write(&service.pinned(read::<wire::OfRun>(body)?.run).await?),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|cause| {
        Failure::invalid(Code::Holder, format!("the request's body is not what this route takes: {cause}"))
            .hint("both ends must be the same footbridge version")
    })
}

fn write<T: Serialize>(reply: &T) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(reply).map_err(|cause| Failure::bug(format!("a reply has no JSON form: {cause}")))
}

fn failed(status: StatusCode, failure: Failure) -> Response<Full<Bytes>> {
    let body = serde_json::to_vec(&wire::Failed { failure }).expect("a failure always has a JSON form");
    json(status, body)
}

fn json(status: StatusCode, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    response
}
