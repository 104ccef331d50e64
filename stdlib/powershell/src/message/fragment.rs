//! Fragments: messages cut to what a transport can carry, and put together again.

use std::collections::HashMap;

/// Object id, fragment id, flags, blob length: all big-endian.
pub const FRAGMENT_HEADER_LENGTH: usize = 21;

const START: u8 = 1;
const END: u8 = 2;

/// Cuts one message into fragments of at most `fragment_max` bytes, header included.
///
/// # Panics
/// Where `fragment_max` leaves no room for a single byte of the message.
pub fn split(object: u64, message: &[u8], fragment_max: usize) -> Vec<Vec<u8>> {
    assert!(fragment_max > FRAGMENT_HEADER_LENGTH, "a fragment holds its header and something more");
    let room = (fragment_max - FRAGMENT_HEADER_LENGTH).min(u32::MAX as usize);
    let count = message.len().div_ceil(room).max(1);
    (0..count)
        .map(|index| {
            let blob = &message[index * room..message.len().min((index + 1) * room)];
            let first = if index == 0 { START } else { 0 };
            let last = if index + 1 == count { END } else { 0 };
            let mut bytes = Vec::with_capacity(FRAGMENT_HEADER_LENGTH + blob.len());
            bytes.extend_from_slice(&object.to_be_bytes());
            bytes.extend_from_slice(&(index as u64).to_be_bytes());
            bytes.push(first | last);
            bytes.extend_from_slice(&(blob.len() as u32).to_be_bytes());
            bytes.extend_from_slice(blob);
            bytes
        })
        .collect()
}

/// Cuts a stream of whole fragments at their borders; what is no whole fragment at the end is left as it is.
pub fn split_stream(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut fragments = Vec::new();
    while !stream.is_empty() {
        let length = blob_length(stream)
            .map_or(stream.len(), |blob| FRAGMENT_HEADER_LENGTH.saturating_add(blob).min(stream.len()));
        let (fragment, rest) = stream.split_at(length);
        fragments.push(fragment);
        stream = rest;
    }
    fragments
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    #[error("put a message together: fragment {found} of object {object} came where {expected} was due")]
    Gap { object: u64, expected: u64, found: u64 },
    #[error("put a message together: fragment {found} of object {object} came before its first")]
    NoStart { object: u64, found: u64 },
    #[error("put a message together: object {object} began a second time before it was whole")]
    Restart { object: u64 },
    #[error("put a message together: a message of more than {max} bytes")]
    Long { max: usize },
    #[error("put a message together: more than {max} messages begun and not ended")]
    Many { max: usize },
}

/// Puts messages together from bytes that may be cut anywhere, also inside a fragment's header. After an error the
/// stream cannot be trusted any more: everything later gives the same error.
#[derive(Debug)]
pub struct Defragmenter {
    message_bytes_max: usize,
    /// Bytes of a fragment that has not come whole.
    pending: Vec<u8>,
    open: HashMap<u64, Partial>,
    failed: Option<FragmentError>,
}

#[derive(Debug)]
struct Partial {
    next: u64,
    bytes: Vec<u8>,
}

/// Servers send one message after the other; a few at once are allowed, more would only cost memory.
const OPEN_MAX: usize = 8;

impl Defragmenter {
    /// `message_bytes_max` bounds one message, and all that are begun and not ended together.
    pub fn new(message_bytes_max: usize) -> Defragmenter {
        Defragmenter { message_bytes_max, pending: Vec::new(), open: HashMap::new(), failed: None }
    }

    /// Takes the next bytes; gives the messages that are whole now, in the order in which they ended.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, FragmentError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let whole = self.take(bytes);
        if let Err(error) = &whole {
            self.failed = Some(error.clone());
            self.pending = Vec::new();
            self.open.clear();
        }
        whole
    }

    /// Whether nothing is left over: a stream that ends otherwise was cut.
    pub fn is_clean(&self) -> bool {
        self.failed.is_none() && self.pending.is_empty() && self.open.is_empty()
    }

    fn take(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, FragmentError> {
        let mut whole = Vec::new();
        let mut input = std::mem::take(&mut self.pending);
        input.extend_from_slice(bytes);
        let mut taken = 0;
        while let Some(length) = blob_length(&input[taken..]) {
            if length > self.message_bytes_max {
                return Err(FragmentError::Long { max: self.message_bytes_max });
            }
            let Some(fragment) = input.get(taken..taken + FRAGMENT_HEADER_LENGTH + length) else { break };
            taken += fragment.len();
            if let Some(message) = self.accept(fragment)? {
                whole.push(message);
            }
        }
        input.drain(..taken);
        self.pending = input;
        Ok(whole)
    }

    fn accept(&mut self, fragment: &[u8]) -> Result<Option<Vec<u8>>, FragmentError> {
        let object = number(fragment, 0);
        let found = number(fragment, 8);
        let flags = fragment[16];
        let blob = &fragment[FRAGMENT_HEADER_LENGTH..];
        if flags & START != 0 {
            if self.open.contains_key(&object) {
                return Err(FragmentError::Restart { object });
            }
            if found != 0 {
                return Err(FragmentError::Gap { object, expected: 0, found });
            }
            if self.open.len() >= OPEN_MAX {
                return Err(FragmentError::Many { max: OPEN_MAX });
            }
            self.open.insert(object, Partial { next: 0, bytes: Vec::new() });
        }
        let begun: usize = self.open.values().map(|one| one.bytes.len()).sum();
        let Some(partial) = self.open.get_mut(&object) else {
            return Err(FragmentError::NoStart { object, found });
        };
        if partial.next != found {
            return Err(FragmentError::Gap { object, expected: partial.next, found });
        }
        if begun + blob.len() > self.message_bytes_max {
            return Err(FragmentError::Long { max: self.message_bytes_max });
        }
        partial.next += 1;
        partial.bytes.extend_from_slice(blob);
        if flags & END == 0 {
            return Ok(None);
        }
        Ok(self.open.remove(&object).map(|partial| partial.bytes))
    }
}

/// The length of the blob that follows a header, once the header is there.
fn blob_length(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(..FRAGMENT_HEADER_LENGTH)?;
    header.last_chunk::<4>().map(|length| u32::from_be_bytes(*length) as usize)
}

fn number(fragment: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&fragment[at..at + 8]);
    u64::from_be_bytes(bytes)
}
