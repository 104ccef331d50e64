//! The host module `oauth`.

use async_trait::async_trait;
use contracts::{HostCall, HostModule, HostReply, WireRequest};
use model::value::Map;
use model::{Code, Failure, FunctionSpec, Kind, Value};

use crate::probe::probe;

const MODULE: &str = "oauth";

#[derive(Debug)]
pub struct OauthModule {
    /// The target's own web service: `https://mail.contoso.com/ews/exchange.asmx`.
    ews_url: String,
    specs: Vec<FunctionSpec>,
}

impl OauthModule {
    pub fn new(ews_url: impl Into<String>) -> OauthModule {
        OauthModule { ews_url: ews_url.into(), specs: functions() }
    }

    fn url<'a>(&'a self, arguments: &'a Map) -> Result<&'a str, Failure> {
        let url = arguments.get("url").and_then(Value::as_text).unwrap_or(&self.ews_url);
        if url.starts_with("https://") || url.starts_with("http://") {
            return Ok(url);
        }
        Err(Failure::invalid(Code::Challenge, format!("ask for the challenge: '{url}' is no web address"))
            .hint("give the address of the web service, e.g. https://mail.contoso.com/ews/exchange.asmx"))
    }
}

/// Every host function of this module.
pub fn functions() -> Vec<FunctionSpec> {
    vec![
        FunctionSpec::read(
            MODULE,
            "challenge",
            "Asks the Exchange web service, without a login, whether it takes OAuth tokens and from whom. \
             'answered' is false when nothing can be told; then 'why' says so.",
        )
        .optional("url", Kind::String, "the web service; the target's own when left out")
        .returns(
            "#{ answered: bool, bearer: bool, client_id, trusted_issuers: [..], authorization_uri, diagnostics, why }",
        ),
    ]
}

#[async_trait]
impl HostModule for OauthModule {
    fn name(&self) -> &str {
        MODULE
    }

    fn functions(&self) -> &[FunctionSpec] {
        &self.specs
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        if call.function != "challenge" {
            return Err(no_function(&call.function));
        }
        let url = self.url(&call.arguments)?;
        let finding = probe(url, call.context.time_left()).await;
        let evidence = Map::from([
            ("url".to_owned(), url.into()),
            ("request_id".to_owned(), finding.request_id.as_str().into()),
        ]);
        Ok(HostReply { value: finding.value(), evidence })
    }

    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        if call.function != "challenge" {
            return Err(no_function(&call.function));
        }
        let url = match call.arguments.get("url") {
            Some(Value::Unknown(origin)) => format!("<{origin}>"),
            _ => self.url(&call.arguments)?.to_owned(),
        };
        Ok(vec![WireRequest { channel: "http".into(), line: format!("GET {url}"), body: String::new() }])
    }
}

fn no_function(name: &str) -> Failure {
    Failure::invalid(Code::FunctionUnknown, format!("there is no host function '{MODULE}::{name}'"))
}
