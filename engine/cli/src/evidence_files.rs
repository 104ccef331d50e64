//! Files that a person gives with an answer, a decision or their word: read whole, and kept before they are named.

use std::path::{Path, PathBuf};

use contracts::Service;
use model::{Attachment, Code, Failure};

use crate::given_file;
use crate::problem::Problem;

/// A file's name and its bytes.
pub(crate) type Given = (String, Vec<u8>);

pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Given>, Problem> {
    paths.iter().map(|path| named_file(path)).collect()
}

pub(crate) async fn keep(service: &dyn Service, given: &[Given]) -> Result<Vec<Attachment>, Failure> {
    let mut files = Vec::new();
    for (name, bytes) in given {
        service.keep(bytes.clone()).await?;
        files.push(Attachment::new(name, bytes));
    }
    Ok(files)
}

fn named_file(path: &Path) -> Result<Given, Problem> {
    if path == Path::new("-") {
        return Err(Problem::usage("--evidence wants a file: what is kept needs a name".to_owned()));
    }
    let bytes = given_file::read_up_to(path, Attachment::BYTES_MAX as u64, Code::Settings)?;
    Ok((path.to_string_lossy().into_owned(), bytes))
}
