//! Everything that is kept of one run, gathered through the service.

use std::collections::BTreeMap;

use contracts::{Payload, Service, WholeRun, named_digests};
use model::{Class, Code, Digest, Failure, RunId};

use crate::load::Loaded;

/// The run as far as it went by now, judged: its chain holds, its events are legal, nothing that it names is missing.
pub(crate) async fn gather(service: &dyn Service, run: RunId) -> Result<(WholeRun, Loaded), Failure> {
    let loaded = Loaded::new(service, run).await?;
    if let Some(sequence) = model::event::first_break(&loaded.records) {
        let message = format!("the history of run {run} does not hold together at record {sequence}");
        return Err(Failure::new(Code::HistoryBroken, Class::Denied, message)
            .hint("keep the store as it is; an export made earlier can be compared with it"));
    }
    let mut payloads = Vec::new();
    for digest in named_digests(&loaded.records) {
        payloads.extend(service.kept(digest).await?.map(Payload));
    }
    let kept = |digest| payloads.iter().any(|payload| payload.digest() == digest);
    if let Some(given) = loaded.state.files.iter().find(|given| !kept(given.file.digest)) {
        let message = format!("the file '{}' that was given to run {run} is missing", given.file.name);
        return Err(Failure::new(Code::StoreCorrupt, Class::Denied, message)
            .hint("bring the store's payload folder back from a backup"));
    }
    let records = loaded.records.clone();
    Ok((WholeRun { run, payloads, records }, loaded))
}

/// Its evidence file, unsigned, with the bytes of everything that the records name as theirs; or why there can be none.
pub(crate) fn evidence(whole: &WholeRun) -> Result<String, String> {
    let named = report::evidence::named(&whole.records);
    let kept = whole.payloads.iter().map(|payload| (payload.digest(), payload.0.clone()));
    let kept: BTreeMap<Digest, Vec<u8>> = kept.filter(|(digest, _)| named.contains(digest)).collect();
    report::evidence::write(&whole.records, &kept)
}
