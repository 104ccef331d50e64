//! What a cmdlet's name tells: whether it writes, whether it asks first, whether it can be told a domain controller.

use model::Effect;

/// The effect of a cmdlet by its verb and a table of exceptions; `None` for a name that is no Exchange cmdlet's, or one
/// that is not to be called by name.
pub fn effect_of(cmdlet: &str) -> Option<Effect> {
    let (verb, noun) = parts(cmdlet)?;
    if within(REFUSED, cmdlet) || within(SHELL_NOUNS, noun) {
        return None;
    }
    if within(READS, cmdlet) {
        return Some(Effect::Read);
    }
    if within(WRITES, cmdlet) || within(WRITE_VERBS, verb) {
        return Some(Effect::Write);
    }
    within(READ_VERBS, verb).then_some(Effect::Read)
}

/// Whether it asks before it acts, unless it is told `-Confirm:$false`.
pub(crate) fn prompts(cmdlet: &str) -> bool {
    parts(cmdlet).is_some_and(|(verb, _)| within(PROMPTING_VERBS, verb)) || within(PROMPTING, cmdlet)
}

/// Whether it asks a question of its own that only `-Force` answers.
pub(crate) fn needs_force(cmdlet: &str) -> bool {
    within(FORCED, cmdlet)
}

/// Whether it has the parameter `DomainController`.
pub(crate) fn takes_controller(cmdlet: &str) -> bool {
    !within(WITHOUT_CONTROLLER, cmdlet)
}

/// `Verb-Noun`, both beginning with a capital letter and made of ASCII letters and digits.
fn parts(cmdlet: &str) -> Option<(&str, &str)> {
    let (verb, noun) = cmdlet.split_once('-')?;
    (is_name(verb) && is_name(noun) && noun.len() > 1).then_some((verb, noun))
}

/// A verb, a noun or a parameter's name: nothing in it could mean anything to a shell.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|other| other.is_ascii_alphanumeric())
}

fn within(table: &[&str], name: &str) -> bool {
    table.iter().any(|one| one.eq_ignore_ascii_case(name))
}

const READ_VERBS: &[&str] = &["Get", "Test"];

/// Verbs of cmdlets that change something. A verb in neither table is refused: nobody judged it.
const WRITE_VERBS: &[&str] = &[
    "Add", "Clear", "Complete", "Disable", "Dismount", "Enable", "Import", "Mount", "Move", "New",
    "Redirect", "Release", "Remove", "Restore", "Resume", "Retry", "Set", "Start", "Stop", "Suspend", "Undo",
    "Update", "Upgrade",
];

/// Reads by another verb.
const READS: &[&str] = &["Search-AdminAuditLog", "Search-MailboxAuditLog", "Search-MessageTrackingReport"];

/// What sounds like a read and is none: these send messages, make test items, repair what they find, or hand a command
/// to a running service.
const WRITES: &[&str] = &[
    "Get-ExchangeDiagnosticInfo",
    "Test-ActiveSyncConnectivity",
    "Test-AssistantHealth",
    "Test-CalendarConnectivity",
    "Test-ExchangeSearch",
    "Test-ImapConnectivity",
    "Test-Mailflow",
    "Test-PopConnectivity",
];

/// Not to be called by name: `Set-AdServerSettings` would change what later calls of the session see, and
/// `Export-ExchangeCertificate` hands out a private key.
const REFUSED: &[&str] = &["Export-ExchangeCertificate", "Set-AdServerSettings"];

/// Verbs with a built-in pause. unconfirmed: the table, beyond `Remove` and `Disable`; asking a cmdlet not to ask is
/// harmless where it would not.
const PROMPTING_VERBS: &[&str] =
    &["Clear", "Disable", "Dismount", "Move", "Remove", "Restore", "Stop", "Suspend", "Undo"];

/// Others that ask, under conditions: `Set-AuthConfig` where the effective date is less than 48 hours away.
const PROMPTING: &[&str] = &["Set-AuthConfig"];

const FORCED: &[&str] = &["Set-AuthConfig"];

/// unconfirmed: that these are all; a call can say so for another one.
const WITHOUT_CONTROLLER: &[&str] = &[
    "Get-AdServerSettings",
    "Get-Command",
    "Get-DomainController",
    "Get-EventLogLevel",
    "Get-ExchangeDiagnosticInfo",
    "Get-IntraOrganizationConfiguration",
    "Get-Message",
    "Get-Queue",
    "Test-OAuthConnectivity",
];

/// Nouns of PowerShell's own cmdlets, which a local shell has beside Exchange's: they run programs and scripts, and touch
/// files, services and sessions of the machine.
const SHELL_NOUNS: &[&str] = &[
    "Acl",
    "Alias",
    "Assembly",
    "AuthenticodeSignature",
    "BitsTransfer",
    "ChildItem",
    "CimClass",
    "CimInstance",
    "CimSession",
    "Clipboard",
    "Clixml",
    "Command",
    "Computer",
    "ComputerInfo",
    "ComputerSecureChannel",
    "Connection",
    "Content",
    "Counter",
    "Credential",
    "Csv",
    "Date",
    "Event",
    "EventLog",
    "ExecutionPolicy",
    "Expression",
    "FileCatalog",
    "FileHash",
    "FormatData",
    "Help",
    "History",
    "Host",
    "HotFix",
    "Item",
    "ItemProperty",
    "Job",
    "JobTrigger",
    "LocalGroup",
    "LocalGroupMember",
    "LocalUser",
    "LocalizedData",
    "Location",
    "Member",
    "Module",
    "ModuleManifest",
    "NetFirewallRule",
    "Object",
    "Package",
    "PSBreakpoint",
    "PSCallStack",
    "PSDrive",
    "PSHostProcessInfo",
    "PSProvider",
    "PSReadLineOption",
    "PSRepository",
    "PSRoleCapabilityFile",
    "PSSession",
    "PSSessionConfiguration",
    "PSSessionConfigurationFile",
    "PSSnapin",
    "PSTransportOption",
    "PowerShellDataFile",
    "Process",
    "Runspace",
    "RunspaceDebug",
    "ScheduledJob",
    "ScheduledTask",
    "ScheduledTaskAction",
    "Script",
    "ScriptFileInfo",
    "Secret",
    "Service",
    "Sleep",
    "SmbShare",
    "StrictMode",
    "TimeSpan",
    "TraceSource",
    "Transcript",
    "Type",
    "TypeData",
    "Unique",
    "Variable",
    "WSManInstance",
    "WSManQuickConfig",
    "WSManSessionOption",
    "WebRequest",
    "WebServiceProxy",
    "WinEvent",
    "WmiInstance",
    "WmiMethod",
    "WmiObject",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_by_verb_and_by_table() {
        for (cmdlet, expected) in [
            ("Get-MailUser", Some(Effect::Read)),
            ("Test-OAuthConnectivity", Some(Effect::Read)),
            ("Search-AdminAuditLog", Some(Effect::Read)),
            ("Test-Mailflow", Some(Effect::Write)),
            ("Get-ExchangeDiagnosticInfo", Some(Effect::Write)),
            ("New-MailUser", Some(Effect::Write)),
            ("Set-AuthConfig", Some(Effect::Write)),
            ("Remove-AuthServer", Some(Effect::Write)),
            ("Import-ExchangeCertificate", Some(Effect::Write)),
            ("Export-ExchangeCertificate", None),
            ("Set-AdServerSettings", None),
            ("Invoke-Expression", None),
            ("Start-Process", None),
            ("Get-Content", None),
            ("Set-Content", None),
            ("New-Object", None),
            ("Add-Type", None),
            ("Import-Module", None),
            ("Get-Credential", None),
            ("ForEach-Object", None),
            ("Launch-Rockets", None),
            ("get-mailuser", None),
            ("Get-MailUser; Remove-Mailbox", None),
            ("Get-MailUser|Out-File", None),
            ("Get-", None),
            ("-MailUser", None),
            ("Get-Mail-User", None),
            ("Get-Mail\u{fc}ser", None),
            ("GetMailUser", None),
            ("", None),
        ] {
            assert_eq!(effect_of(cmdlet), expected, "{cmdlet}");
        }
    }

    #[test]
    fn who_asks_and_who_takes_a_controller() {
        for (cmdlet, asks, forced, pinned) in [
            ("Remove-MailUser", true, false, true),
            ("Disable-MailUser", true, false, true),
            ("Set-AuthConfig", true, true, true),
            ("Set-MailUser", false, false, true),
            ("Get-DomainController", false, false, false),
            ("Test-OAuthConnectivity", false, false, false),
        ] {
            let found = (prompts(cmdlet), needs_force(cmdlet), takes_controller(cmdlet));
            assert_eq!(found, (asks, forced, pinned), "{cmdlet}");
        }
    }
}
