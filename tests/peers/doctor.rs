//! `footbridge doctor` against a server of PowerShell remoting and a tenant: everything so, and each thing that can be
//! wrong told as something that a person can act on.

use serde_json::{Value, json};
use sim::{Removal, World, WorldSpec};

use crate::answers::Answers;
use crate::authority::Authority;
use crate::exchange_peer::play;
use crate::psrp_peer::PASSWORD;
use crate::site::{Plan, Site, Transport};
use crate::support::{Outcome, Transcript, transcripts, without_numbers};

const DOCTOR: [&str; 4] = ["doctor", "--target", "contoso", "--json"];
/// The service principal of the other side.
const SKYPE: &str = "00000004-0000-0ff1-ce00-000000000000";

/// A site whose Exchange server has a certificate of an authority that the target file names.
fn secured(authority: &Authority, certificate: &str, change: impl FnOnce(&mut Plan)) -> Site {
    let tls = Some(authority.identity(certificate));
    let mut plan = Plan { tls, ..Plan::over(Transport::Remote) };
    change(&mut plan);
    let site = Site::with(plan);
    site.bench.write("targets/ca.pem", &authority.roots("ca.pem"));
    site
}

/// What one check of a document says.
struct Told {
    verdict: String,
    seen: String,
    advice: String,
}

/// The check, where there is one.
fn told(found: &Value, check: &str) -> Option<Told> {
    let (area, name) = check.split_once('/').expect("area and name");
    let checks = found["checks"].as_array().expect("checks");
    let one = checks.iter().find(|one| one["area"] == area && one["name"] == name)?;
    let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
    Some(Told { verdict: text("verdict"), seen: text("seen"), advice: text("advice") })
}

/// The check is not so, for the reason that is meant, and says what to do; nothing else is wrong at that end.
#[track_caller]
fn not_so(outcome: &Outcome, check: &str, seen: &[&str], advice: &str) {
    let found = outcome.clone().exits(1).json();
    let one = told(&found, check).unwrap_or_else(|| panic!("no {check} in {found:#}"));
    assert_eq!(one.verdict, "not_so", "{found:#}");
    for part in seen {
        assert!(one.seen.contains(part), "'{part}' is not seen in {check}: {found:#}");
    }
    assert!(one.advice.contains(advice), "'{advice}' is not advised in {check}: {found:#}");
    let area = check.split('/').next();
    let others = found["checks"].as_array().expect("checks").iter().filter(|one| one["verdict"] == "not_so");
    assert_eq!(others.filter(|one| one["area"].as_str() == area).count(), 1, "{found:#}");
    assert!(!outcome.whole().contains(PASSWORD), "{found:#}");
}

/// Doctor opens no more than it closes and changes nothing.
#[track_caller]
fn left_as_it_was(site: &Site) {
    assert_eq!(site.look().effects, Vec::<String>::new(), "doctor writes nothing");
    assert_eq!(site.peer.state()["shells"], 0, "doctor leaves no shell behind");
}

#[test]
fn a_remote_target_in_order_is_told_from_name_to_permission() {
    let authority = Authority::new();
    let site = secured(&authority, "good", |_| {});
    let found = site.outcome(&DOCTOR).exits(0).json();
    assert_eq!(found["verdict"], "so", "{found:#}");
    for check in [
        "exchange/dns",
        "exchange/tcp",
        "exchange/tls",
        "exchange/clock",
        "exchange/path",
        "exchange/sign-ins",
        "exchange/session",
        "exchange/organization",
        "exchange/roles-read",
        "exchange/roles-write",
        "exchange/oauth-challenge",
        "metadata/document",
        "graph/sign-in",
        "graph/permissions-write",
        "graph/service-principal",
    ] {
        let one = told(&found, check).unwrap_or_else(|| panic!("no {check} in {found:#}"));
        assert_eq!(one.verdict, "so", "{found:#}");
        assert!(!one.seen.is_empty(), "{found:#}");
    }
    left_as_it_was(&site);
    site.peer.no_problems();
}

/// Something that is wrong between here and the server.
struct Wrong {
    what: &'static str,
    /// A part of the target file, and what it is replaced with.
    file: Option<(&'static str, &'static str)>,
    /// The account's password, where it is another one.
    password: Option<&'static str>,
    options: Value,
    faults: Value,
    /// The check that tells it, what it has seen, what to do.
    check: &'static str,
    seen: &'static [&'static str],
    advice: &'static str,
}

impl Default for Wrong {
    fn default() -> Wrong {
        Wrong {
            what: "",
            file: None,
            password: None,
            options: json!({}),
            faults: json!([]),
            check: "",
            seen: &[],
            advice: "",
        }
    }
}

/// Whatever is asked, the server does this.
fn always(act: Value) -> Value {
    json!([{ "on": "Request", "nth": 1, "times": 1_000_000, "act": act }])
}

fn wrongs() -> Vec<Wrong> {
    vec![
        Wrong {
            what: "a name that nobody knows",
            file: Some(("https://127.0.0.1", "https://ex01.contoso.invalid")),
            check: "exchange/dns",
            seen: &["ex01.contoso.invalid"],
            advice: "name",
            ..Wrong::default()
        },
        Wrong {
            what: "an authority that is not trusted",
            file: Some(("\"ca.pem\"", "\"other-ca.pem\"")),
            check: "exchange/tls",
            seen: &["an unknown authority"],
            advice: "ca_file",
            ..Wrong::default()
        },
        Wrong {
            what: "an authority that the system does not know",
            file: Some(("ca_file = \"ca.pem\"\n", "")),
            check: "exchange/tls",
            seen: &["an unknown authority"],
            advice: "ca_file",
            ..Wrong::default()
        },
        Wrong {
            what: "a wrong path",
            file: Some(("/PowerShell/", "/owa/")),
            check: "exchange/path",
            seen: &["HTTP 404", "/owa/"],
            advice: "/PowerShell/",
            ..Wrong::default()
        },
        Wrong {
            what: "a page for people",
            faults: always(json!({ "html": 200 })),
            check: "exchange/path",
            seen: &["HTTP 200", "text/html"],
            advice: "a page for people answers there",
            ..Wrong::default()
        },
        Wrong {
            what: "a service that is stopped",
            faults: always(json!({ "html": 503 })),
            check: "exchange/path",
            seen: &["HTTP 503"],
            advice: "application pool",
            ..Wrong::default()
        },
        Wrong {
            what: "a wrong password",
            password: Some("guessed"),
            check: "exchange/sign-in",
            seen: &["HTTP 401", "Negotiate, Basic"],
            advice: "check user and password",
            ..Wrong::default()
        },
        Wrong {
            what: "a server without Basic",
            options: json!({ "challenges": ["Negotiate", "Kerberos"] }),
            check: "exchange/sign-ins",
            seen: &["Negotiate, Kerberos"],
            advice: "-BasicAuthentication $true",
            ..Wrong::default()
        },
        Wrong {
            what: "a refusal that does not say how to sign in",
            faults: always(json!({ "unauthorised": true })),
            check: "exchange/sign-ins",
            seen: &["HTTP 401 without saying how to sign in"],
            advice: "something in front of the server",
            ..Wrong::default()
        },
        Wrong {
            what: "as many shells as an account may have",
            options: json!({ "quota": 0 }),
            check: "exchange/session",
            seen: &["18 concurrent shells"],
            advice: "close others",
            ..Wrong::default()
        },
        Wrong {
            what: "the same in another language",
            options: json!({ "quota": 0, "german": true }),
            check: "exchange/session",
            seen: &["QuotaLimit"],
            advice: "close others",
            ..Wrong::default()
        },
        Wrong {
            what: "a clock of another day",
            options: json!({ "date": "Mon, 01 Jan 2024 00:00:00 GMT" }),
            check: "exchange/clock",
            seen: &["differs from the server's by"],
            advice: "clock",
            ..Wrong::default()
        },
        Wrong {
            what: "a configuration that is not there",
            file: Some((
                "transport",
                "configuration = \"http://schemas.microsoft.com/powershell/No\"\ntransport",
            )),
            check: "exchange/session",
            seen: &["DestinationUnreachable"],
            advice: "configuration",
            ..Wrong::default()
        },
        Wrong {
            what: "an account without remote PowerShell",
            faults: json!([{ "on": "Create", "nth": 1, "times": 100, "act": { "fault": "denied" } }]),
            check: "exchange/session",
            seen: &["AccessDenied"],
            advice: "remote PowerShell",
            ..Wrong::default()
        },
    ]
}

#[test]
fn what_is_wrong_on_the_way_to_the_server_is_told_apart() {
    let authority = Authority::new();
    let site = secured(&authority, "good", |_| {});
    site.bench.write("targets/other-ca.pem", &authority.roots("other-ca.pem"));
    for wrong in wrongs() {
        let whole = site.target_file();
        if let Some((part, with)) = wrong.file {
            site.change(part, with);
        }
        site.password(wrong.password.unwrap_or(PASSWORD));
        site.peer.options(wrong.options);
        site.peer.faults(wrong.faults);
        let outcome = site.outcome(&DOCTOR);
        println!("{}: {}", wrong.what, wrong.check);
        not_so(&outcome, wrong.check, wrong.seen, wrong.advice);
        assert_eq!(told(&outcome.json(), "graph/sign-in").map(|one| one.verdict).as_deref(), Some("so"));
        site.bench.write("targets/contoso.toml", &whole);
    }
    left_as_it_was(&site);
}

#[test]
fn a_certificate_for_another_name_is_told() {
    let authority = Authority::new();
    let site = secured(&authority, "wrong", |_| {});
    let outcome = site.outcome(&DOCTOR);
    not_so(&outcome, "exchange/tls", &["127.0.0.1", "mail.fabrikam.test"], "name");
    assert!(site.answers.seen().is_empty(), "nothing is said to whom nobody trusts");
}

/// An account without some cmdlets: its session does not know them.
fn without(world: &World, hidden: &'static [&'static str]) -> Answers {
    let world = world.clone();
    Answers::start(move |asked| {
        let mut asked = asked.clone();
        let is_hidden = |name: &str| hidden.contains(&name);
        if is_hidden(&asked.cmdlet) {
            asked.cmdlet.push_str("Hidden");
        } else if asked.cmdlet == "Get-Command" && asked.parameters["Name"].as_str().is_some_and(is_hidden) {
            asked.parameters.insert("Name".to_owned(), json!("Get-Hidden"));
        }
        play(&world, &asked)
    })
}

#[test]
fn missing_roles_are_told_with_the_role_groups_that_have_them() {
    let site = Site::with(Plan {
        answers: |world| without(world, &["New-PartnerApplication", "Set-User"]),
        ..Plan::over(Transport::Remote)
    });
    let outcome = site.outcome(&DOCTOR);
    let seen = ["New-PartnerApplication", "Set-User", "do not grant"];
    not_so(&outcome, "exchange/roles-write", &seen, "Organization Management");
    left_as_it_was(&site);

    let site = Site::with(Plan {
        answers: |world| without(world, &["Get-ManagementRole"]),
        ..Plan::over(Transport::Remote)
    });
    let outcome = site.outcome(&DOCTOR);
    not_so(
        &outcome,
        "exchange/roles-read",
        &["Get-ManagementRole", "do not grant"],
        "Organization Management",
    );
}

#[test]
fn a_token_of_another_tenant_is_used_for_nothing() {
    const OTHER: &str = "9d1b7c7e-2f60-4f0e-8a38-5cbb4e0f6a51";
    let mut plan = Plan::over(Transport::Remote);
    plan.spec.token_tenant = Some(OTHER.to_owned());
    let own = plan.spec.tenant.clone();
    let site = Site::with(plan);
    let outcome = site.outcome(&DOCTOR);
    not_so(&outcome, "graph/token-tenant", &["FB0707", OTHER, &own], "tenant id");
    let found = outcome.json();
    for check in ["graph/organization", "graph/permissions-read", "graph/service-principal"] {
        assert!(told(&found, check).is_none(), "{check} was asked with a token of another tenant: {found:#}");
    }
    left_as_it_was(&site);
}

#[test]
fn a_service_principal_that_is_missing_is_told() {
    let plan = Plan::over(Transport::Remote);
    let remove = vec![Removal::ServicePrincipal(SKYPE.to_owned())];
    let site = Site::with(Plan { spec: WorldSpec { remove, ..plan.spec }, ..plan });
    let outcome = site.outcome(&DOCTOR);
    not_so(&outcome, "graph/service-principal", &[SKYPE], "New-MgServicePrincipal");
    left_as_it_was(&site);
}

#[test]
fn the_guide_shows_what_doctor_prints_of_a_remote_target() {
    let authority = Authority::new();
    let site = secured(&authority, "good", |_| {});
    site.bench.write("targets/other-ca.pem", &authority.roots("other-ca.pem"));
    let whole = site.target_file();
    let in_order = || {};
    let wrong_password = || site.password("guessed");
    let unknown_authority = || site.change("\"ca.pem\"", "\"other-ca.pem\"");
    let web_page = || site.peer.faults(always(json!({ "html": 200 })));
    let changes: [&dyn Fn(); 4] = [&in_order, &wrong_password, &unknown_authority, &web_page];
    let shown = transcripts("guides/connect.md", "--target contoso");
    let home = site.bench.files().display().to_string();
    assert_eq!(shown.len(), changes.len());
    for (Transcript { arguments, told }, change) in shown.iter().zip(changes) {
        site.bench.write("targets/contoso.toml", &whole);
        site.password(PASSWORD);
        change();
        let printed = site.outcome(arguments);
        let stdout = without_numbers(&printed.stdout).replace(&home, "/home/admin");
        assert_shown(told, &stdout);
    }
}

/// Compares what a guide shows with what was printed. A line `…` stands for lines that it leaves out; columns are as wide as
/// what stands in them.
#[track_caller]
fn assert_shown(told: &str, printed: &str) {
    let printed = unaligned(printed);
    let parts: Vec<Vec<String>> = told.split("…\n").map(unaligned).collect();
    let mut end = 0;
    for (index, part) in parts.iter().enumerate() {
        let is_here = |from: usize| printed[from..].starts_with(part);
        let found = match index {
            0 => Some(0).filter(|from| is_here(*from)),
            _ => (end..=printed.len()).find(|from| is_here(*from)),
        };
        let part = part.join("\n");
        let from = found.unwrap_or_else(|| panic!("not printed:\n{part}\nbut:\n{}", printed.join("\n")));
        end = from + part.lines().count();
    }
    assert_eq!(end, printed.len(), "more is printed:\n{}", printed[end..].join("\n"));
}

/// Its lines, with one mark between columns however wide they are.
fn unaligned(text: &str) -> Vec<String> {
    let columns = |line| str::split(line, "  ").map(str::trim).filter(|column| !column.is_empty());
    text.lines().map(|line| columns(line).collect::<Vec<_>>().join(" | ")).collect()
}
