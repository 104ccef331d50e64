//! Answers one request of a caller from the service in this process, whichever way it came in.

use std::sync::Arc;
use std::time::Duration;

use contracts::{ApproveMode, ImportRequest, PlanRequest, Service, StartRequest};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use model::{Class, Code, Failure};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::caller::{Caller, Role};
use crate::views::View;
use crate::wire::{self, Route};

/// How long a request's body may take to come in.
const BODY: Duration = Duration::from_secs(30);

pub(crate) type Answer = Response<Full<Bytes>>;

pub(crate) async fn answer(service: Arc<dyn Service>, caller: Caller, request: Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    let (route, view) = (Route::of_path(&path), View::of_path(&path));
    match (request.method(), route, view) {
        (&Method::POST, Some(route), _) => {
            // Before a byte of the body is read.
            if let Err(failure) = caller.may_take(route.access()) {
                return failed(&failure);
            }
            let body = Limited::new(request.into_body(), route.request_bytes_max()).collect();
            let body = match tokio::time::timeout(BODY, body).await {
                Ok(Ok(body)) => body.to_bytes(),
                Ok(Err(cause)) => {
                    let message = format!("the request's body cannot be read: {cause}");
                    let failure = Failure::invalid(Code::Holder, message);
                    return refused(StatusCode::PAYLOAD_TOO_LARGE, &failure);
                }
                Err(_) => {
                    let message = format!("the request's body took longer than {} seconds", BODY.as_secs());
                    let failure = Failure::invalid(Code::Holder, message);
                    return refused(StatusCode::REQUEST_TIMEOUT, &failure);
                }
            };
            // The service's work goes on when the client goes away: a started run must not stop half-way.
            given(tokio::spawn(async move { dispatch(service.as_ref(), &caller, route, &body).await }).await)
        }
        (&Method::GET, _, Some(view)) => {
            if let Err(failure) = caller.may(Role::Read) {
                return failed(&failure);
            }
            let query = request.uri().query().unwrap_or_default().to_owned();
            let read = async move { write(&view.read(service.as_ref(), &query).await?) };
            given(tokio::spawn(read).await)
        }
        (_, None, None) => {
            let failure = Failure::invalid(Code::Holder, format!("the holder has no {path}"))
                .hint("both ends must be the same footbridge version");
            refused(StatusCode::NOT_FOUND, &failure)
        }
        (_, route, view) => {
            let methods = match (route.is_some(), view.is_some()) {
                (true, true) => "GET, POST",
                (true, false) => "POST",
                (false, _) => "GET",
            };
            let failure = Failure::invalid(Code::Holder, format!("{path} answers {methods} only"));
            let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, &failure);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
            response
        }
    }
}

fn given(ended: Result<Result<Vec<u8>, Failure>, tokio::task::JoinError>) -> Answer {
    match ended {
        Ok(Ok(body)) => json(StatusCode::OK, body),
        Ok(Err(failure)) => failed(&failure),
        Err(_) => failed(&Failure::bug("the holder's service panicked")),
    }
}

async fn dispatch(
    service: &dyn Service,
    caller: &Caller,
    route: Route,
    body: &[u8],
) -> Result<Vec<u8>, Failure> {
    match route {
        Route::Plan => {
            let asked: PlanRequest = read(body)?;
            caller.may_bring(&asked.workflow)?;
            caller.may_name(&asked.target)?;
            write(&service.plan(asked).await?)
        }
        Route::Start => {
            let mut asked: StartRequest = read(body)?;
            caller.may_bring(&asked.workflow)?;
            caller.may_name(&asked.target)?;
            if asked.approve != ApproveMode::Wait {
                caller.may(Role::Approve)?;
            }
            asked.by = caller.by(asked.by);
            write(&service.start(asked).await?)
        }
        Route::Resume => {
            let asked: wire::OfRunBy = read(body)?;
            write(&service.resume(asked.run, caller.asker(asked.asker)).await?)
        }
        Route::Approve => {
            let mut asked: wire::Approve = read(body)?;
            asked.request.by = caller.by(asked.request.by);
            write(&service.approve(asked.run, asked.request).await?)
        }
        Route::Pause => {
            let asked: wire::OfRunBy = read(body)?;
            write(&service.pause(asked.run, caller.asker(asked.asker)).await?)
        }
        Route::Cancel => {
            let asked: wire::OfRunBy = read(body)?;
            write(&service.cancel(asked.run, caller.asker(asked.asker)).await?)
        }
        Route::Intervene => {
            let mut asked: wire::Intervene = read(body)?;
            asked.request.asker = caller.asker(asked.request.asker);
            write(&service.intervene(asked.run, asked.request).await?)
        }
        Route::RepinPlan => {
            let asked: wire::Repin = read(body)?;
            caller.may_bring(&asked.request.workflow)?;
            write(&service.repin_plan(asked.run, asked.request).await?)
        }
        Route::Repin => {
            let mut asked: wire::Repin = read(body)?;
            caller.may_bring(&asked.request.workflow)?;
            if asked.request.approve != ApproveMode::Wait {
                caller.may(Role::Approve)?;
            }
            asked.request.by = caller.by(asked.request.by);
            write(&service.repin(asked.run, asked.request).await?)
        }
        Route::UndoPlan => {
            let asked: wire::PlanOfUndo = read(body)?;
            write(&service.undo_plan(asked.run, asked.wanted).await?)
        }
        Route::Undo => {
            let mut asked: wire::Undo = read(body)?;
            asked.request.by = caller.by(asked.request.by);
            write(&service.undo(asked.run, asked.request).await?)
        }
        Route::Verify => write(&service.verify(read::<wire::OfRun>(body)?.run).await?),
        Route::Runs => write(&service.runs().await?),
        Route::History => {
            let asked: wire::HistoryFrom = read(body)?;
            let wait_ms = asked.wait_ms.min(wire::WAIT_MS_MAX);
            write(&service.history(asked.run, asked.from, wait_ms).await?)
        }
        Route::Import => {
            let mut asked: ImportRequest = read(body)?;
            asked.by = caller.by(asked.by);
            write(&service.import(asked).await?)
        }
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
            .hint("/v1/openapi.json says what it takes; both ends of a local socket must be the same version")
    })
}

fn write<T: Serialize>(reply: &T) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(reply).map_err(|cause| Failure::bug(format!("a reply has no JSON form: {cause}")))
}

/// The status that goes with a failure; the failure itself says more.
pub(crate) fn failed(failure: &Failure) -> Answer {
    let status = match (failure.code, failure.class) {
        (Code::RunUnknown, _) => StatusCode::NOT_FOUND,
        (Code::Access, _) => StatusCode::FORBIDDEN,
        (_, Class::Bug) => StatusCode::INTERNAL_SERVER_ERROR,
        (_, Class::Transient | Class::InDoubt | Class::Conflict | Class::Denied | Class::Invalid) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    };
    refused(status, failure)
}

pub(crate) fn refused(status: StatusCode, failure: &Failure) -> Answer {
    let body = serde_json::to_vec(&wire::Failed { failure: failure.clone() });
    json(status, body.expect("a failure always has a JSON form"))
}

pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
