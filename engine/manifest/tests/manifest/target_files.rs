//! Target files: what is read, what is refused and where, and that no secret is ever repeated.

use std::path::{Path, PathBuf};

use manifest::target::{
    Auth, Exchange, Origin, RemoteAuth, Rules, SecretPlace, Startup, TargetFile, read_target,
};
use model::Code;
use proptest::prelude::*;

const TENANT: &str = "tenant = \"1D6E9B0F-7c52-4a3e-9b61-5a0c2f4e8d17\"\n";
const BASIC: &str = "[exchange]\ntransport = \"remote\"\nuri = \"https://ex01.contoso.com/PowerShell/\"\nauth = \"basic\"\n\
     user = \"admin@contoso.com\"\npassword = { env = \"CONTOSO_PASSWORD\" }\n";
const SECRET: &str = "[graph]\nclient_id = \"5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10\"\nauth = \"client-secret\"\n\
     secret = { file = \"graph.secret\" }\n";
const ID: &str = "client_id = \"5e5f0f7c-6a58-4f0b-9d0e-3c7b7f1f5a10\"\n";

/// Stands for the rules of the host modules: https, or http on 127.0.0.1.
fn address(text: &str) -> Result<(), String> {
    if text.contains('@') {
        return Err("the address carries a user name or password".to_owned());
    }
    if text.starts_with("https://") || text.starts_with("http://127.0.0.1") {
        return Ok(());
    }
    Err(format!("'{text}' is plain http"))
}

fn read(text: &str) -> Result<TargetFile, Vec<model::Finding>> {
    read_target(
        "targets/contoso.toml",
        Path::new("/etc/t"),
        text,
        Rules { address: &address, windows: false },
    )
}

fn good(text: &str) -> TargetFile {
    read(text).unwrap_or_else(|findings| panic!("{text}\n{findings:#?}"))
}

#[test]
fn the_whole_format_is_read() {
    let target = good(&format!("{TENANT}{BASIC}ca_file = \"ca.pem\"\nallow_http = false\n{SECRET}"));
    assert_eq!(target.tenant, "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17");
    let Exchange::Remote(remote) = &target.exchange else { panic!("{target:?}") };
    assert_eq!(remote.uri, "https://ex01.contoso.com/PowerShell/");
    assert_eq!(remote.ca_file.as_ref().map(|file| file.value.clone()), Some(PathBuf::from("/etc/t/ca.pem")));
    assert_eq!(remote.configuration, None);
    let RemoteAuth::Basic { user, password } = &remote.auth else { panic!("{remote:?}") };
    assert_eq!(user, "admin@contoso.com");
    assert_eq!(password.value, SecretPlace::Environment("CONTOSO_PASSWORD".to_owned()));
    assert_eq!((password.place.line, password.place.column), (7, 12));
    let graph = target.graph.as_ref().expect("it is there");
    assert_eq!(graph.cloud, "global");
    let names: Vec<String> = target.secrets().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["exchange.password", "graph.secret"]);
    assert_eq!(target.exchange_host().as_deref(), Some("https://ex01.contoso.com"));
    assert_eq!(
        target.identity(),
        "tenant 1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17, https://ex01.contoso.com/PowerShell/, Graph of the cloud global"
    );
}

#[test]
fn every_value_tells_where_it_came_from() {
    let target = good(&format!("{TENANT}{BASIC}{SECRET}"));
    let origin = |name: &str| {
        let found = target.settings.iter().find(|setting| setting.name == name);
        found.map(|setting| (setting.value.clone(), setting.origin.to_string())).unwrap_or_default()
    };
    for (name, value, from) in [
        ("tenant", "1d6e9b0f-7c52-4a3e-9b61-5a0c2f4e8d17", "targets/contoso.toml:1:10"),
        ("exchange.uri", "https://ex01.contoso.com/PowerShell/", "targets/contoso.toml:4:7"),
        ("exchange.password", "environment variable CONTOSO_PASSWORD", "targets/contoso.toml:7:1"),
        ("exchange.allow_http", "false", "default"),
        ("graph.cloud", "global", "default"),
        ("graph.secret", "file /etc/t/graph.secret", "targets/contoso.toml:11:1"),
    ] {
        assert_eq!(origin(name), (value.to_owned(), from.to_owned()), "{name}");
    }
    assert!(target.settings.iter().any(|setting| setting.origin == Origin::Default));
}

#[test]
fn every_way_of_signing_in_and_of_reaching_exchange_is_read() {
    let sign_in = |keys: &str| {
        let graph = good(&format!("{TENANT}{BASIC}[graph]\n{keys}")).graph.expect("it is there");
        (graph.read.client_id, graph.read.auth, graph.write)
    };
    let (_, auth, write) = sign_in(&format!(
        "{ID}auth = \"certificate\"\ncertificate = {{ file = \"a.crt\" }}\nkey = {{ keyring = \"contoso/graph\" }}\n"
    ));
    assert!(write.is_none());
    let Auth::Certificate { certificate, key } = auth else { panic!("{auth:?}") };
    assert_eq!(certificate.value, PathBuf::from("/etc/t/a.crt"));
    assert_eq!(key.value, SecretPlace::Keyring { service: "contoso".into(), name: "graph".into() });
    assert_eq!(sign_in(&format!("{ID}auth = \"device-code\"\n")).1, Auth::DeviceCode);
    assert_eq!(sign_in("auth = \"managed-identity\"\n").1, Auth::ManagedIdentity);
    assert_eq!(sign_in("auth = \"workload-identity\"\n").1, Auth::WorkloadIdentity { token_file: None });
    let (client_id, auth, _) = sign_in("auth = \"token\"\ntoken = { prompt = \"the token\" }\n");
    assert_eq!(client_id, None);
    assert!(matches!(auth, Auth::Token { token } if token.value == SecretPlace::Prompt("the token".into())));
    let (_, _, write) = sign_in(&format!(
        "{ID}auth = \"device-code\"\n[graph.write]\n{ID}auth = \"client-secret\"\nsecret = {{ env = \"W\" }}\n"
    ));
    assert!(matches!(write.expect("it is there").auth, Auth::ClientSecret { .. }));

    let exchange = |keys: &str| good(&format!("{TENANT}[exchange]\n{keys}{SECRET}")).exchange;
    let Exchange::Local(local) =
        exchange("transport = \"local\"\nprogram = \"bin/pwsh\"\nstartup = \"none\"\n")
    else {
        panic!("local")
    };
    assert_eq!((local.program.as_str(), local.startup), ("/etc/t/bin/pwsh", Startup::Nothing));
    let Exchange::Local(local) = exchange("transport = \"local\"\n") else { panic!("local") };
    assert_eq!((local.program.as_str(), local.startup), ("pwsh", Startup::Exchange));
    let Exchange::Remote(remote) =
        exchange("uri = \"http://ex01.contoso.com/PowerShell/\"\nauth = \"kerberos\"\n")
    else {
        panic!("remote")
    };
    assert_eq!(remote.auth, RemoteAuth::Kerberos);
    let sim = good(&format!("{TENANT}[exchange]\ntransport = \"sim\"\nworld = \"lab\"\n"));
    assert_eq!((sim.exchange, sim.graph), (Exchange::Sim { world: "lab".into() }, None));
}

#[test]
fn an_endpoint_may_name_its_version() {
    for (written, read) in [
        ("https://graph.contoso.com/v1.0", "https://graph.contoso.com"),
        ("https://graph.contoso.com/v1.0/", "https://graph.contoso.com"),
        ("https://graph.contoso.com", "https://graph.contoso.com"),
        ("http://127.0.0.1:8080/graph/v1.0", "http://127.0.0.1:8080/graph"),
    ] {
        let graph = good(&format!("{TENANT}{BASIC}{SECRET}endpoint = \"{written}\"\n")).graph.expect("there");
        assert_eq!(graph.endpoint.as_deref(), Some(read), "{written}");
    }
}

#[test]
fn mistakes_are_found_at_their_place() {
    let with_basic = |rest: &str| format!("{TENANT}{BASIC}{rest}{SECRET}");
    let with_graph = |keys: &str| format!("{TENANT}{BASIC}[graph]\n{keys}");
    for (text, line, column, message, hint) in [
        (with_basic("passwort = 1\n"), 8, 1, "[exchange] has no key 'passwort'", "did you mean 'password'?"),
        (with_basic("world = \"lab\"\n"), 8, 1, "'world' is for transport = \"sim\"", "leave it out"),
        (with_basic("allow_http = \"no\"\n"), 8, 14, "true or false is expected", ""),
        (with_basic("metadata_url = \"http://mail/\"\n"), 8, 16, "is plain http", "https://"),
        (format!("{BASIC}{SECRET}"), 1, 1, "a target file lacks 'tenant'", "tenant ="),
        (
            format!("tenant = \"contoso\"\n{BASIC}{SECRET}"),
            1,
            10,
            "'contoso', which is no GUID",
            "write a GUID",
        ),
        (format!("{TENANT}{BASIC}"), 1, 1, "lacks [graph]", "how to sign in"),
        (format!("{TENANT}{SECRET}"), 1, 1, "lacks [exchange]", "transport"),
        (
            format!("{TENANT}[exchange]\ntransport = \"remot\"\n{SECRET}"),
            3,
            13,
            "not known here",
            "'remote'?",
        ),
        (format!("{TENANT}[exchange]\nuri = \"https://x/\"\n{SECRET}"), 2, 2, "lacks 'auth'", "\"basic\""),
        (
            format!("{TENANT}[exchange]\nuri = \"https://x/\"\nauth = \"basic\"\nuser = \"a\"\n{SECRET}"),
            2,
            2,
            "lacks 'password'",
            "{ env = ",
        ),
        (
            format!("{TENANT}{}{SECRET}", BASIC.replace("https://ex01.contoso.com", "http://127.0.0.1")),
            4,
            7,
            "in the clear",
            "allow_http = true",
        ),
        (
            format!("{TENANT}{}allow_http = true\n{SECRET}", BASIC.replace("https", "http")),
            4,
            7,
            "is plain http",
            "",
        ),
        (
            format!("{TENANT}[exchange]\nuri = \"https://x/\"\nauth = \"kerberos\"\nuser = \"a\"\n{SECRET}"),
            5,
            1,
            "'user' is for auth = \"basic\"",
            "",
        ),
        (
            with_graph(&format!("{ID}auth = \"device-code\"\nsecret = {{ env = \"X\" }}\n")),
            11,
            1,
            "'secret' is for auth = \"client-secret\"",
            "",
        ),
        (
            with_graph(&format!("{ID}auth = \"certificate\"\n")),
            8,
            2,
            "[graph] lacks 'certificate'",
            "app.crt.pem",
        ),
        (with_graph("auth = \"device-code\"\n"), 8, 2, "[graph] lacks 'client_id'", ""),
        (
            with_graph(&format!("cloud = \"gccc-high\"\n{ID}auth = \"device-code\"\n")),
            9,
            9,
            "",
            "'gcc-high'?",
        ),
        (
            with_graph(&format!(
                "{ID}auth = \"device-code\"\n[graph.write]\nauth = \"device-code\"\ncloud = \"dod\"\n"
            )),
            13,
            1,
            "[graph.write] has no key 'cloud'",
            "",
        ),
        (with_basic("").replace("env =", "enw ="), 7, 14, "a secret has no key 'enw'", "did you mean 'env'?"),
        (
            with_basic("").replace("{ env = \"CONTOSO_PASSWORD\" }", "{ env = \"A\", file = \"b\" }"),
            7,
            12,
            "exactly one place",
            "",
        ),
        (
            with_basic("").replace("env = \"CONTOSO_PASSWORD\"", "keyring = \"contoso\""),
            7,
            24,
            "keyring",
            "service/name",
        ),
        (with_basic("") + "endpoint = \"https://graph.contoso.com/beta\"\n", 12, 12, "'beta'", "v1.0"),
        ("tenant = \n".to_owned(), 1, 10, "not TOML", ""),
    ] {
        let findings = read(&text).expect_err(&text);
        let found = findings.iter().any(|finding| {
            let failure = &finding.failure;
            let place = failure.place.as_ref().expect("a finding has a place");
            assert_eq!(failure.code, Code::TargetFile, "{text}");
            (place.line, place.column) == (line, column)
                && failure.message.contains(message)
                && failure.hint.as_deref().unwrap_or_default().contains(hint)
        });
        assert!(found, "no '{message}' at {line}:{column} for\n{text}\n{findings:#?}");
    }
}

#[test]
fn a_literal_secret_is_refused_and_not_repeated() {
    let secret = "Hunter2-Sommer2026!";
    for text in [
        format!(
            "{TENANT}{}{SECRET}",
            BASIC.replace("{ env = \"CONTOSO_PASSWORD\" }", &format!("\"{secret}\""))
        ),
        format!(
            "{TENANT}{}{SECRET}",
            BASIC.replace("{ env = \"CONTOSO_PASSWORD\" }", &format!("\"{secret}"))
        ),
        format!("{TENANT}{}{SECRET}", BASIC.replace("{ env = \"CONTOSO_PASSWORD\" }", secret)),
        format!("{TENANT}{BASIC}pasword = \"{secret}\"\n{SECRET}"),
        format!("{TENANT}{}{SECRET}", BASIC.replace("CONTOSO_PASSWORD", secret)),
        format!("{TENANT}{}{SECRET}", BASIC.replace("env =", "value =").replace("CONTOSO_PASSWORD", secret)),
        format!("{TENANT}{}{SECRET}", BASIC.replace("ex01.contoso", &format!("admin:{secret}@ex01.contoso"))),
        format!("{TENANT}{BASIC}{SECRET}key = \"{secret}\"\n"),
        format!("{TENANT}{BASIC}{SECRET}# {secret}\nsecret = \"{secret}\"\n"),
    ] {
        let findings = read(&text).expect_err(&text);
        let told = format!("{findings:?}");
        // `env` names a variable; what stands there is a name until it cannot be one.
        assert!(!told.contains("Hunter2"), "{text}\n{told}");
        assert!(!findings.is_empty());
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,300}") {
        let _ = read(&text);
    }

    #[test]
    fn any_value_of_any_key_is_read_or_refused(
        key in prop::sample::select(vec![
            "transport", "uri", "auth", "user", "password", "ca_file", "allow_http", "configuration", "metadata_url",
            "program", "startup", "world",
        ]),
        value in "(\"\\PC{0,20}\"|[0-9]{1,25}|true|\\[\\]|\\{\\}|\\{ env = \"\\PC{0,9}\" \\})",
    ) {
        if let Err(findings) = read(&format!("{TENANT}[exchange]\n{key} = {value}\n{SECRET}")) {
            prop_assert!(!findings.is_empty());
        }
    }
}
