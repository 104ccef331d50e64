//! `[undo]` in a manifest and in an overlay: what an undo does where others changed something since.

use model::UndoPolicy;
use model::undo::Conflicts;

use crate::walk::{Section, Walk};

/// `conflicts = "refuse" | "ask"`, as the named layer says it; `None` where it says nothing that can be read.
pub(crate) fn read_undo<'t>(
    walk: &mut Walk<'_, 't>,
    section: Section<'_, 't>,
    origin: &str,
) -> Option<UndoPolicy> {
    walk.known_keys(section, &["conflicts"]);
    let hint = "write conflicts = \"refuse\" or conflicts = \"ask\"";
    let said = walk.required(section, "conflicts", hint)?;
    let conflicts = match said.text.as_str() {
        "refuse" => Conflicts::Refuse,
        "ask" => Conflicts::Ask,
        other => {
            walk.wrong(&said.span, format!("'{other}' is nothing that undo can do about conflicts"), hint);
            return None;
        }
    };
    Some(UndoPolicy { conflicts, origin: origin.to_owned() })
}
