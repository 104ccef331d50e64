//! The tokens of the HTTP API: a file of hashes. A token itself is shown once, when it is made, and kept nowhere.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Class, Code, Digest, Failure, Timestamp};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::caller::{Caller, Role};

/// What every token begins with, so that scanners for leaked secrets know it.
const PREFIX: &str = "fbt_";
const RANDOM_BYTES: usize = 32;
const NAME_LENGTH_MAX: usize = 64;

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Who acts, in the journal.
    pub name: String,
    /// SHA-256 of the token. It is random to its last bit, so nothing slower is needed.
    pub hash: Digest,
    pub roles: BTreeSet<Role>,
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    tokens: Vec<Token>,
}

/// The file; it is read anew for every request, so that what is removed is refused at once.
#[derive(Clone, Debug)]
pub struct Tokens {
    path: PathBuf,
}

impl Tokens {
    pub fn at(path: impl Into<PathBuf>) -> Tokens {
        Tokens { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// None where there is no file.
    pub fn list(&self) -> Result<Vec<Token>, Failure> {
        let mut file = match fs::File::open(&self.path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(cause) => return Err(self.failed("read", &cause)),
        };
        guarded(&file).map_err(|cause| self.failed("used", &cause))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|cause| self.failed("read", &cause))?;
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|cause| self.failed("read", &cause))?;
        Ok(kept.tokens)
    }

    /// Makes a token and gives it: the only time that anybody sees it.
    pub fn add(
        &self,
        name: &str,
        roles: BTreeSet<Role>,
        created: Timestamp,
        expires: Option<Timestamp>,
    ) -> Result<String, Failure> {
        let plain = |one: char| one.is_ascii_alphanumeric() || "._-@".contains(one);
        if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.chars().all(plain) {
            let message = format!("'{name}' cannot name a token");
            return Err(Failure::invalid(Code::Settings, message)
                .hint("letters, digits, '.', '_', '-' and '@', at most 64 of them"));
        }
        let _alone = self.changing()?;
        let mut tokens = self.list()?;
        if tokens.iter().any(|token| token.name == name) {
            return Err(Failure::invalid(Code::Settings, format!("there is a token '{name}' already"))
                .hint(format!("footbridge serve token remove {name}")));
        }
        let mut random = [0; RANDOM_BYTES];
        SystemRandom::new()
            .fill(&mut random)
            .map_err(|_| Failure::bug("the system gives no random bytes"))?;
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
        let hash = Digest::of_bytes(token.as_bytes());
        tokens.push(Token { name: name.to_owned(), hash, roles, created, expires });
        self.write(tokens)?;
        Ok(token)
    }

    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        let _alone = self.changing()?;
        let mut tokens = self.list()?;
        let before = tokens.len();
        tokens.retain(|token| token.name != name);
        if tokens.len() == before {
            return Err(Failure::invalid(Code::Settings, format!("there is no token '{name}'"))
                .hint("footbridge serve token list names them"));
        }
        self.write(tokens)
    }

    /// Until it is dropped nobody else changes the file: what somebody removes must not come back with what another adds.
    fn changing(&self) -> Result<fs::File, Failure> {
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path.with_extension("lock"));
        let alone = file.and_then(|file| file.lock().map(|()| file));
        alone.map_err(|cause| self.failed("changed", &cause))
    }

    /// Whose token it is; `None` where it is nobody's, or its time is over.
    pub(crate) fn caller(&self, presented: &str, now: Timestamp) -> Result<Option<Caller>, Failure> {
        let hash = Digest::of_bytes(presented.as_bytes());
        let mut found = None;
        // Every one is compared, and each in constant time: how long it takes tells nothing.
        for token in self.list()? {
            let same: bool = token.hash.as_bytes().ct_eq(hash.as_bytes()).into();
            if same && token.expires.is_none_or(|expires| now < expires) {
                found = Some(Caller::Token { name: token.name, roles: token.roles });
            }
        }
        Ok(found)
    }

    /// Whole or not at all, and for its owner only.
    fn write(&self, tokens: Vec<Token>) -> Result<(), Failure> {
        let mut bytes =
            serde_json::to_vec_pretty(&Kept { tokens }).expect("a list of tokens always has a JSON form");
        bytes.push(b'\n');
        let fresh = self.path.with_extension("new");
        let written = || -> io::Result<()> {
            let mut file = private(&fresh)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&fresh, &self.path)
        };
        written().map_err(|cause| self.failed("written", &cause))
    }

    fn failed(&self, done: &str, cause: &dyn std::fmt::Display) -> Failure {
        let message = format!("the tokens in {} cannot be {done}: {cause}", self.path.display());
        Failure::new(Code::Access, Class::Denied, message)
            .hint("without readable tokens every request over TCP is refused")
    }
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // One that a process left half-written may have any mode.
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        Ok(()) | Err(_) => {}
    }
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Whoever can write the file can let themselves in: that is us, and root.
#[cfg(unix)]
fn guarded(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let found = file.metadata()?;
    let denied = |why: &str| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    if found.mode() & 0o022 != 0 {
        return denied("others than its owner may write it");
    }
    if found.uid() != 0 && found.uid() != rustix::process::geteuid().as_raw() {
        return denied("it belongs to another user");
    }
    Ok(())
}

// unconfirmed: never compiled or tried on Windows, where the folder's access list protects the file.
#[cfg(windows)]
fn private(path: &Path) -> io::Result<fs::File> {
    fs::File::create(path)
}

#[cfg(windows)]
fn guarded(_file: &fs::File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_as_a_hash_and_lets_in_until_it_expires_or_is_removed() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let tokens = Tokens::at(scratch.path().join("tokens.json"));
        let now = Timestamp(1_000);
        let who = |token: &str, now| match tokens.caller(token, now).expect("readable") {
            Some(Caller::Token { name, .. }) => Some(name),
            Some(Caller::Owner) | None => None,
        };
        assert_eq!(who("", now), None, "no file, nobody");
        let one = tokens.add("ci", [Role::Read].into(), now, None).expect("made");
        let other = tokens.add("ops", [Role::Operate].into(), now, Some(Timestamp(2_000))).expect("made");
        assert!(one.starts_with(PREFIX) && one.len() == PREFIX.len() + 43 && one != other);
        let text = fs::read_to_string(tokens.path()).expect("the file");
        assert!(
            !text.contains(&one[PREFIX.len()..])
                && text.contains(&Digest::of_bytes(one.as_bytes()).to_string())
        );
        assert_eq!((who(&one, now), who(&other, now)), (Some("ci".into()), Some("ops".into())));
        assert_eq!(
            (who(&other, Timestamp(2_000)), who(&one[..46], now), who(&format!("{one}A"), now)),
            (None, None, None)
        );
        assert!(tokens.add("ci", [Role::Read].into(), now, None).is_err(), "one name, one token");
        assert!(tokens.add("no blanks", [Role::Read].into(), now, None).is_err());
        tokens.remove("ci").expect("removed");
        assert_eq!(who(&one, now), None);
        assert!(tokens.remove("ci").is_err());
    }

    #[test]
    fn tokens_that_are_made_and_removed_at_once_neither_vanish_nor_come_back() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let tokens = &Tokens::at(scratch.path().join("tokens.json"));
        let add = |name: String| tokens.add(&name, [Role::Read].into(), Timestamp(1), None).expect("made");
        for round in 0..8 {
            add(format!("old-{round}"));
        }
        std::thread::scope(|threads| {
            for round in 0..8 {
                threads.spawn(move || add(format!("new-{round}")));
                threads.spawn(move || tokens.remove(&format!("old-{round}")).expect("removed"));
            }
        });
        let names: BTreeSet<String> =
            tokens.list().expect("readable").into_iter().map(|token| token.name).collect();
        assert_eq!(names, (0..8).map(|round| format!("new-{round}")).collect());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_lets_nobody_in() {
        use std::os::unix::fs::PermissionsExt as _;
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let tokens = Tokens::at(scratch.path().join("tokens.json"));
        let token = tokens.add("ci", [Role::Read].into(), Timestamp(1), None).expect("made");
        let mode = fs::metadata(tokens.path()).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(tokens.path(), fs::Permissions::from_mode(0o622)).expect("opened to others");
        assert_eq!(tokens.caller(&token, Timestamp(1)).expect_err("refused").code, Code::Access);
        fs::set_permissions(tokens.path(), fs::Permissions::from_mode(0o600)).expect("closed");
        fs::write(tokens.path(), "{").expect("damaged");
        assert!(tokens.caller(&token, Timestamp(1)).is_err(), "a damaged file lets nobody in");
    }
}
