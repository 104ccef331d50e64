//! Is a token one that this target should take? Rules over what it says; signatures cannot be checked from a recording.

use std::time::Duration;

use model::Timestamp;

use crate::principal::{Issuer, is_access_control};
use crate::token::{Token, TokenKind};

/// Clocks differ; Exchange and Entra accept about this much.
const SKEW: Duration = Duration::from_mins(5);

/// What a target's traffic should look like. Whatever is empty is not compared, and said to be unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The tenant's id, in lower case.
    pub tenant: String,
    /// Domains that may stand where the tenant's id does, in lower case.
    pub domains: Vec<String>,
    /// The applications looked for, in lower case.
    pub app_ids: Vec<String>,
    /// Host names under which Exchange is published, in lower case.
    pub hosts: Vec<String>,
    /// SHA-1 of the certificates that are uploaded, upper-case hex digits.
    pub thumbprints: Vec<String>,
}

impl Expected {
    fn is_realm(&self, realm: &str) -> bool {
        realm == self.tenant || self.domains.iter().any(|domain| domain == realm)
    }
}

/// From best to worst: *cannot tell* is worse than a warning, because it is not an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    #[default]
    Pass,
    Warn,
    CannotTell,
    Fail,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::CannotTell => "cannot tell",
            Verdict::Fail => "fail",
        }
    }
}

/// A verdict with its reasons, the worst of all that was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opinion {
    pub verdict: Verdict,
    /// For whatever is not a pass; facts worth knowing where it is.
    pub reasons: Vec<String>,
    /// What could not be compared.
    pub unchecked: Vec<String>,
}

impl Opinion {
    pub(super) fn say(&mut self, verdict: Verdict, reason: impl Into<String>) {
        self.verdict = self.verdict.max(verdict);
        let reason = reason.into();
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    pub(super) fn unchecked(&mut self, what: &str) {
        if !self.unchecked.iter().any(|known| known == what) {
            self.unchecked.push(what.to_owned());
        }
    }
}

/// `at`: when it was sent. `host`: where to; empty where that is not known.
pub(super) fn judge_token(
    token: &Token,
    expected: &Expected,
    at: Option<Timestamp>,
    host: &str,
    opinion: &mut Opinion,
) {
    for (name, one) in parts(token) {
        times(name, one, at, opinion);
        realm(name, one, expected, opinion);
        audience(name, one, expected, host, opinion);
        signature(name, one, expected, opinion);
    }
    application(token, expected, opinion);
}

/// The token and the one inside it, as sentences name them.
fn parts(token: &Token) -> Vec<(&'static str, &Token)> {
    let mut all = vec![("the token", token)];
    all.extend(token.actor.as_deref().map(|actor| ("the actor token", actor)));
    all
}

pub(super) fn times(name: &str, token: &Token, at: Option<Timestamp>, opinion: &mut Opinion) {
    let Some(at) = at else {
        opinion.unchecked("the token's validity: when the request was sent is not told");
        return;
    };
    match token.expires {
        None => opinion.say(Verdict::Warn, format!("{name} never expires (it has no exp)")),
        Some(expires) if at > expires.after(SKEW) => {
            opinion.say(Verdict::Fail, format!("{name} had expired: at {expires}, and it was used at {at}"));
        }
        Some(expires) if at > expires => opinion.say(
            Verdict::Warn,
            format!("{name} had just expired: at {expires}, and it was used at {at}; do the clocks agree?"),
        ),
        Some(_) => {}
    }
    match token.not_before {
        Some(not_before) if not_before > at.after(SKEW) => opinion.say(
            Verdict::Fail,
            format!(
                "{name} was not valid yet: from {not_before}, and it was used at {at}; do the clocks agree?"
            ),
        ),
        Some(not_before) if not_before > at => opinion.say(
            Verdict::Warn,
            format!(
                "{name} begins at {not_before}, a little after it was used at {at}; do the clocks agree?"
            ),
        ),
        Some(_) | None => {}
    }
}

fn realm(name: &str, token: &Token, expected: &Expected, opinion: &mut Opinion) {
    if expected.tenant.is_empty() {
        opinion.unchecked("the tenant: the target names none");
        return;
    }
    let tenant = &expected.tenant;
    let compare = |realm: &str, what: &str, opinion: &mut Opinion| {
        if realm == "*" {
            opinion.say(Verdict::Warn, format!("{what} of {name} is for any realm (*)"));
        } else if !realm.is_empty() && !expected.is_realm(realm) {
            opinion.say(
                Verdict::Fail,
                format!("{what} of {name} belongs to {realm}, not to the tenant {tenant}"),
            );
        }
    };
    match &token.issued_by {
        Issuer::Application(by) => compare(&by.realm, "the issuer", opinion),
        Issuer::Tenant(id) => compare(id, "the issuer", opinion),
        Issuer::Other => opinion.say(
            Verdict::Fail,
            format!("the issuer of {name} is neither an application nor a tenant: '{}'", token.issuer),
        ),
    }
    compare(&token.audience_realm, "the audience", opinion);
    compare(&token.tenant, "the tenant (tid)", opinion);
}

fn audience(name: &str, token: &Token, expected: &Expected, host: &str, opinion: &mut Opinion) {
    if token.audience.is_empty() {
        opinion.say(Verdict::Fail, format!("{name} is for nobody (it has no aud)"));
        return;
    }
    let wanted = &token.audience_host;
    if wanted.is_empty() {
        opinion.unchecked("the audience's host: the token names none");
        return;
    }
    // Towards the cloud the token is for a host of Microsoft's, and nobody publishes that.
    let towards_cloud =
        is_microsoft(host) && wanted == host || token.kind == TokenKind::Assertion && is_microsoft(wanted);
    if !expected.hosts.is_empty() && !towards_cloud && !expected.hosts.contains(wanted) {
        opinion.say(
            Verdict::Fail,
            format!(
                "{name} is for the host {wanted}, which is not published here ({})",
                expected.hosts.join(", ")
            ),
        );
    } else if expected.hosts.is_empty() && !towards_cloud {
        opinion.unchecked("whether the audience's host is published: no published host is known");
    }
    if !host.is_empty() && wanted != host && token.kind != TokenKind::Assertion {
        opinion.say(Verdict::Warn, format!("{name} is for the host {wanted}, but was sent to {host}"));
    }
}

fn signature(name: &str, token: &Token, expected: &Expected, opinion: &mut Opinion) {
    if token.actor.is_some() {
        // The actor token inside is what is signed.
        return;
    }
    if !token.signed {
        opinion.say(Verdict::Fail, format!("{name} is not signed"));
        return;
    }
    let own = match &token.issued_by {
        Issuer::Application(by) => !is_access_control(&by.app_id),
        Issuer::Tenant(_) | Issuer::Other => false,
    };
    if !own {
        opinion.unchecked("the key of Microsoft's that signed the token");
    } else if token.key_sha1.is_empty() {
        opinion.unchecked("the certificate that signed: the token names none (no x5t)");
    } else if expected.thumbprints.is_empty() {
        opinion.unchecked("the certificate that signed: no thumbprint was given to compare with");
    } else if !expected.thumbprints.contains(&token.key_sha1) {
        opinion.say(
            Verdict::Fail,
            format!("{name} is signed with the certificate {}, which is none of those given", token.key_sha1),
        );
    }
}

fn application(token: &Token, expected: &Expected, opinion: &mut Opinion) {
    if expected.app_ids.is_empty() {
        opinion.unchecked("the application: none was given to compare with");
        return;
    }
    let mut ids: Vec<&str> = Vec::new();
    for (_, one) in parts(token) {
        ids.push(&one.app_id);
        if let Issuer::Application(by) = &one.issued_by
            && !is_access_control(&by.app_id)
        {
            ids.push(&by.app_id);
        }
    }
    ids.retain(|id| !id.is_empty());
    ids.dedup();
    if ids.is_empty() {
        opinion.say(Verdict::Warn, "the token names no application");
    } else if !ids.iter().any(|id| expected.app_ids.iter().any(|known| known == id)) {
        opinion.say(Verdict::Warn, format!("the application {} is none of those looked for", ids.join(", ")));
    }
}

/// Hosts of Exchange Online and of its sign-in.
pub(super) fn is_microsoft(host: &str) -> bool {
    const ENDS: [&str; 8] = [
        "outlook.com",
        "office365.com",
        "office365.us",
        "outlook.office.com",
        "partner.outlook.cn",
        "outlook.sovcloud.fr",
        "outlook.sovcloud.de",
        "accesscontrol.windows.net",
    ];
    crate::principal::is_sign_in_host(host)
        || ENDS
            .iter()
            .any(|end| host == *end || host.strip_suffix(end).is_some_and(|rest| rest.ends_with('.')))
}
