//! The authorisation certificate: configured, present on the servers, published.

use std::sync::Arc;

use contracts::HostModule;
use exchange::{ExchangeModule, ExchangeShell, MetadataSource};
use model::{Class, Code, Value};
use sim::{MetadataDocument, Removal};

use crate::support::Bench;

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
