//! CLIXML: reading ends within its limits, and what was read can be written and read again.

use powershell::clixml::{Limits, read, write};

pub fn clixml(bytes: &[u8]) {
    // Small enough that a document of a few kilobytes can reach every one of them.
    let tight = Limits {
        document_bytes_max: 4096,
        kept_bytes_max: 8192,
        depth_max: 12,
        elements_max: 200,
        text_bytes_max: 1024,
        items_max: 50,
    };
    let taken_tightly = read(bytes, &tight);
    let taken = read(bytes, &Limits::default());
    if let Ok(values) = &taken_tightly {
        assert_eq!(Ok(values), taken.as_ref(), "limits change nothing of what is within them");
    }
    let values = match taken {
        Ok(values) => values,
        Err(error) => return super::assert_showable(&error.to_string()),
    };
    for value in &values {
        let _ = value.to_json();
        let _ = value.shown();
        let Ok(text) = write(value) else { continue };
        // What is not what its tag promises is kept to be seen, and has no form of its own to be written in.
        if format!("{value:?}").contains("Other {") {
            continue;
        }
        let again = read(text.as_bytes(), &Limits::default());
        let again = again.unwrap_or_else(|error| panic!("what was written is not read: {error}: {text}"));
        assert_eq!(again.len(), 1, "one value was written: {text}");
        assert_eq!(write(&again[0]).as_deref(), Ok(text.as_str()), "a second time it is written differently");
    }
}
