//! The manifest as a whole: `[workflow]`, `[params]`, `[steps]` and `[undo]`.

use model::{Code, Param, UndoPolicy};
use toml::de::DeTable;

use crate::Finding;
use crate::document::Document;
use crate::param::read_params;
use crate::step::{Draft, read_steps};
use crate::undo::read_undo;
use crate::walk::{Section, Walk};

#[derive(Clone, Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) source: Option<String>,
    pub(crate) params: Vec<Param>,
    pub(crate) steps: Vec<Draft>,
    pub(crate) undo: Option<UndoPolicy>,
}

/// What the manifest says, as far as it can be read, and everything that is wrong with its form.
pub(crate) fn read_manifest<'t>(
    document: &Document<'t>,
    table: &DeTable<'t>,
    layer: &str,
) -> (Manifest, Vec<Finding>) {
    let mut walk = Walk::new(document, Code::ManifestKey, Code::ManifestValue);
    let mut manifest = Manifest::default();
    let root = Section { name: "the manifest", table, at: (0, 0) };
    walk.known_keys(root, &["workflow", "params", "steps", "undo"]);
    read_head(&mut walk, root, &mut manifest);
    if let Some(section) = section(&mut walk, root, "params") {
        manifest.params = read_params(&mut walk, section);
    }
    if let Some(section) = section(&mut walk, root, "steps") {
        manifest.steps = read_steps(&mut walk, section);
    }
    if let Some(section) = section(&mut walk, root, "undo") {
        manifest.undo = read_undo(&mut walk, section, layer);
    }
    if manifest.steps.is_empty() && walk.findings.is_empty() {
        walk.wrong(
            &(0..0),
            "the workflow has no steps".to_owned(),
            "add one: [steps.NAME], with steps/NAME.rhai",
        );
    }
    (manifest, walk.findings)
}

fn read_head<'t>(walk: &mut Walk<'_, 't>, root: Section<'_, 't>, manifest: &mut Manifest) {
    if !root.table.contains_key("workflow") {
        let hint = "start it with [workflow], id, version and title";
        walk.wrong(&(0..0), "the manifest lacks [workflow]".to_owned(), hint);
        return;
    }
    let Some(head) = section(walk, root, "workflow") else { return };
    walk.known_keys(head, &["id", "version", "title", "source"]);
    if let Some(id) = walk.required(head, "id", "name it as its folder is named: id = \"sfb-online\"") {
        if !is_workflow_id(&id.text) {
            let hint = "use lower-case letters, digits and '-', starting with a letter, at most 64";
            walk.wrong(&id.span, format!("'{}' cannot be the id of a workflow", id.text), hint);
        }
        manifest.id = id.text;
    }
    if let Some(version) = walk.required(head, "version", "write version = \"1.0.0\"") {
        manifest.version = version.text;
    }
    if let Some(title) = walk.required(head, "title", "say what the workflow does: title = \"…\"") {
        manifest.title = title.text;
    }
    manifest.source = walk.text(head, "source").map(|source| source.text);
}

fn section<'a, 't>(walk: &mut Walk<'_, 't>, root: Section<'a, 't>, key: &'a str) -> Option<Section<'a, 't>> {
    let (name, value) = root.table.get_key_value(key)?;
    let name_shown = match key {
        "workflow" => "[workflow]",
        "params" => "[params]",
        "steps" => "[steps]",
        "undo" => "[undo]",
        other => other,
    };
    walk.table(name_shown, &name.span(), value)
}

fn is_workflow_id(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|other| other.is_ascii_lowercase() || other.is_ascii_digit() || other == '-')
}
