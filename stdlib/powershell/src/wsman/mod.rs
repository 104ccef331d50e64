//! WS-Management, as far as a PowerShell shell needs it: requests to text, answers from bytes. Nothing here does I/O.
//!
//! Source: MS-WSMV (messages), MS-PSRP 3.1.5.3 (how a runspace pool uses them), and recordings of Windows servers.

mod answer;
mod element;
mod fault;
mod names;
mod request;

pub use answer::{Answer, Body, CommandState, Stream, parse};
pub use element::ParseError;
pub use fault::{Fault, FaultKind};
pub use request::{Request, Requests, StopSignal};
