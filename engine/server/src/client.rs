//! The other end: a `Service` that asks the holder. One connection a request, so that nothing waits behind a long poll.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use contracts::{
    ApproveRequest, DriftReport, History, ImportRequest, Imported, InterveneRequest, PlanReply, PlanRequest,
    RepinPlan, RepinRequest, Service, StartRequest, UndoPlan, UndoRequest, UndoWanted,
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use model::{Asker, Class, Code, Digest, Failure, Pinned, RunId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::socket::SocketName;
use crate::wire::{self, Route};

/// A holder at work answers the first, small question within milliseconds.
const FIRST_ANSWER: Duration = Duration::from_secs(3);
/// How long after its own waiting an answer about a run's history may come.
const LATE_ANSWER: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Client {
    name: SocketName,
}

impl Client {
    /// Fails with `FB0953` when nobody listens there, or nobody answers in time.
    pub async fn connect(name: SocketName) -> Result<Client, Failure> {
        let client = Client { name };
        // A holder that hangs still accepts connections, so a question must be answered.
        client.within(FIRST_ANSWER, client.runs()).await?;
        Ok(client)
    }

    async fn within<R>(
        &self,
        limit: Duration,
        asked: impl Future<Output = Result<R, Failure>>,
    ) -> Result<R, Failure> {
        match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(self.lost(&format!("no answer within {} seconds", limit.as_secs()))),
        }
    }

    async fn ask<A: Serialize + Sync, R: DeserializeOwned>(
        &self,
        route: Route,
        asked: &A,
    ) -> Result<R, Failure> {
        let body = serde_json::to_vec(asked)
            .map_err(|cause| Failure::bug(format!("a request has no JSON form: {cause}")))?;
        let stream = self.name.connect().await.map_err(|cause| self.lost(&cause))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|cause| self.lost(&cause))?;
        // It ends with the sender; what goes wrong on it is told to the request.
        let driver = tokio::spawn(connection);
        let request = Request::builder()
            .method(Method::POST)
            .uri(route.path())
            .header(HOST, "footbridge")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .expect("a fixed method, path and headers make a request");
        let response = sender.send_request(request).await.map_err(|cause| self.lost(&cause))?;
        let good = response.status().is_success();
        let body = Limited::new(response.into_body(), wire::REPLY_BYTES_MAX)
            .collect()
            .await
            .map_err(|cause| self.lost(&*cause))?
            .to_bytes();
        drop(sender);
        driver.abort();
        if good {
            serde_json::from_slice(&body).map_err(|cause| misread(&cause))
        } else {
            Err(serde_json::from_slice::<wire::Failed>(&body)
                .map_or_else(|cause| misread(&cause), |told| told.failure))
        }
    }

    fn lost(&self, cause: &dyn std::fmt::Display) -> Failure {
        let message = format!("the process that holds the store does not answer: {cause}");
        Failure::new(Code::Holder, Class::Transient, message).hint(format!(
            "if it has just ended, try again; if it hangs, end it: its runs go on with `footbridge resume` (socket {})",
            self.name.path().display()
        ))
    }
}

fn misread(cause: &serde_json::Error) -> Failure {
    Failure::new(Code::Holder, Class::Invalid, format!("the holder's answer cannot be read: {cause}"))
        .hint("both ends must be the same footbridge version")
}

#[async_trait]
impl Service for Client {
    async fn plan(&self, request: PlanRequest) -> Result<PlanReply, Failure> {
        self.ask(Route::Plan, &request).await
    }

    async fn start(&self, request: StartRequest) -> Result<RunId, Failure> {
        self.ask(Route::Start, &request).await
    }

    async fn resume(&self, run: RunId, asker: Asker) -> Result<(), Failure> {
        self.ask(Route::Resume, &wire::OfRunBy { run, asker }).await
    }

    async fn approve(&self, run: RunId, request: ApproveRequest) -> Result<(), Failure> {
        self.ask(Route::Approve, &wire::Approve { run, request }).await
    }

    async fn repin_plan(&self, run: RunId, request: RepinRequest) -> Result<RepinPlan, Failure> {
        self.ask(Route::RepinPlan, &wire::Repin { run, request }).await
    }

    async fn repin(&self, run: RunId, request: RepinRequest) -> Result<(), Failure> {
        self.ask(Route::Repin, &wire::Repin { run, request }).await
    }

    async fn pause(&self, run: RunId, asker: Asker) -> Result<(), Failure> {
        self.ask(Route::Pause, &wire::OfRunBy { run, asker }).await
    }

    async fn cancel(&self, run: RunId, asker: Asker) -> Result<(), Failure> {
        self.ask(Route::Cancel, &wire::OfRunBy { run, asker }).await
    }

    async fn intervene(&self, run: RunId, request: InterveneRequest) -> Result<(), Failure> {
        self.ask(Route::Intervene, &wire::Intervene { run, request }).await
    }

    async fn undo_plan(&self, run: RunId, wanted: UndoWanted) -> Result<UndoPlan, Failure> {
        self.ask(Route::UndoPlan, &wire::PlanOfUndo { run, wanted }).await
    }

    async fn undo(&self, run: RunId, request: UndoRequest) -> Result<(), Failure> {
        self.ask(Route::Undo, &wire::Undo { run, request }).await
    }

    async fn verify(&self, run: RunId) -> Result<DriftReport, Failure> {
        self.ask(Route::Verify, &wire::OfRun { run }).await
    }

    async fn runs(&self) -> Result<Vec<RunId>, Failure> {
        self.ask(Route::Runs, &()).await
    }

    async fn history(&self, run: RunId, from: u32, wait_ms: u64) -> Result<History, Failure> {
        let limit = Duration::from_millis(wait_ms.min(wire::WAIT_MS_MAX)) + LATE_ANSWER;
        self.within(limit, self.ask(Route::History, &wire::HistoryFrom { run, from, wait_ms })).await
    }

    async fn pinned(&self, run: RunId) -> Result<Pinned, Failure> {
        self.ask(Route::Pinned, &wire::OfRun { run }).await
    }

    async fn import(&self, request: ImportRequest) -> Result<Imported, Failure> {
        self.ask(Route::Import, &request).await
    }

    async fn keep(&self, bytes: Vec<u8>) -> Result<Digest, Failure> {
        self.ask(Route::Keep, &wire::Bytes::new(&bytes)).await
    }

    async fn kept(&self, digest: Digest) -> Result<Option<Vec<u8>>, Failure> {
        let kept: Option<wire::Bytes> = self.ask(Route::Kept, &wire::OfDigest { digest }).await?;
        kept.map(|bytes| bytes.read()).transpose()
    }
}
