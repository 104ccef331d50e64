//! Every workflow folder is whole, and holds data only.

use std::collections::BTreeSet;

use crate::repository::{files_in, folders_in, read, root, text_files};

/// Holds script functions that workflows share; not a workflow.
const SHARED: &str = "workflows/lib";

#[test]
fn every_workflow_has_a_manifest_steps_cases_and_a_readme() {
    for folder in workflow_folders() {
        let id = folder.rsplit('/').next().unwrap();
        let manifest = manifest(&folder);
        assert_eq!(manifest["workflow"]["id"].as_str(), Some(id), "{folder}: the id is the folder's name");
        assert!(root().join(&folder).join("README.md").is_file(), "{folder}/README.md is missing");
        assert!(!stems(&folder, "cases", "toml").is_empty(), "{folder}/cases: no workflow without a case");
    }
}

#[test]
fn every_step_has_its_script_and_every_script_its_step() {
    for folder in workflow_folders() {
        let manifest = manifest(&folder);
        let steps: BTreeSet<String> = manifest["steps"].as_table().unwrap().keys().cloned().collect();
        assert!(!steps.is_empty(), "{folder}: a workflow has steps");
        assert_eq!(
            steps,
            stems(&folder, "steps", "rhai"),
            "{folder}: on the left the steps of the manifest, on the right the scripts"
        );
    }
}

#[test]
fn every_readme_names_every_step() {
    for folder in workflow_folders() {
        let page = read(&format!("{folder}/README.md"));
        for step in manifest(&folder)["steps"].as_table().unwrap().keys() {
            assert!(page.contains(step.as_str()), "{folder}/README.md does not name the step {step}");
        }
    }
}

#[test]
fn workflows_hold_data_only() {
    let files: Vec<_> = text_files().into_iter().filter(|file| file.path.starts_with("workflows/")).collect();
    assert!(files.len() > 5, "only {} files found", files.len());
    for file in files {
        let data = [".toml", ".rhai", ".md"].iter().any(|end| file.path.ends_with(end));
        assert!(data, "{}: neither a manifest, a case, a script nor a page", file.path);
    }
}

fn workflow_folders() -> Vec<String> {
    let folders: Vec<String> =
        folders_in("workflows").into_iter().filter(|folder| folder != SHARED).collect();
    assert!(!folders.is_empty(), "no workflow found");
    folders
}

fn manifest(folder: &str) -> toml::Table {
    read(&format!("{folder}/workflow.toml")).parse().unwrap_or_else(|error| panic!("{folder}: {error}"))
}

/// The names of a folder's files without their one allowed extension.
fn stems(folder: &str, inside: &str, extension: &str) -> BTreeSet<String> {
    files_in(&format!("{folder}/{inside}"))
        .iter()
        .map(|path| {
            let name = path.rsplit('/').next().unwrap();
            let (stem, found) =
                name.rsplit_once('.').unwrap_or_else(|| panic!("{path}: it has no extension"));
            assert_eq!(found, extension, "{path}: only .{extension} files belong here");
            stem.to_owned()
        })
        .collect()
}
