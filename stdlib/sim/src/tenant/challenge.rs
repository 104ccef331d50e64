//! The organisation's web services to somebody without a login: 401, and the Bearer challenge where OAuth is on.

use std::sync::Arc;

use super::http::{Answer, Asked, request_ids};
use crate::{
    object::{Class, DirectoryObject},
    state::State,
};

/// `GET|POST /ews/exchange.asmx`.
pub(super) fn ews(state: &mut State, asked: &Asked) -> Answer {
    let view = state.directory.view(None);
    let on = view
        .iter()
        .filter(|object| object.class == Class::WebServicesVirtualDirectory)
        .any(|directory| directory.flag("OAuthAuthentication"));
    let authorization = asked.header("authorization");
    let bearer = authorization.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"));
    let token = authorization.get(6..).unwrap_or_default().trim().to_owned();
    let host = asked.base.split("://").nth(1).unwrap_or_default().to_owned();
    let (request_id, _) = request_ids(state, asked);
    let mut answer = Answer::empty(401).with("request-id", request_id);
    // The product offers Bearer only to somebody who speaks of it.
    if on && bearer {
        let error = if token.is_empty() { "" } else { ", error=\"invalid_token\"" };
        let issuers = issuers(state, &view).join(",");
        answer = answer.with(
            "www-authenticate",
            format!(
                "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", trusted_issuers=\"{issuers}\", \
                 token_types=\"app_asserted_user_v1 service_asserted_app_v1\", \
                 authorization_uri=\"https://login.windows.net/common/oauth2/authorize\"{error}"
            ),
        );
        if !token.is_empty() {
            answer = answer.with(
                "x-ms-diagnostics",
                "2000001;reason=\"The token could not be read.\";error_category=\"invalid_token\"",
            );
        }
    }
    answer.with("www-authenticate", "Negotiate").with("www-authenticate", format!("Basic realm=\"{host}\""))
}

/// The access control service of the tenant, and partner applications that bring their own certificate. unconfirmed:
/// whether applications that rely on an auth server are listed; here they are not, so nobody builds on it.
fn issuers(state: &State, view: &[Arc<DirectoryObject>]) -> Vec<String> {
    let enabled =
        |class: Class| view.iter().filter(move |object| object.class == class && object.flag("Enabled"));
    let servers = enabled(Class::AuthServer)
        .filter(|server| server.text("Type") == "MicrosoftACS")
        .map(|server| format!("{}@{}", server.text("IssuerIdentifier"), server.text("Realm")));
    let applications = enabled(Class::PartnerApplication)
        .filter(|application| !application.flag("UseAuthServer"))
        .map(|application| {
            let realm = match application.text("Realm") {
                "" => &state.spec.domain,
                realm => realm,
            };
            format!("{}@{realm}", application.text("ApplicationIdentifier"))
        });
    servers.chain(applications).collect()
}
