//! Recordings of a browser and logs: reading and judging ends, and says the same twice.

use oauth::{Expected, judge_trace, read_har, read_log};

pub fn har(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for recording in [read_har(&text), read_log(&text)] {
        match recording {
            Ok(recording) => {
                let expected = Expected {
                    tenant: "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17".into(),
                    hosts: vec!["mail.contoso.com".into()],
                    ..Expected::default()
                };
                let judged = judge_trace(&recording, &expected);
                assert_eq!(judged, judge_trace(&recording, &expected));
                assert!(judged.requests.len() + judged.ignored <= recording.requests.len());
                for reason in &judged.opinion.reasons {
                    super::assert_showable(reason);
                }
            }
            Err(problem) => super::assert_showable(&problem.to_string()),
        }
    }
}
