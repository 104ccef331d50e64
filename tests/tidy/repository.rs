//! Reads the repository's own files.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository that holds text.
pub(crate) struct TextFile {
    /// Relative to the root, with `/` on every platform.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every text file that belongs to the repository, sorted by path.
pub(crate) fn text_files() -> Vec<TextFile> {
    let mut paths = Vec::new();
    walk(root(), &mut paths);
    paths.sort();
    let files: Vec<TextFile> = paths
        .iter()
        .filter_map(|path| {
            let text = String::from_utf8(fs::read(path).unwrap()).ok()?;
            Some(TextFile { path: relative(path), text })
        })
        .collect();
    assert!(files.len() > 100, "only {} files found: is the walk broken?", files.len());
    files
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("read {path}: {error}"))
}

/// The folders right inside a folder, sorted, as paths relative to the root.
pub(crate) fn folders_in(path: &str) -> Vec<String> {
    entries(path).filter(|entry| entry.is_dir()).map(|entry| relative(&entry)).collect()
}

/// The files right inside a folder, sorted, as paths relative to the root; none when there is no such folder.
pub(crate) fn files_in(path: &str) -> Vec<String> {
    if !root().join(path).is_dir() {
        return Vec::new();
    }
    entries(path).filter(|entry| entry.is_file()).map(|entry| relative(&entry)).collect()
}

/// Compared as written: `X.MD` is not one of ours.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
}

fn entries(path: &str) -> impl Iterator<Item = PathBuf> {
    let folder = root().join(path);
    let mut entries: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("read the folder {path}: {error}"))
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    entries.into_iter()
}

fn relative(path: &Path) -> String {
    let parts: Vec<_> = path
        .strip_prefix(root())
        .unwrap()
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !is_made(&entry.path()) {
            walk(&entry.path(), found);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
}

/// Folders that a build or git fills: by their whole path, for a folder of sources may have such a name too.
const MADE: [&str; 3] = [".git", "target", "tests/fuzz/target"];

fn is_made(folder: &Path) -> bool {
    MADE.contains(&relative(folder).as_str())
}

#[test]
fn a_folder_of_sources_is_looked_at_whatever_its_name() {
    let files = text_files();
    let looked_at = |path: &str| files.iter().any(|file| file.path == path);
    assert!(looked_at("engine/manifest/src/target/mod.rs"));
    assert!(!files.iter().any(|file| file.path.starts_with("target/")));
}
