//! The header WWW-Authenticate: reading ends, and gives no more than it was given.

use oauth::parse_challenges;

pub fn www_authenticate(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let challenges = parse_challenges(&text);
    assert!(challenges.len() <= text.len(), "more challenges than letters");
    assert_eq!(challenges, parse_challenges(&text));
    for challenge in &challenges {
        assert!(text.contains(&challenge.scheme), "a scheme that is not in the header");
        for name in ["trusted_issuers", "client_id", "realm"] {
            for part in challenge.list(name) {
                assert!(part.len() <= text.len());
            }
        }
    }
}
