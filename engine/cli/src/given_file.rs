//! A file that a person names, or standard input for `-`, read up to a limit.

use std::io::Read;
use std::path::Path;

use model::{Code, Failure};

/// Recordings of an hour's traffic are not longer.
pub(crate) const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The whole content. `code`: for a file that cannot be taken.
pub(crate) fn read(path: &Path, code: Code) -> Result<Vec<u8>, Failure> {
    read_up_to(path, FILE_BYTES_MAX, code)
}

/// The same with a limit of one's own.
pub(crate) fn read_up_to(path: &Path, bytes_max: u64, code: Code) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let failed = |cause: std::io::Error| {
        Failure::invalid(Code::Settings, format!("the file '{shown}' cannot be read: {cause}"))
    };
    if path == Path::new("-") {
        return limited(std::io::stdin().lock(), bytes_max, code).map_err(failed)?;
    }
    if path.is_dir() {
        return Err(Failure::invalid(Code::Settings, format!("'{shown}' is a folder, not a file")));
    }
    limited(std::fs::File::open(path).map_err(failed)?, bytes_max, code).map_err(failed)?
}

fn limited(source: impl Read, bytes_max: u64, code: Code) -> std::io::Result<Result<Vec<u8>, Failure>> {
    let mut bytes = Vec::new();
    // One byte more, so that a longer file is told apart without being read whole.
    source.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > bytes_max {
        Err(Failure::invalid(code, format!("the file has more than {} MiB", bytes_max / 1024 / 1024))
            .hint("give only the part that matters"))
    } else {
        Ok(bytes)
    })
}
