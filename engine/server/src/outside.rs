//! What a request over TCP may not bring along: whatever would take its token further than any role does.
//!
//! A role says what may be done to runs and targets. None of them is leave to start programs on this machine, or to have
//! files of its disk opened: that is for whoever sits at it.

use model::{Class, Code, Failure, Workflow};

/// Programs of a workflow's own would be started where the engine is, as its user, and before anybody approves: looking
/// calls them too. So would what stands in for them.
pub(crate) fn workflow(workflow: &Workflow) -> Result<(), Failure> {
    match workflow.own.keys().next() {
        None => Ok(()),
        Some(module) => Err(refused(format!(
            "workflow '{}' brings programs of its own along (module '{module}'), and nobody starts programs here over TCP",
            workflow.id
        ))
        .hint("start its runs on the machine itself; they can be looked at, approved and undone from here")),
    }
}

/// A target's name, and no path: a target's file names addresses, programs and secrets, so which files are taken for
/// targets is not for the request to say.
pub(crate) fn target(name: &str) -> Result<(), Failure> {
    let kept = name.strip_prefix("sim:").unwrap_or(name);
    let plain = |one: char| one.is_alphanumeric() || "._-@ ".contains(one);
    let toml = name.to_ascii_lowercase().ends_with(".toml");
    if kept.chars().all(plain) && kept.starts_with(char::is_alphanumeric) && !toml {
        return Ok(());
    }
    Err(refused(format!("over TCP a target is called by its name, and '{name}' is none"))
        .hint("give the name of a target file that this machine has, without folder and without .toml"))
}

fn refused(message: String) -> Failure {
    Failure::new(Code::Access, Class::Denied, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_name_and_no_path() {
        for (name, good) in [
            ("sim", true),
            ("sim:lab-2", true),
            ("contoso", true),
            ("contoso.com", true),
            ("Münchner Börse", true),
            ("", false),
            ("sim:", false),
            ("sim:../lab", false),
            ("..", false),
            (".hidden", false),
            ("./contoso", false),
            ("/etc/footbridge/targets/contoso", false),
            ("contoso.toml", false),
            ("contoso.TOML", false),
            (r"..\contoso", false),
            ("C:contoso", false),
            ("contoso\0", false),
            ("a\nb", false),
        ] {
            assert_eq!(target(name).is_ok(), good, "{name:?}");
        }
    }
}
