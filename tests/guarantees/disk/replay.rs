//! A disk as a power cut leaves it: replays what a process did to its files, and keeps what was synced, or a little more.
//!
//! What was synced is there, and nothing else is sure: a file has its bytes as of its last sync, a folder its names. A disk
//! may have done more of its own accord: names in their order, each page of a file as of any of the writes since, the
//! last of them torn at a sector.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::binary::Moments;

const PAGE: usize = 4096;
const SECTOR: usize = 512;

/// One thing a process did to a file or folder below the recorded folder.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) path: String,
    pub(crate) act: Act,
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    Create,
    Folder,
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
    Sync,
    Rename { to: String },
    Remove,
}

/// Reads the shim's log.
pub(crate) fn read_log(log: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = log;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').expect("a record begins with a line");
        let line = str::from_utf8(&rest[..end]).expect("the line is text");
        let [op, path, length, offset] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("a record has four fields: {line}")
        };
        let (length, offset): (usize, usize) =
            (length.parse().expect("a length"), offset.parse().expect("an offset"));
        let bytes = rest[end + 1..][..length].to_vec();
        rest = &rest[end + 1 + length..];
        let act = match op {
            "create" => Act::Create,
            "folder" => Act::Folder,
            "write" => Act::Write { offset, bytes },
            "truncate" => Act::Truncate { length: offset },
            "sync" => Act::Sync,
            "rename" => Act::Rename { to: String::from_utf8(bytes).expect("a path is text") },
            "remove" => Act::Remove,
            other => panic!("the shim writes no '{other}'"),
        };
        steps.push(Step { path: path.to_owned(), act });
    }
    steps
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Debug, Default)]
struct File {
    /// As the process sees it.
    bytes: Vec<u8>,
    /// As of the last sync.
    durable: Vec<u8>,
    since: Vec<Act>,
}

/// A name that came or went.
#[derive(Debug)]
struct Name {
    path: String,
    node: Option<Node>,
    durable: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    names: BTreeMap<String, Node>,
    /// Everything that happened to names, in order.
    history: Vec<Name>,
}

impl Disk {
    pub(crate) fn after(steps: &[Step]) -> Disk {
        let mut disk = Disk::default();
        for step in steps {
            disk.take(step);
        }
        disk
    }

    fn take(&mut self, step: &Step) {
        let path = step.path.as_str();
        match &step.act {
            Act::Create => {
                self.files.push(File::default());
                self.name(path, Some(Node::File(self.files.len() - 1)));
            }
            Act::Folder => self.name(path, Some(Node::Folder)),
            Act::Remove => self.name(path, None),
            Act::Rename { to } => {
                let node = self.names.get(path).copied();
                self.name(path, None);
                self.name(to, node);
            }
            Act::Sync if path == "." || self.names.get(path) == Some(&Node::Folder) => {
                for name in self.history.iter_mut().filter(|name| parent(&name.path) == path) {
                    name.durable = true;
                }
            }
            Act::Sync => {
                if let Some(file) = self.file(path) {
                    file.durable.clone_from(&file.bytes);
                    file.since.clear();
                }
            }
            change @ (Act::Write { .. } | Act::Truncate { .. }) => {
                if let Some(file) = self.file(path) {
                    apply(&mut file.bytes, change);
                    file.since.push(change.clone());
                }
            }
        }
    }

    fn name(&mut self, path: &str, node: Option<Node>) {
        match node {
            Some(node) => self.names.insert(path.to_owned(), node),
            None => self.names.remove(path),
        };
        self.history.push(Name { path: path.to_owned(), node, durable: false });
    }

    /// `None` for a file that has no name any more.
    fn file(&mut self, path: &str) -> Option<&mut File> {
        match self.names.get(path) {
            Some(Node::File(number)) => self.files.get_mut(*number),
            Some(Node::Folder) | None => None,
        }
    }

    /// Writes what a cut leaves into an empty folder. Without `luck` nothing but what was synced.
    /// What is below `outside` stands for another machine: it is there as it was.
    pub(crate) fn survive(&self, folder: &Path, outside: &str, mut luck: Option<&mut Moments>) {
        let more = luck.as_mut().map_or(0, |luck| pick(luck, self.unsure_names() + 1));
        let mut names: BTreeMap<&str, Node> = BTreeMap::new();
        let mut unsure = 0;
        for name in &self.history {
            unsure += usize::from(!name.durable);
            if name.durable || unsure <= more {
                match name.node {
                    Some(node) => names.insert(&name.path, node),
                    None => names.remove(name.path.as_str()),
                };
            }
        }
        let is_outside = |path: &str| path == outside || parent(path) == outside;
        names.retain(|path, _| !is_outside(path));
        let there = self.names.iter().filter(|(path, _)| is_outside(path));
        names.extend(there.map(|(path, node)| (path.as_str(), *node)));
        for (path, node) in names {
            let whole = folder.join(path);
            fs::create_dir_all(whole.parent().expect("below the folder")).expect("a folder");
            match node {
                Node::Folder => fs::create_dir_all(&whole).expect("a folder"),
                Node::File(number) => {
                    let file = &self.files[number];
                    let bytes = match &mut luck {
                        _ if is_outside(path) => file.bytes.clone(),
                        None => file.durable.clone(),
                        Some(luck) => file.lucky(luck),
                    };
                    fs::write(&whole, bytes).expect("a file");
                }
            }
        }
    }

    fn unsure_names(&self) -> usize {
        self.history.iter().filter(|name| !name.durable).count()
    }
}

impl File {
    /// Each page as of a write of its own choosing; the last write to the file perhaps torn.
    fn lucky(&self, luck: &mut Moments) -> Vec<u8> {
        let length = if pick(luck, 2) == 0 { self.durable.len() } else { self.bytes.len() };
        let mut bytes = self.durable.clone();
        bytes.resize(self.bytes.len().max(self.durable.len()), 0);
        let torn = self.since.len().wrapping_sub(1);
        for page in 0..bytes.len().div_ceil(PAGE) {
            let touching: Vec<(usize, &Act)> =
                self.since.iter().enumerate().filter(|(_, act)| touches(act, page)).collect();
            for (number, act) in touching.iter().take(pick(luck, touching.len() + 1)) {
                let Act::Write { offset, bytes: written } = act else { continue };
                let keep = if *number == torn {
                    pick(luck, written.len() / SECTOR + 2) * SECTOR
                } else {
                    usize::MAX
                };
                let (from, to) = (page * PAGE, (page + 1) * PAGE);
                let end = (offset + written.len().min(keep)).min(to).min(bytes.len());
                let begin = (*offset).max(from);
                if begin < end {
                    bytes[begin..end].copy_from_slice(&written[begin - offset..end - offset]);
                }
            }
        }
        bytes.truncate(length.max(self.durable.len()));
        bytes
    }
}

fn touches(act: &Act, page: usize) -> bool {
    match act {
        Act::Write { offset, bytes } => *offset < (page + 1) * PAGE && offset + bytes.len() > page * PAGE,
        Act::Create | Act::Folder | Act::Truncate { .. } | Act::Sync | Act::Rename { .. } | Act::Remove => {
            false
        }
    }
}

fn apply(bytes: &mut Vec<u8>, act: &Act) {
    match act {
        Act::Write { offset, bytes: written } => {
            let end = offset + written.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*offset..end].copy_from_slice(written);
        }
        Act::Truncate { length } => bytes.resize(*length, 0),
        Act::Create | Act::Folder | Act::Sync | Act::Rename { .. } | Act::Remove => {}
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or(".", |(parent, _)| parent)
}

/// A number below `count`.
fn pick(luck: &mut Moments, count: usize) -> usize {
    usize::try_from(luck.next()).expect("small") % count
}

#[test]
fn what_was_not_synced_may_be_gone_and_what_was_synced_is_there() {
    let step = |path: &str, act| Step { path: path.to_owned(), act };
    let write = |text: &str| Act::Write { offset: 0, bytes: text.as_bytes().to_vec() };
    let steps = [
        step("a", Act::Create),
        step("a", write("one")),
        step("a", Act::Sync),
        step(".", Act::Sync),
        step("a", write("two")),
        step("b", Act::Create),
        step("b", Act::Sync),
        step("w", Act::Folder),
        step("w/out", Act::Create),
        step("w/out", write("there")),
    ];
    let left = |luck: Option<&mut Moments>| {
        let folder = tempfile::tempdir().expect("a folder");
        Disk::after(&steps).survive(folder.path(), "w", luck);
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).ok();
        (text("a"), text("b"), text("w/out"))
    };
    assert_eq!(left(None), (Some("one".into()), None, Some("there".into())));
    let mut luck = Moments(1);
    let seen: Vec<_> = (0..40).map(|_| left(Some(&mut luck))).collect();
    assert!(seen.iter().all(|(a, _, _)| matches!(a.as_deref(), Some("one" | "two"))), "{seen:?}");
    for (a, b) in [("one", false), ("one", true), ("two", false), ("two", true)] {
        assert!(
            seen.iter().any(|(x, y, _)| x.as_deref() == Some(a) && y.is_some() == b),
            "{a} {b}: {seen:?}"
        );
    }
}
