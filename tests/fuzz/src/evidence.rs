//! Evidence files come from whoever wants to be believed.

use report::Style;
use report::evidence::{Outside, verify};

/// Verifying ends, says the same twice, and shows nothing that moves a cursor, whatever the file holds.
pub fn evidence(bytes: &[u8]) {
    let Some(verified) = verify(bytes, Outside::default()) else { return };
    assert_eq!(verify(bytes, Outside::default()).as_ref(), Some(&verified), "it says the same twice");
    for line in verified.text(Style::Plain).lines() {
        crate::assert_showable(line);
    }
}
