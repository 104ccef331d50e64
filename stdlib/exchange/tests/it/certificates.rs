//! The authorisation certificate: configured, present on the servers, published.

use std::sync::Arc;

use contracts::HostModule;
use exchange::{ExchangeModule, ExchangeShell, MetadataSource};
use model::{Class, Code, Value};
use sim::{MetadataDocument, Removal};

use serde_json::json;

use crate::support::{Bench, Scripted, record};

fn texts(value: Option<&Value>) -> Vec<&str> {
    value.unwrap().as_list().unwrap().iter().filter_map(Value::as_text).collect()
}

fn document(url: &str) -> MetadataSource {
    MetadataSource { url: url.to_owned(), only_roots: None }
}

#[tokio::test]
async fn the_current_certificate_and_who_has_it() {
    let bench = Bench::with(|spec| {
        spec.next_certificate = Some("next".into());
        spec.remove = vec![Removal::CertificateOn("ex2.contoso.lab".into())];
    });
    let config = bench.get("auth_config", []).await;
    let current = config.get("current_thumbprint").unwrap().as_text().unwrap().to_owned();
    assert_eq!(current.len(), 40);
    assert_eq!(config.get("previous_thumbprint"), Some(&Value::text("")));
    assert_ne!(config.get("next_thumbprint"), Some(&Value::text("")));
    let spaced: String = current.to_lowercase().chars().flat_map(|letter| [letter, ' ']).collect();
    for thumbprint in [current.clone(), format!("\u{200e}{spaced}")] {
        let found = bench.get("certificate", [("thumbprint", thumbprint.into())]).await;
        assert_eq!(texts(found.get("servers")), ["EX1"]);
        assert_eq!(texts(found.get("missing")), ["EX2"]);
        assert!(found.get("der").unwrap().as_text().unwrap().starts_with("MII"));
    }
    let absent = bench.get("certificate", [("thumbprint", "0".repeat(40).into())]).await;
    assert_eq!(absent.get("der"), Some(&Value::Null));
    assert_eq!(texts(absent.get("missing")), ["EX1", "EX2"]);
    for bad in ["", "abc", "*"] {
        assert_eq!(bench.fail("certificate", [("thumbprint", bad.into())]).await.code, Code::Argument);
    }
    let servers = bench.get("exchange_servers", []).await;
    assert_eq!(servers.as_list().unwrap()[0].get("fqdn"), Some(&Value::text("ex1.contoso.lab")));
}

#[tokio::test]
async fn the_published_certificates_are_the_same() {
    let bench = Bench::with(|spec| {
        spec.next_certificate = Some("next".into());
        spec.metadata_document = MetadataDocument::All;
    });
    let tenant = sim::serve(bench.shell.world.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("{}/autodiscover/metadata/json/1", tenant.exchange_url());
    let shell = Arc::clone(&bench.shell) as Arc<dyn ExchangeShell>;
    let module = ExchangeModule::new(shell, Some(document(&url)));
    let reply = module.call(bench.call("metadata_certificates", [])).await.unwrap();
    let published = reply.value.as_list().unwrap();
    assert_eq!(published.len(), 2);
    let config = bench.get("auth_config", []).await;
    assert_eq!(published[0].get("thumbprint"), config.get("current_thumbprint"));
    let thumbprint = config.get("current_thumbprint").unwrap().clone();
    let held = bench.get("certificate", [("thumbprint", thumbprint)]).await;
    assert_eq!(published[0].get("der"), held.get("der"));
    let described = module.describe(bench.call("metadata_certificates", [])).await.unwrap();
    assert_eq!(described[0].line, format!("GET {url}"));

    drop(tenant);
    let nowhere = ExchangeModule::new(
        Arc::clone(&bench.shell) as Arc<dyn ExchangeShell>,
        // Nothing listens on port 9 of the loopback address in a test machine.
        Some(document("http://127.0.0.1:9/metadata")),
    );
    let failed = nowhere.call(bench.call("metadata_certificates", [])).await.unwrap_err();
    assert_eq!((failed.code, failed.class), (Code::ExchangeTransient, Class::Transient));
    let unknown = bench.fail("metadata_certificates", []).await;
    assert_eq!((unknown.class, unknown.hint.is_some()), (Class::Invalid, true));
}

/// The world of a bench, whose servers list certificates without their bytes.
fn without_bytes(bench: &Bench, blind: &'static [&'static str], thumbprint: Option<String>) -> Scripted {
    let world = bench.shell.world.clone();
    Scripted::new(move |command| {
        let mut rows = world.invoke(&command.cmdlet, &command.parameters).unwrap().objects;
        let server = command.parameters.get("Server").and_then(|name| name.as_str()).unwrap_or_default();
        if command.cmdlet == "Get-ExchangeCertificate" && blind.contains(&server) {
            for row in &mut rows {
                row["RawData"] = json!(null);
                if let Some(thumbprint) = &thumbprint {
                    row["Thumbprint"] = json!(thumbprint);
                }
            }
        }
        Ok(rows)
    })
}

#[tokio::test]
async fn a_server_that_lists_certificates_without_bytes_neither_has_nor_lacks_one() {
    let bench = Bench::new();
    let tenant = sim::serve(bench.shell.world.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("{}/autodiscover/metadata/json/1", tenant.exchange_url());
    let config = bench.get("auth_config", []).await;
    let current = config.get("current_thumbprint").unwrap().clone();
    let der = bench.get("certificate", [("thumbprint", current.clone())]).await.get("der").unwrap().clone();
    let one: &[&str] = &["ex2.contoso.lab"];
    let both: &[&str] = &["ex1.contoso.lab", "ex2.contoso.lab"];
    let ask = |blind, thumbprint, metadata| {
        let shell = Arc::new(without_bytes(&bench, blind, thumbprint));
        let module = ExchangeModule::new(shell, metadata);
        let call = bench.call("certificate", [("thumbprint", current.clone())]);
        async move { module.call(call).await.map(|reply| reply.value) }
    };
    let cannot_tell = |value: &Value| matches!(value.get("missing"), Some(Value::CannotTell(_)));

    let found = ask(one, None, None).await.unwrap();
    assert_eq!(found.get("der"), Some(&der));
    assert_eq!(found.get("source"), Some(&Value::text("servers")));
    assert_eq!(texts(found.get("servers")), ["EX1"]);
    assert_eq!(texts(found.get("unreadable")), ["EX2"]);
    assert!(cannot_tell(&found), "{found}");

    let failed = ask(both, None, None).await.unwrap_err();
    assert_eq!(failed.code, Code::Certificate);
    assert!(failed.message.contains("EX1, EX2") && failed.hint.unwrap().contains("metadata_url"));

    let found = ask(both, None, Some(document(&url))).await.unwrap();
    assert_eq!(found.get("der"), Some(&der));
    assert_eq!(found.get("source"), Some(&Value::text("metadata document")));
    assert!(cannot_tell(&found), "{found}");

    // The thumbprint alone tells who has it.
    let told = current.as_text().map(str::to_lowercase);
    let found = ask(both, told, Some(document(&url))).await.unwrap();
    assert_eq!(found.get("der"), Some(&der));
    assert_eq!(texts(found.get("servers")), ["EX1", "EX2"]);
    assert_eq!(texts(found.get("missing")), Vec::<&str>::new());
    let other = Some("0".repeat(40));
    let found = ask(both, other, Some(document(&url))).await.unwrap();
    assert_eq!(texts(found.get("missing")), ["EX1", "EX2"]);
    assert_eq!(found.get("der"), Some(&Value::Null));
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_leaves_the_others() {
    let bench = Bench::new();
    let current = bench.get("auth_config", []).await.get("current_thumbprint").unwrap().clone();
    let world = bench.shell.world.clone();
    let shell = Scripted::new(move |command| {
        if command.parameters.get("Server").is_some_and(|name| name == "ex1.contoso.lab") {
            return Err(record(&["Microsoft.Exchange.Management.SomeRpcException"]));
        }
        Ok(world.invoke(&command.cmdlet, &command.parameters).unwrap().objects)
    });
    let module = ExchangeModule::new(Arc::new(shell), None);
    let found = module.call(bench.call("certificate", [("thumbprint", current)])).await.unwrap().value;
    assert!(found.get("der").unwrap().as_text().is_some());
    assert_eq!(texts(found.get("servers")), ["EX2"]);
    assert_eq!(texts(found.get("unreadable")), ["EX1"]);
    assert!(matches!(found.get("missing"), Some(Value::CannotTell(why)) if why.contains("EX1")));
}

#[tokio::test]
async fn what_is_no_metadata_document_is_told() {
    let bench = Bench::new();
    let tenant = sim::serve(bench.shell.world.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    for (url, code) in [
        (format!("{}/nowhere", tenant.exchange_url()), Code::ExchangeInvalid),
        ("http://mail.contoso.com/autodiscover/metadata/json/1".to_owned(), Code::Settings),
        ("mail.contoso.com".to_owned(), Code::Settings),
    ] {
        let module = ExchangeModule::new(Arc::clone(&bench.shell) as _, Some(document(&url)));
        let failed = module.call(bench.call("metadata_certificates", [])).await.unwrap_err();
        assert_eq!((failed.code, failed.class), (code, Class::Invalid), "{url}: {failed}");
    }
}
