//! Whether a program's own files are still those that a run was pinned to.

use std::path::Path;

use model::{Class, Code, Digest, Failure, OwnModule};

/// Reads every pinned file; blocks.
pub(crate) fn unchanged(module: &OwnModule) -> Result<(), Failure> {
    let folder = Path::new(&module.folder);
    for (file, digest) in &module.files {
        let now = std::fs::read(folder.join(file)).map(|bytes| Digest::of_bytes(&bytes));
        let why = match now {
            Ok(now) if now == *digest => continue,
            Ok(now) => format!("it was {}, and is {}", digest.short(), now.short()),
            Err(error) => format!("it cannot be read: {error}"),
        };
        let message =
            format!("{file} of module '{}' is not what it was when it was pinned: {why}", module.name);
        return Err(Failure::new(Code::OwnProgramChanged, Class::Denied, message)
            .hint(
                "nothing was started; bring the file back, or start a new run, or go on with the new one: \
                 footbridge resume RUN --with WORKFLOW",
            )
            .evidence("folder", module.folder.as_str()));
    }
    Ok(())
}
