//! What does not hold about the store as a whole.

use super::Finding;

/// Below this a journal and its kept files may not fit any more.
const FREE_BYTES_MIN: u64 = 256 * 1024 * 1024;

/// What is known of the folder that runs are kept in. It was opened, so its format, its lock and its count of records
/// are as they should be.
#[derive(Clone, Debug, Default)]
pub struct StoreFacts {
    pub folder: String,
    pub runs: usize,
    /// Another process holds it and answers; else it was free.
    pub held: bool,
    /// The permission bits, where the platform has such.
    pub mode: Option<u32>,
    pub free_bytes: Option<u64>,
}

pub fn judge_store(facts: &StoreFacts) -> Vec<Finding> {
    let folder = &facts.folder;
    let holder = if facts.held { "another process holds it, and answers" } else { "nobody held it" };
    let mut findings = vec![
        Finding::so("open", format!("{folder}, {} runs; every record that was written is there", facts.runs)),
        Finding::so("holder", holder),
    ];
    if let Some(mode) = facts.mode {
        let for_others = mode & 0o077;
        findings.push(if for_others == 0 {
            Finding::so("permissions", format!("{:03o}, its owner's alone", mode & 0o777))
        } else {
            Finding::not_so(
                "permissions",
                format!("{:03o}: others on this machine may look into it", mode & 0o777),
                format!("chmod 700 {folder}"),
            )
        });
    }
    findings.push(match facts.free_bytes {
        Some(free) if free >= FREE_BYTES_MIN => Finding::so("space", format!("{} free", megabytes(free))),
        Some(free) => Finding::not_so(
            "space",
            format!("{} free", megabytes(free)),
            "free some space on that disk; a run that cannot write stops, and loses nothing",
        ),
        None => Finding::cannot_tell("space", "the disk does not say", "look at it yourself"),
    });
    findings
}

fn megabytes(bytes: u64) -> String {
    format!("{} MiB", bytes / 1024 / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_folder_open_to_others_and_a_full_disk_are_found() {
        let good = StoreFacts {
            folder: "/var/lib/fb".into(),
            runs: 3,
            held: false,
            mode: Some(0o40700),
            free_bytes: Some(1 << 40),
        };
        let verdicts = |facts: &StoreFacts| -> Vec<(&'static str, Verdict)> {
            judge_store(facts).into_iter().map(|found| (found.name, found.verdict)).collect()
        };
        assert!(verdicts(&good).iter().all(|(_, verdict)| *verdict == Verdict::So));
        for (facts, name, verdict) in [
            (StoreFacts { mode: Some(0o40755), ..good.clone() }, "permissions", Verdict::NotSo),
            (StoreFacts { mode: Some(0o40710), ..good.clone() }, "permissions", Verdict::NotSo),
            (StoreFacts { free_bytes: Some(1 << 20), ..good.clone() }, "space", Verdict::NotSo),
            (StoreFacts { free_bytes: None, ..good.clone() }, "space", Verdict::CannotTell),
        ] {
            assert!(verdicts(&facts).contains(&(name, verdict)), "{facts:?}");
        }
    }
}
