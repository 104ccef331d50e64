//! Ctrl-C, counted. Once asks for a safe point where there is something to stop; twice leaves at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

#[derive(Clone, Debug)]
pub(crate) struct Interrupts {
    count: watch::Receiver<u32>,
    /// Somebody brings a run to a safe point on the first one.
    handled: Arc<AtomicBool>,
}

impl Interrupts {
    /// Listens from now on. Needs the runtime.
    pub(crate) fn listen() -> Interrupts {
        let (sender, count) = watch::channel(0);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                sender.send_modify(|count| *count += 1);
            }
            // Without signals there are no interrupts: keep the channel open so that nobody takes its end for one.
            std::future::pending::<()>().await;
        });
        Interrupts { count, handled: Arc::new(AtomicBool::new(false)) }
    }

    /// From now on the first one is somebody's to handle.
    pub(crate) fn handle(&self) {
        self.handled.store(true, Ordering::SeqCst);
    }

    /// Resolves at the first one.
    pub(crate) async fn first(&self) {
        self.reached(1).await;
    }

    /// Resolves when the process must leave: at the second one, or at the first that nobody handles.
    pub(crate) async fn leave(&self) {
        self.reached(1).await;
        if self.handled.load(Ordering::SeqCst) {
            self.reached(2).await;
        }
    }

    async fn reached(&self, wanted: u32) {
        let mut count = self.count.clone();
        if count.wait_for(|count| *count >= wanted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The request of a service manager, or of `kill`, to end.
pub(crate) struct Termination {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Termination {
    /// Listens from now on: without it the signal ends the process there and then. Needs the runtime.
    pub(crate) fn listen() -> Termination {
        Termination {
            // A process that cannot listen ends at once when it is asked to, which is safe too.
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok(),
        }
    }

    /// Resolves when it came; never where there is no such signal.
    pub(crate) async fn asked(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
