//! The readers of what servers send: CLIXML and fragments, on shapes that servers have and on hostile ones.

mod clixml;
mod message;
