//! Files of a workflow or a layer: those that the binary carries, and those of a folder.

use std::collections::BTreeMap;
use std::path::Path;

use manifest::Layer;
use model::{Class, Code, Failure};

/// More than any manifest or script of a person's.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The ids of the shipped workflows.
pub(crate) fn shipped_ids(files: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    files
        .iter()
        .filter_map(|(path, _)| path.strip_suffix("/workflow.toml"))
        .filter(|id| !id.contains('/'))
        .collect()
}

/// A shipped workflow and, beneath it, the script functions that all workflows share.
pub(crate) fn shipped(files: &[(&'static str, &'static str)], id: &str) -> Vec<Layer> {
    vec![shared(files), embedded(files, &format!("{id}/"), "", &format!("workflows/{id}/"))]
}

/// `workflows/lib`: script functions for every workflow.
pub(crate) fn shared(files: &[(&'static str, &'static str)]) -> Layer {
    embedded(files, "lib/", "lib/", "workflows/")
}

fn embedded(files: &[(&'static str, &'static str)], under: &str, put: &str, prefix: &str) -> Layer {
    let files = files
        .iter()
        .filter_map(|(path, text)| Some((format!("{put}{}", path.strip_prefix(under)?), (*text).to_owned())))
        .filter(|(path, _)| is_ours(path))
        .collect();
    Layer { name: "shipped".to_owned(), files, prefix: prefix.to_owned() }
}

/// A folder's manifest, overlay, own functions, steps and shared functions. Other files are none of our business.
pub(crate) fn folder(path: &Path) -> Result<Layer, Failure> {
    let shown = path.display().to_string();
    let failed = |at: &Path, cause: &dyn std::fmt::Display| {
        Failure::new(Code::Layer, Class::Denied, format!("{} cannot be read: {cause}", at.display()))
    };
    if !path.is_dir() {
        return Err(Failure::invalid(Code::Layer, format!("there is no folder '{shown}'"))
            .hint("a layer is a folder with an overlay.toml, a functions.toml, a steps/ or a lib/"));
    }
    let mut files = BTreeMap::new();
    for name in ["workflow.toml", "overlay.toml", "functions.toml"] {
        let file = path.join(name);
        if file.is_file() {
            files.insert(name.to_owned(), read(&file)?);
        }
    }
    for part in ["steps", "lib"] {
        let inner = path.join(part);
        if !inner.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&inner).map_err(|cause| failed(&inner, &cause))? {
            let entry = entry.map_err(|cause| failed(&inner, &cause))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_script(&name) {
                files.insert(format!("{part}/{name}"), read(&entry.path())?);
            }
        }
    }
    if files.is_empty() {
        return Err(Failure::invalid(
            Code::Layer,
            format!("the folder '{shown}' holds nothing that a workflow uses"),
        )
        .hint("a layer is a folder with an overlay.toml, a functions.toml, a steps/ or a lib/"));
    }
    let prefix = if shown.ends_with(['/', '\\']) { shown.clone() } else { format!("{shown}/") };
    Ok(Layer { name: shown, files, prefix })
}

/// Case files by name: how errors call the file, and its text.
pub(crate) type Cases = BTreeMap<String, (String, String)>;

/// The cases of a shipped workflow.
pub(crate) fn shipped_cases(files: &[(&'static str, &'static str)], id: &str) -> Cases {
    let under = format!("{id}/cases/");
    files
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix(under.as_str())?, *path, *text)))
        .filter(|(name, ..)| is_case(name))
        .map(|(name, path, text)| (name.to_owned(), (format!("workflows/{path}"), text.to_owned())))
        .collect()
}

/// The cases of a folder; none where it has no `cases`.
pub(crate) fn cases(folder: &Path) -> Result<Cases, Failure> {
    let inner = folder.join("cases");
    if !inner.is_dir() {
        return Ok(Cases::new());
    }
    let failed = |cause: std::io::Error| {
        Failure::new(Code::Case, Class::Denied, format!("{} cannot be read: {cause}", inner.display()))
    };
    let mut cases = Cases::new();
    for entry in std::fs::read_dir(&inner).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_case(&name) {
            let path = entry.path();
            cases.insert(name, (path.display().to_string(), read(&path)?));
        }
    }
    Ok(cases)
}

fn is_case(name: &str) -> bool {
    !name.contains('/') && Path::new(name).extension().is_some_and(|extension| extension == "toml")
}

fn is_ours(path: &str) -> bool {
    let script =
        |part: &str| path.strip_prefix(part).is_some_and(|name| is_script(name) && !name.contains('/'));
    matches!(path, "workflow.toml" | "overlay.toml") || script("steps/") || script("lib/")
}

fn is_script(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "rhai")
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |why: String| {
        Failure::new(Code::Layer, Class::Denied, format!("{} cannot be read: {why}", path.display()))
    };
    let length = std::fs::metadata(path).map_err(|cause| failed(cause.to_string()))?.len();
    if length > FILE_BYTES_MAX {
        return Err(failed(format!("it has {length} bytes; at most {FILE_BYTES_MAX} are read")));
    }
    let bytes = std::fs::read(path).map_err(|cause| failed(cause.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8 text".to_owned()))?;
    // Editors on Windows like to begin a file with a byte order mark.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[(&str, &str)] = &[
        ("lib/names.rhai", "fn a() {}"),
        ("one/workflow.toml", "x"),
        ("one/steps/a.rhai", "y"),
        ("one/README.md", "z"),
        ("one/cases/fresh.toml", "z"),
    ];

    #[test]
    fn a_shipped_workflow_has_its_own_files_and_the_shared_ones() {
        assert_eq!(shipped_ids(FILES), ["one"]);
        let layers = shipped(FILES, "one");
        assert_eq!(layers[0].files.keys().collect::<Vec<_>>(), ["lib/names.rhai"]);
        assert_eq!(layers[1].files.keys().collect::<Vec<_>>(), ["steps/a.rhai", "workflow.toml"]);
        assert_eq!(layers[1].prefix, "workflows/one/");
    }

    #[test]
    fn a_folder_is_read_and_nonsense_is_refused() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        assert_eq!(folder(scratch.path()).expect_err("empty").code, Code::Layer);
        assert_eq!(folder(&scratch.path().join("none")).expect_err("missing").code, Code::Layer);
        std::fs::create_dir(scratch.path().join("steps")).expect("made");
        std::fs::write(scratch.path().join("steps/a.rhai"), "\u{feff}fn probe(ctx) {}").expect("written");
        std::fs::write(scratch.path().join("steps/notes.txt"), "no").expect("written");
        let layer = folder(scratch.path()).expect("good");
        assert_eq!(layer.files.get("steps/a.rhai").map(String::as_str), Some("fn probe(ctx) {}"));
        assert_eq!(layer.files.len(), 1);
        std::fs::write(scratch.path().join("steps/b.rhai"), [0xff, 0xfe]).expect("written");
        assert!(folder(scratch.path()).expect_err("not text").message.contains("UTF-8"));
    }
}
