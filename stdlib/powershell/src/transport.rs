//! What carries the fragments of a runspace pool: WS-Management or a child process.
//!
//! A transport knows nothing of what the bytes mean. It tells exactly how far a failed exchange came, because that
//! decides whether a write may have happened.

use std::time::Duration;

use async_trait::async_trait;
use contracts::CallContext;
use uuid::Uuid;

use crate::call::Refusal;

#[async_trait]
pub(crate) trait Transport: Send {
    /// Opens the far end. `opening` is the pool's first fragments (session capability and pool initialisation), whole.
    async fn open(
        &mut self,
        pool: Uuid,
        opening: Vec<u8>,
        context: &dyn CallContext,
    ) -> Result<(), TransportError>;

    /// The longest fragment that may be handed over, header included, in bytes.
    fn fragment_max(&self) -> usize;

    /// Begins a pipeline and hands over the fragments of its first message, in order. The far end can run nothing before
    /// it has the last one, so [`TransportError::Gone`] from here means that nothing ran; where the last fragment may
    /// have arrived and its answer did not, it is [`TransportError::Lost`].
    async fn start(
        &mut self,
        pipeline: Uuid,
        fragments: Vec<Vec<u8>>,
        context: &dyn CallContext,
    ) -> Result<(), TransportError>;

    /// The next bytes from a pipeline, or from the pool itself. Gives up after about `wait` with [`Received::Nothing`].
    async fn receive(
        &mut self,
        pipeline: Option<Uuid>,
        wait: Duration,
        context: &dyn CallContext,
    ) -> Result<Received, TransportError>;

    /// Asks the far end to stop a pipeline. Its last words still come through [`Transport::receive`].
    async fn stop(&mut self, pipeline: Uuid, context: &dyn CallContext) -> Result<(), TransportError>;

    /// Forgets a pipeline that has ended; the far end may free what it kept for it.
    async fn finish(&mut self, pipeline: Uuid, context: &dyn CallContext) -> Result<(), TransportError>;

    /// Closes the far end, also after errors, within `limit`; what cannot be closed is left to the server's idle time-out.
    async fn close(&mut self, limit: Duration);

    /// The far end's id and who it is, for evidence.
    fn shell_id(&self) -> String;

    fn server(&self) -> String;
}

/// What one `receive` brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Whole or partial fragments, in order.
    Bytes(Vec<u8>),
    /// Nothing so far; ask again.
    Nothing,
    /// The far end says that the pipeline has ended; `bytes` came with it.
    Done(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TransportError {
    /// Nothing reached the far end, or it refused what did: nothing ran because of this exchange.
    Refused(Refusal),
    /// The session is gone at the far end (idle time-out, restart). What was running in it is not known.
    Gone { message: String },
    /// The exchange was sent, wholly or in part, and its answer was lost.
    Lost { message: String },
}
