//! Fragments: a stream means the same however it is cut, and its messages stay within the limit.

use powershell::message::{Defragmenter, FRAGMENT_HEADER_LENGTH, Message, split, split_stream};

const MESSAGE_MAX: usize = 4096;

/// The first byte says into what pieces the rest is cut.
pub fn fragments(bytes: &[u8]) {
    let Some((first, stream)) = bytes.split_first() else { return };
    let piece = usize::from(*first).max(1);
    let whole = collected(std::iter::once(stream));
    let cut = collected(stream.chunks(piece));
    assert_eq!(whole.1, cut.1, "whether anything is left over depends on how the stream was cut");
    if whole.1.is_some() {
        assert_eq!(whole.0, cut.0, "the messages depend on how the stream was cut");
    }
    assert_eq!(split_stream(stream).concat(), stream, "bytes were lost between fragments");
    for message in &whole.0 {
        assert!(message.len() <= MESSAGE_MAX, "a message of {} bytes", message.len());
        if let Ok(read) = Message::read(message) {
            let again = Message::read(&read.write()).expect("what was written is read");
            assert_eq!(again, read);
        }
        let sent = split(7, message, FRAGMENT_HEADER_LENGTH + piece);
        let back = collected(sent.iter().map(Vec::as_slice));
        assert_eq!(back, (vec![message.clone()], Some(true)), "what is sent comes back as another message");
    }
}

/// The messages, and whether the stream ended clean; `None` after an error.
fn collected<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, Option<bool>) {
    let mut defragmenter = Defragmenter::new(MESSAGE_MAX);
    let mut messages = Vec::new();
    for piece in pieces {
        match defragmenter.push(piece) {
            Ok(more) => messages.extend(more),
            Err(error) => {
                super::assert_showable(&error.to_string());
                return (messages, None);
            }
        }
    }
    (messages, Some(defragmenter.is_clean()))
}
