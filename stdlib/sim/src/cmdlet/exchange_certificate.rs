//! `Get-ExchangeCertificate`: over the wire only `RawData` survives.

use serde_json::{Value, json};

use super::{Call, Cmdlet, call::class, text};
use crate::{certificate::CertificateFacts, error::CmdletError, object::Class, state::State};

pub(super) const CMDLETS: &[Cmdlet] = &[Cmdlet {
    name: "Get-ExchangeCertificate",
    parameters: &[
        text("Identity"),
        text("Server"),
        text("Thumbprint"),
        text("DomainName"),
        text("DomainController"),
    ],
    prompts: false,
    writes: false,
    run: get,
}];

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let server = match call.text("Server") {
        Some(server) => call.one(&server, class(Class::ExchangeServer))?.text("Fqdn").to_owned(),
        None => call.state.spec.servers.first().cloned().unwrap_or_default(),
    };
    let on_server: Vec<(String, String)> = stored(call.state)
        .filter(|(on, _, _)| on.eq_ignore_ascii_case(&server))
        .map(|(_, der, facts)| (facts.thumbprint_hex(), der.to_owned()))
        .collect();
    let wanted = call.text("Thumbprint").or_else(|| call.text("Identity"));
    let found: Vec<&(String, String)> = match &wanted {
        None => on_server.iter().collect(),
        Some(thumbprint) => {
            on_server.iter().filter(|(hex, _)| hex.eq_ignore_ascii_case(thumbprint)).collect()
        }
    };
    if let (Some(thumbprint), true, true) = (&wanted, found.is_empty(), call.given("Thumbprint")) {
        // unconfirmed: exception and wording.
        return Err(call
            .fail(
                "System.ArgumentException",
                format!("The certificate with thumbprint {thumbprint} was not found on server {server}."),
            )
            .about(thumbprint));
    }
    let found = if found.is_empty() { on_server.iter().collect() } else { found };
    Ok(found.into_iter().map(|(_, der)| json!({ "RawData": der })).collect())
}

/// Server, DER in base64 and facts of every authorisation certificate in the servers' stores.
pub(crate) fn stored(state: &State) -> impl Iterator<Item = (&str, &str, CertificateFacts)> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    state.certificates.iter().flat_map(|(server, ders)| {
        ders.iter().filter_map(move |der| {
            let facts = CertificateFacts::read(&STANDARD.decode(der).ok()?)?;
            Some((server.as_str(), der.as_str(), facts))
        })
    })
}
