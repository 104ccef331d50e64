//! Files that persons give with answers and decisions: kept before an event names them.

use contracts::Journal;
use model::{Attachment, Class, Code, Digest, Failure};

pub(crate) async fn keep(journal: &dyn Journal, bytes: Vec<u8>) -> Result<Digest, Failure> {
    if bytes.len() > Attachment::BYTES_MAX {
        let message =
            format!("the file has {} bytes; at most {} are kept", bytes.len(), Attachment::BYTES_MAX);
        return Err(Failure::invalid(Code::Settings, message)
            .hint("give a screenshot or an excerpt, and say in the note where the whole is"));
    }
    Ok(journal.put(bytes).await?)
}

/// An event must never name bytes that nobody has.
pub(crate) async fn are_kept(journal: &dyn Journal, files: &[Attachment]) -> Result<(), Failure> {
    for file in files {
        let kept = journal.get(file.digest).await?;
        if kept.is_none_or(|bytes| bytes.len() as u64 != file.bytes) {
            let message = format!("the file '{}' ({}) is not kept", file.name, file.digest.short());
            return Err(Failure::new(Code::Approval, Class::Denied, message)
                .hint("give it with `footbridge approve RUN STEP … --evidence FILE`"));
        }
    }
    Ok(())
}
