//! The holder's end of the local socket.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use contracts::Service;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use interprocess::local_socket::tokio::Listener;
use interprocess::local_socket::traits::tokio::Listener as _;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::answer::answer;
use crate::caller::Caller;
use crate::socket::{NoSocket, SocketName};

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
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) task: JoinHandle<()>,
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
                async move { Ok::<_, Infallible>(answer(service, Caller::Owner, request).await) }
            }),
        );
        let connection = graceful.watch(connection);
        // A client that went away in the middle has nobody to tell.
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    graceful.shutdown().await;
}
