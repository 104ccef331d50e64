//! Tokens: reading ends, and nothing of a signature is kept.

use oauth::{read_claims, read_token};

pub fn jwt(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let _ = read_claims(&text);
    match read_token(&text) {
        Ok(token) => {
            let kept = format!("{token:?}");
            assert!(kept.len() < 64 * (bytes.len() + 64), "more is kept than came");
            let (rest, signature) = text.trim().rsplit_once('.').expect("a token has parts");
            if !signature.trim().is_empty() {
                let other = read_token(&format!("{rest}.b3RoZXI"));
                assert_eq!(other.as_ref(), Ok(&token), "what is kept depends on the signature");
            }
        }
        Err(problem) => super::assert_showable(&problem.to_string()),
    }
}
