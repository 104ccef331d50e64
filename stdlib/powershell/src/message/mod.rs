//! Messages of the PowerShell remoting protocol, and the fragments in which they travel.
//!
//! Source: MS-PSRP 2.2.1 (message), 2.2.2 (types), 2.2.4 (fragment).

mod fragment;
mod header;

pub use fragment::{Defragmenter, FRAGMENT_HEADER_LENGTH, FragmentError, split, split_stream};
pub use header::{Destination, Message, MessageError, MessageKind};
