//! Reads an answer's body up to a limit.

use crate::trouble::causes;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the answer is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("the answer broke off: {0}")]
    BrokeOff(String),
}

/// The whole body, or an error as soon as it is longer than `limit` bytes.
pub async fn read_body(answer: &mut reqwest::Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(None) => return Ok(bytes),
            Ok(Some(chunk)) if bytes.len() + chunk.len() > limit => return Err(BodyError::TooLong { limit }),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Err(error) => return Err(BodyError::BrokeOff(causes(&error))),
        }
    }
}
