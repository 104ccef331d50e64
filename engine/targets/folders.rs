//! Finds a target's file: by its path, or by its name in the folders for them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use model::{Code, Failure};

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// The file's name without `.toml`.
    pub(crate) name: String,
    /// The absolute path, as text: finds the file from any folder.
    pub(crate) reference: String,
    pub(crate) path: PathBuf,
    /// As messages name it: short where it lies under the folder one works in.
    pub(crate) shown: String,
}

/// The first file of that name wins; a path is taken as it is.
pub(crate) fn locate(typed: &str, folders: &[PathBuf]) -> Result<Located, Failure> {
    if is_path(typed) {
        let path = Path::new(typed);
        if !path.is_file() {
            let hint = "write the path of a target file, or the name of one in ./targets";
            return Err(Failure::invalid(Code::TargetUnknown, format!("there is no target file '{typed}'"))
                .hint(hint));
        }
        return located(path);
    }
    let file = format!("{typed}.toml");
    match folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file()) {
        Some(path) => located(&path),
        None => Err(unknown(typed, folders)),
    }
}

/// Every name that a folder gives, sorted.
fn names(folders: &[PathBuf]) -> Vec<String> {
    let mut names = BTreeSet::new();
    // A folder that is not there or cannot be read gives none; a name in it cannot be found either, and that is told.
    for entry in folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "toml")
            && path.is_file()
            && let Some(name) = path.file_stem().and_then(|stem| stem.to_str())
        {
            names.insert(name.to_owned());
        }
    }
    names.into_iter().collect()
}

/// A name has no separator, and no extension of its own.
fn is_path(typed: &str) -> bool {
    let toml = Path::new(typed).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    typed.contains(['/', '\\']) || toml
}

fn located(path: &Path) -> Result<Located, Failure> {
    let failed =
        |why: &str| Failure::invalid(Code::TargetFile, format!("the target file {} {why}", path.display()));
    let whole =
        std::path::absolute(path).map_err(|cause| failed(&format!("has no absolute path: {cause}")))?;
    let text = |part: Option<&std::ffi::OsStr>| part.and_then(|part| part.to_str()).map(str::to_owned);
    let no_text = || failed("has a name that is no text").hint("rename it: letters, digits and '-'");
    let name = text(whole.file_stem()).ok_or_else(no_text)?;
    let reference = text(Some(whole.as_os_str())).ok_or_else(no_text)?;
    let here = std::path::absolute(".").ok();
    let short = here.and_then(|here| whole.strip_prefix(here).ok().map(|short| short.display().to_string()));
    let shown = short.unwrap_or_else(|| reference.clone());
    Ok(Located { name, reference, path: whole, shown })
}

fn unknown(typed: &str, folders: &[PathBuf]) -> Failure {
    let mut known = names(folders);
    known.push("sim".to_owned());
    let hint = if let Some(near) = manifest::nearest(typed, known.iter().map(String::as_str)) {
        format!("did you mean '{near}'?")
    } else if let Some(hint) = simulator(typed) {
        hint
    } else {
        let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        format!(
            "a target is {typed}.toml in one of {}, a path, or the simulator: sim, sim:NAME; known here: {}",
            folders.join(", "),
            known.join(", ")
        )
    };
    Failure::invalid(Code::TargetUnknown, format!("there is no target '{typed}'")).hint(hint)
}

/// What looks like the simulator, misspelt.
fn simulator(typed: &str) -> Option<String> {
    let near = typed.to_ascii_lowercase();
    if near.trim() == "sim" || near.starts_with("simul") {
        return Some("did you mean 'sim'?".to_owned());
    }
    let kept = near.strip_prefix("sim")?.trim_start_matches([':', '-', '.', '=', ' ']);
    Some(format!("did you mean 'sim:{kept}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_the_first_folder_that_has_it() {
        let scratch = tempfile::tempdir().unwrap();
        let folders: Vec<PathBuf> = ["a", "b"].iter().map(|name| scratch.path().join(name)).collect();
        for folder in &folders {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(folders[1].join("contoso.toml"), "").unwrap();
        std::fs::write(folders[1].join("notes.txt"), "").unwrap();
        let found = locate("contoso", &folders).unwrap();
        assert_eq!((found.name.as_str(), &found.path), ("contoso", &folders[1].join("contoso.toml")));
        assert_eq!(locate(&found.reference, &[]).unwrap(), found);
        std::fs::write(folders[0].join("contoso.toml"), "").unwrap();
        assert_eq!(locate("contoso", &folders).unwrap().path, folders[0].join("contoso.toml"));
        assert_eq!(names(&folders), ["contoso"]);
        for (typed, hint) in [
            ("contos", "did you mean 'contoso'?"),
            ("simm", "did you mean 'sim'?"),
            ("sim-lab", "did you mean 'sim:lab'?"),
            ("SIM", "did you mean 'sim'?"),
            ("fabrikam", "known here: contoso, sim"),
            ("./contoso", "the path of a target file"),
            ("contoso.toml", "the path of a target file"),
        ] {
            let failure = locate(typed, &folders).unwrap_err();
            assert_eq!(failure.code, Code::TargetUnknown, "{typed}");
            assert!(
                failure.hint.as_deref().unwrap_or_default().contains(hint),
                "{typed}: {:?}",
                failure.hint
            );
        }
    }
}
