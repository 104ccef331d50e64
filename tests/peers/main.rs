//! footbridge against software that others wrote: PowerShell remoting, recordings of Windows servers, sign-in services.
//!
//! Built and run only with the feature `peers`. The tests install what they need, with pinned versions, below the build
//! folder, and fail where they cannot. They need a network once, Python 3.9 or later, and a POSIX system.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod authority;
mod browser;
mod caller;
mod calling;
mod doctor;
mod exchange_peer;
mod graph_judge;
mod install;
#[cfg(feature = "kerberos")]
mod kerberos;
mod local;
mod oidc;
mod openssl;
mod own_functions;
mod peer_process;
mod psrp;
mod psrp_faults;
mod psrp_peer;
mod pypsrp;
mod recordings;
mod serve_judge;
mod site;
mod six_steps;
mod six_steps_remoting;
