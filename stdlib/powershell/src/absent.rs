//! A transport that was not built in: it refuses to open.

use std::time::Duration;

use async_trait::async_trait;
use contracts::CallContext;
use uuid::Uuid;

use crate::call::{Refusal, RefusalKind};
use crate::transport::{Received, Transport, TransportError};

pub(crate) struct Absent;

#[async_trait]
impl Transport for Absent {
    async fn open(&mut self, _: Uuid, _: Vec<u8>, _: &dyn CallContext) -> Result<(), TransportError> {
        Err(absent())
    }

    fn fragment_max(&self) -> usize {
        32 << 10
    }

    async fn start(&mut self, _: Uuid, _: Vec<Vec<u8>>, _: &dyn CallContext) -> Result<(), TransportError> {
        Err(absent())
    }

    async fn receive(
        &mut self,
        _: Option<Uuid>,
        _: Duration,
        _: &dyn CallContext,
    ) -> Result<Received, TransportError> {
        Err(absent())
    }

    async fn stop(&mut self, _: Uuid, _: &dyn CallContext) -> Result<(), TransportError> {
        Err(absent())
    }

    async fn finish(&mut self, _: Uuid, _: &dyn CallContext) -> Result<(), TransportError> {
        Err(absent())
    }

    async fn close(&mut self, _: Duration) {}

    fn shell_id(&self) -> String {
        String::new()
    }

    fn server(&self) -> String {
        String::new()
    }
}

fn absent() -> TransportError {
    TransportError::Refused(Refusal {
        kind: RefusalKind::Settings,
        message: "open a PowerShell session: this build has no remote transport".to_owned(),
        advice: None,
    })
}
