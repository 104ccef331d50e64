//! Whatever bytes come in, reading them ends without a panic, and what is taken for a certificate is exactly one.

use crate::{Judgement, inspect, judge, read, text_of};
use model::Timestamp;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_780_000_000_000);

fn fixtures() -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(vec!["current", "next", "expired", "weak", "someone-else"])
        .prop_map(|name| sim::fixture_der(name).expect("a fixture").to_vec())
}

proptest! {
    #[test]
    fn bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = (judge(&bytes, NOW), inspect(&bytes), text_of(&bytes));
    }

    #[test]
    fn texts(text in "\\PC{0,80}(-----BEGIN [A-Z ]{0,20}-----)?[A-Za-z0-9+/=\\n]{0,200}(-----END [A-Z ]{0,20}-----)?") {
        let _ = judge(text.as_bytes(), NOW);
    }

    /// A certificate with any one byte changed is refused, or is another certificate with a hash of its own.
    #[test]
    fn changed_certificates(der in fixtures(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let before = inspect(&der).expect("a certificate");
        let mut changed = der.clone();
        let at = at.index(changed.len());
        changed[at] = to;
        if let Judgement::Certificate { certificate, .. } = judge(&changed, NOW) {
            prop_assert_eq!(&certificate.der, &changed);
            prop_assert_eq!(certificate.facts.sha256 == before.sha256, changed == der);
            let shown = format!("{}{}", certificate.facts.subject, certificate.facts.issuer);
            prop_assert!(!shown.chars().any(char::is_control), "{:?}", shown);
        }
    }

    /// Nothing may be left out or added.
    #[test]
    fn cut_and_continued_certificates(der in fixtures(), cut in 1_usize..500, tail in prop::collection::vec(any::<u8>(), 1..40)) {
        prop_assert!(read(&der[..der.len() - cut]).is_err());
        prop_assert!(read(&[der, tail].concat()).is_err());
    }
}
