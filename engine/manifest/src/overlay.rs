//! A layer's `overlay.toml`: parameter values and what undo does about conflicts, which win over weaker layers.

use std::collections::BTreeMap;

use model::workflow::Overlaid;
use model::{Code, Param, UndoPolicy};
use toml::de::DeTable;

use crate::Finding;
use crate::document::{Document, in_file_order};
use crate::nearest::{listed, suggestion};
use crate::undo::read_undo;
use crate::walk::{Section, Walk, to_value};

/// Lays what one layer says over what weaker layers said.
pub(crate) fn lay_over<'t>(
    document: &Document<'t>,
    table: &DeTable<'t>,
    layer: &str,
    params: &[Param],
    overlay: &mut BTreeMap<String, Overlaid>,
    undo: &mut Option<UndoPolicy>,
) -> Vec<Finding> {
    let mut walk = Walk::new(document, Code::Layer, Code::Layer);
    let root = Section { name: "an overlay", table, at: (0, 0) };
    walk.known_keys(root, &["params", "undo"]);
    if let Some((key, value)) = table.get_key_value("undo")
        && let Some(section) = walk.table("[undo]", &key.span(), value)
        && let Some(policy) = read_undo(&mut walk, section, layer)
    {
        *undo = Some(policy);
    }
    let Some((key, value)) = table.get_key_value("params") else { return walk.findings };
    let Some(section) = walk.table("[params]", &key.span(), value) else { return walk.findings };
    for (key, value) in in_file_order(section.table) {
        let name = key.get_ref().as_ref();
        let Some(param) = params.iter().find(|param| param.name == name) else {
            let known = || params.iter().map(|param| param.name.as_str());
            let hint = suggestion(name, known(), || match params {
                [] => "this workflow has no parameters".to_owned(),
                _ => format!("its parameters are {}", listed(known())),
            });
            let message = format!("the workflow has no parameter '{name}'");
            walk.report(Code::ParameterUnknown, &key.span(), message, hint);
            continue;
        };
        let checked = to_value(value.get_ref()).ok_or_else(|| "the number is too large".to_owned());
        match checked.and_then(|value| param.check(&value)) {
            Ok(value) => {
                overlay.insert(name.to_owned(), Overlaid { value, origin: layer.to_owned() });
            }
            Err(why) => {
                let message = format!("parameter '{name}': {why}");
                walk.report(Code::ParameterValue, &value.span(), message, format!("write {}", param.kind));
            }
        }
    }
    walk.findings
}
