//! The channel with Kerberos: each TCP connection is signed in once, and every message on it is sealed.

#[cfg(feature = "kerberos")]
mod connection;
#[cfg(feature = "kerberos")]
mod context;
#[cfg(feature = "kerberos")]
mod kept;
mod multipart;
mod place;
#[cfg(feature = "kerberos")]
mod sign_in;
mod token;

#[cfg(feature = "kerberos")]
pub(super) use kept::Kerberos;
