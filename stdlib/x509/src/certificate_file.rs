//! The certificate's file: looked at, written whole or not at all, and removed only if it is a certificate.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use model::{Class, Code, Failure, Value};
use sha2::{Digest, Sha256};

use crate::inspect::{LENGTH_MAX, hex, inspect};

/// `()` where there is no file, else its SHA-256.
pub(crate) fn look(path: &str) -> Result<Value, Failure> {
    Ok(read(path)?.map_or(Value::Null, |bytes| Value::from([("sha256", hash(&bytes).into())])))
}

/// Writes the certificate's DER. The same content is left as it is; another file under that name is never replaced,
/// because undo could not bring it back.
pub(crate) fn write(path: &str, der: &[u8]) -> Result<Value, Failure> {
    let facts = inspect(der)?;
    let answer = Value::from([("sha256", facts.sha256.into())]);
    match read(path)? {
        Some(there) if there == der => return Ok(answer),
        Some(_) => {
            return Err(Failure::new(
                Code::FileWrite,
                Class::Conflict,
                format!("write {path}: another file of that name is there"),
            )
            .hint("move it away or choose another name"));
        }
        None => {}
    }
    let fresh = format!("{path}.new");
    let written = fs::File::create(&fresh)
        .and_then(|mut file| file.write_all(der).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&fresh, path));
    if let Err(error) = written {
        // Half a file is worse than none; that it cannot be removed either changes nothing for the caller.
        let _ = fs::remove_file(&fresh);
        return Err(failed("write", path, &error));
    }
    Ok(answer)
}

/// Removes the file if it holds one certificate; an absent one is fine.
pub(crate) fn remove(path: &str) -> Result<Value, Failure> {
    let Some(bytes) = read(path)? else { return Ok(Value::Null) };
    if inspect(&bytes).is_err() {
        return Err(Failure::new(
            Code::FileWrite,
            Class::Conflict,
            format!("remove {path}: it is no longer the certificate that was written"),
        ));
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", path, &error)),
        _ => Ok(Value::Null),
    }
}

fn read(path: &str) -> Result<Option<Vec<u8>>, Failure> {
    let file = match fs::File::open(Path::new(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path, &error)),
    };
    let mut bytes = Vec::new();
    // One byte more than any certificate, so that a longer file is told apart without being read.
    file.take(LENGTH_MAX as u64 + 1).read_to_end(&mut bytes).map_err(|error| failed("read", path, &error))?;
    Ok(Some(bytes))
}

fn failed(what: &str, path: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::new(Code::FileWrite, Class::Denied, format!("{what} {path}: {error}"));
    match error.kind() {
        ErrorKind::NotFound => failure.hint("the folder must exist"),
        ErrorKind::PermissionDenied => failure.hint("the account that runs footbridge must be allowed to"),
        _ => failure,
    }
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_once_and_removed_only_as_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("OAuthCert.cer");
        let path = path.to_str().unwrap();
        let der = sim::fixture_der("current").unwrap();
        assert_eq!(look(path).unwrap(), Value::Null);
        let answer = write(path, der).unwrap();
        assert_eq!(look(path).unwrap(), answer);
        assert_eq!(write(path, der).unwrap(), answer);
        assert_eq!(write(path, sim::fixture_der("next").unwrap()).unwrap_err().class, Class::Conflict);
        remove(path).unwrap();
        remove(path).unwrap();
        assert_eq!(look(path).unwrap(), Value::Null);

        fs::write(path, "something else").unwrap();
        assert_eq!(remove(path).unwrap_err().code, Code::FileWrite);
        assert_eq!(fs::read(path).unwrap(), b"something else");
        assert_eq!(write(path, b"no certificate").unwrap_err().code, Code::Certificate);
        let nowhere = folder.path().join("absent").join("x.cer");
        let refused = write(nowhere.to_str().unwrap(), der).unwrap_err();
        assert_eq!((refused.class, refused.hint.is_some()), (Class::Denied, true));
    }
}
