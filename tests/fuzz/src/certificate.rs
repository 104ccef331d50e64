//! Certificates in any form: facts are well-formed, and the same however the certificate is written down.

use model::Timestamp;
use x509::{Judgement, inspect, judge, read};

pub fn certificate(bytes: &[u8]) {
    let now = Timestamp::parse_rfc3339("2026-06-01T00:00:00Z").expect("a moment");
    let judged = judge(bytes, now);
    match read(bytes) {
        Ok(found) => {
            let facts = &found.facts;
            assert_eq!((facts.sha1.len(), facts.sha256.len()), (40, 64));
            super::assert_showable(&facts.subject);
            super::assert_showable(&facts.issuer);
            assert!(found.der.len() <= bytes.len(), "more came out than went in");
            assert_eq!(inspect(&found.der).as_ref(), Ok(facts), "the DER says something else");
            assert!(matches!(judged, Judgement::Certificate { .. }));
        }
        Err(problem) => {
            super::assert_showable(&problem.to_string());
            assert!(inspect(bytes).is_err(), "refused in every form, and taken as DER");
            assert!(!matches!(judged, Judgement::Certificate { .. }));
        }
    }
}
