//! The host module `oauth`.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{CallContext, Check, HostCall, HostModule, HostReply, WireRequest};
use model::value::Map;
use model::{Code, Failure, FunctionSpec, Kind, Value};

use crate::probe::{Finding, probe};

const MODULE: &str = "oauth";
/// The area and name of the one check.
const AREA: &str = "exchange";
const CHECK: &str = "oauth-challenge";

#[derive(Debug)]
pub struct OauthModule {
    /// The target's own web service: `https://mail.contoso.com/ews/exchange.asmx`.
    ews_url: Option<String>,
    only_roots: Option<Vec<u8>>,
    specs: Vec<FunctionSpec>,
}

impl OauthModule {
    /// `only_roots`: PEM with the certificates of the only authorities to trust; the system's are trusted without it.
    pub fn new(ews_url: Option<String>, only_roots: Option<Vec<u8>>) -> OauthModule {
        OauthModule { ews_url, only_roots, specs: functions() }
    }

    fn url<'a>(&'a self, arguments: &'a Map) -> Result<&'a str, Failure> {
        let given = arguments.get("url").and_then(Value::as_text).or(self.ews_url.as_deref());
        let refused = |why: String| {
            Failure::invalid(Code::Challenge, format!("ask for the challenge: {why}"))
                .hint("give the address of the web service, e.g. https://mail.contoso.com/ews/exchange.asmx")
        };
        let url = given.ok_or_else(|| refused("the target names no web service".into()))?;
        match http::address(url) {
            Ok(_) => Ok(url),
            Err(error) => Err(refused(error.to_string())),
        }
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
        let finding = probe(url, self.only_roots.as_deref(), call.context.time_left()).await;
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

    async fn examine(&self, context: Arc<dyn CallContext>) -> Vec<Check> {
        let Some(url) = self.ews_url.as_deref() else { return Vec::new() };
        if let Err(error) = http::address(url) {
            return vec![Check::not_so(AREA, CHECK, error.to_string(), "correct the target's addresses")];
        }
        vec![check(url, &probe(url, self.only_roots.as_deref(), context.time_left()).await)]
    }
}

fn check(url: &str, finding: &Finding) -> Check {
    if !finding.answered {
        return Check::cannot_tell(AREA, CHECK, finding.why.clone()).advice(
            "Exchange Web Services must be reachable from here under the published name; try again, or look from a \
             machine that reaches it",
        );
    }
    if finding.bearer {
        let seen =
            format!("{url} takes OAuth tokens, trusted issuers: {}", finding.trusted_issuers.join(", "));
        return Check::so(AREA, CHECK, seen);
    }
    Check::not_so(
        AREA,
        CHECK,
        format!("{url}: {}", finding.why),
        "let Get-WebServicesVirtualDirectory show OAuthAuthentication as True, and let no proxy before it ask for a \
         sign-in of its own",
    )
}

fn no_function(name: &str) -> Failure {
    Failure::invalid(Code::FunctionUnknown, format!("there is no host function '{MODULE}::{name}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_may_be_asked() {
        let own = OauthModule::new(Some("https://mail.contoso.com/ews/exchange.asmx".into()), None);
        assert!(own.url(&Map::new()).is_ok());
        let without = OauthModule::new(None, None);
        let given = |url: &str| Map::from([("url".to_owned(), Value::text(url))]);
        for (arguments, good) in [
            (Map::new(), false),
            (given("https://mail.contoso.com/ews"), true),
            (given("http://127.0.0.1:8080/ews"), true),
            (given("http://mail.contoso.com/ews"), false),
            (given("https://me:secret@mail.contoso.com/ews"), false),
            (given("mail.contoso.com"), false),
        ] {
            let url = without.url(&arguments);
            assert_eq!(url.is_ok(), good, "{arguments:?}");
            if let Err(failure) = url {
                assert_eq!((failure.code, failure.hint.is_some()), (Code::Challenge, true));
                assert!(!failure.message.contains("secret"), "{}", failure.message);
            }
        }
    }

    #[test]
    fn findings_as_checks() {
        use contracts::CheckVerdict::{CannotTell, NotSo, So};
        let bearer = Finding { answered: true, bearer: true, ..Finding::default() };
        let none = Finding { answered: true, why: "no Bearer challenge".into(), ..Finding::default() };
        let silent = Finding { why: "status 503".into(), ..Finding::default() };
        for (finding, verdict) in [(bearer, So), (none, NotSo), (silent, CannotTell)] {
            let check = check("https://mail.contoso.com", &finding);
            assert_eq!((check.verdict, check.advice.is_some()), (verdict, verdict != So));
        }
    }
}
