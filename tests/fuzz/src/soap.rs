//! Answers of WS-Management: reading ends, and gives no more bytes than came.

use powershell::wsman::{Body, parse};

pub fn soap(bytes: &[u8]) {
    match parse(bytes) {
        Ok(answer) => {
            assert_eq!(parse(bytes).as_ref(), Ok(&answer));
            match &answer.body {
                Body::Received { streams, .. } => {
                    let given: usize = streams.iter().map(|stream| stream.bytes.len()).sum();
                    assert!(
                        given <= bytes.len(),
                        "{given} bytes of output from {} of an answer",
                        bytes.len()
                    );
                }
                Body::Fault(fault) => {
                    let _ = fault.kind();
                    super::assert_showable(&fault.line());
                }
                Body::Created { .. } | Body::Done { .. } => {}
            }
        }
        Err(error) => super::assert_showable(&error.to_string()),
    }
}
