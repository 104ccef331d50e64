//! What went wrong with a request, told apart by how far it came and by what a person must do.

use std::error::Error;

use rustls::CertificateError;

/// How far a failed request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No connection: nothing was sent.
    NotSent,
    /// Sent, wholly or in part, and no whole answer came.
    Lost,
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The name is not known to DNS.
    Name(String),
    /// Nobody listens there, or the network does not lead there.
    Unreachable(String),
    /// TLS failed: unknown authority, another name, expired, or no TLS at all.
    Tls(String),
    TimedOut(String),
    Broken(String),
}

impl Trouble {
    /// Reads a client's error.
    pub fn of(error: &reqwest::Error) -> (Stage, Trouble) {
        let text = told(error);
        let stage = if error.is_connect() || error.is_builder() { Stage::NotSent } else { Stage::Lost };
        let trouble = if find::<rustls::Error>(error).is_some() {
            Trouble::Tls(text)
        } else if stage == Stage::NotSent && is_name(error) {
            Trouble::Name(text)
        } else if error.is_timeout() {
            Trouble::TimedOut(text)
        } else if stage == Stage::NotSent {
            Trouble::Unreachable(text)
        } else {
            Trouble::Broken(text)
        };
        (stage, trouble)
    }

    pub fn text(&self) -> &str {
        match self {
            Trouble::Name(text)
            | Trouble::Unreachable(text)
            | Trouble::Tls(text)
            | Trouble::TimedOut(text)
            | Trouble::Broken(text) => text,
        }
    }

    /// What a person can do about it; nothing where only waiting helps.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Trouble::Name(_) => {
                Some("the name is not known to DNS here: check its spelling, the VPN and the resolver")
            }
            Trouble::Unreachable(_) => {
                Some("nobody answers at that address and port: check the address, the firewall and the proxy")
            }
            Trouble::Tls(text) if text.contains("NotValidForName") || text.contains("not valid for name") => {
                Some(
                    "the certificate is for another name: use a name that it holds, or renew it with this one",
                )
            }
            Trouble::Tls(text) if text.contains("Expired") || text.contains("expired") => {
                Some("the server's certificate has expired, or this machine's clock is wrong")
            }
            Trouble::Tls(_) => Some(
                "the server's certificate is not trusted here: name the file of its authority as ca_file, or add the \
                 authority to the system's roots",
            ),
            Trouble::TimedOut(_) | Trouble::Broken(_) => None,
        }
    }
}

/// What happened, without the wrappings that only say that a request was made: whoever shows it names the request.
fn told(error: &reqwest::Error) -> String {
    if let Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) = find(error) {
        return "the server's certificate is of an unknown authority (UnknownIssuer)".to_owned();
    }
    let mut one: &dyn Error = error;
    while let Some(cause) = one.source().filter(|_| is_wrapping(&one.to_string())) {
        one = cause;
    }
    causes(one)
}

fn is_wrapping(text: &str) -> bool {
    text.starts_with("error sending request")
        || text.starts_with("client error (")
        || ["dns error", "error resolving DNS"].contains(&text)
}

/// The error with what is behind it, from the outside in.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let next = one.to_string();
        // Many wrappers repeat what they wrap.
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = one.source();
    }
    text
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if let Some(found) = one.downcast_ref::<T>() {
            return Some(found);
        }
        // An input/output error keeps what it wraps apart from its source.
        if let Some(inner) = one.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref)
            && let Some(found) = find::<T>(inner)
        {
            return Some(found);
        }
        cause = one.source();
    }
    None
}

/// The resolver's failure has no type of its own that could be asked for.
fn is_name(error: &(dyn Error + 'static)) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if one.to_string() == "dns error" || one.to_string().starts_with("failed to lookup address") {
            return true;
        }
        cause = one.source();
    }
    false
}
