//! A secret in the operating system's keyring: Credential Manager on Windows, Keychain on macOS, the kernel's keys on Linux.

use keyring::{Entry, Error};
use model::Failure;

use super::unreadable;

pub(super) fn read(service: &str, name: &str) -> Result<String, Failure> {
    let failed = |cause: &Error| match cause {
        Error::NoEntry => {
            unreadable(format!("the keyring has no entry {service}/{name}")).hint(how_to_add(service, name))
        }
        other => unreadable(format!("the keyring entry {service}/{name} cannot be read: {other}"))
            .hint("keep the secret elsewhere: { env = … }, { file = … } or { prompt = … }"),
    };
    entry(service, name).and_then(|entry| entry.get_password()).map_err(|cause| failed(&cause))
}

/// Under `service/name` where a keyring has one name for an entry, so that other programs can put it there.
fn entry(service: &str, name: &str) -> Result<Entry, Error> {
    if cfg!(target_os = "macos") {
        Entry::new(service, name)
    } else {
        Entry::new_with_target(&format!("{service}/{name}"), service, name)
    }
}

// unconfirmed: on Windows and macOS this was never tried.
fn how_to_add(service: &str, name: &str) -> String {
    if cfg!(windows) {
        format!("add it: cmdkey /generic:{service}/{name} /user:{name} /pass")
    } else if cfg!(target_os = "macos") {
        format!("add it: security add-generic-password -s {service} -a {name} -w")
    } else {
        format!(
            "add it to this login session, until the next start at most: keyctl padd user {service}/{name} @s"
        )
    }
}
