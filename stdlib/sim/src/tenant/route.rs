//! From a request to its handler, with the faults that are due at it.

use serde_json::json;

use super::{
    TenantState, batch, challenge, device_code, discovery, first_party,
    http::{Answer, Asked, Refusal, request_ids},
    managed_identity, metadata, service_principal, token,
};
use crate::{
    fault::Act,
    state::State,
    world::{World, act_as_other},
};

/// Answers a request, or nothing: then the connection is cut.
pub(super) fn answer(world: &World, asked: &Asked) -> Option<Answer> {
    let mut state = world.lock();
    let operation = operation(&state, asked);
    let acts = state.faults.due(&operation);
    let written = state.ledger.len();
    let outcome = with_faults(&mut state, asked, &acts);
    if (state.ledger.len() != written || !acts.is_empty())
        && let Err(error) = world.kept(&state)
    {
        let refusal =
            Refusal::new(500, "WorldNotKept", format!("the simulator could not keep its world: {error}"));
        return Some(refusal.answer(&mut state, asked));
    }
    outcome
}

/// One request of a batch, with the faults that are due at it; nothing where its connection would have been cut.
pub(super) fn within_batch(state: &mut State, asked: &Asked) -> Option<Answer> {
    if asked.path.ends_with("/$batch") {
        return Some(Refusal::bad("A batch holds no batches.").answer(state, asked));
    }
    let operation = operation(state, asked);
    let acts = state.faults.due(&operation);
    with_faults(state, asked, &acts)
}

fn with_faults(state: &mut State, asked: &Asked, acts: &[Act]) -> Option<Answer> {
    let mut stale = 0;
    let mut cut = false;
    let mut failed = None;
    for act in acts {
        match act {
            Act::Throttle { retry_after } => {
                let refusal = Refusal::new(429, "TooManyRequests", "Too many requests.");
                return Some(refusal.answer(state, asked).with("retry-after", retry_after.to_string()));
            }
            Act::TimeoutBefore | Act::Cut { after_effect: false } => return None,
            Act::ServerError { status, after_effect: false } => {
                return Some(server_error(state, asked, *status));
            }
            Act::TimeoutAfter | Act::Cut { after_effect: true } => cut = true,
            Act::ServerError { status, after_effect: true } => failed = Some(*status),
            Act::Other(action) => {
                // What the other one could not do changes nothing for this request.
                let _ = act_as_other(state, action);
            }
            Act::DcGone { name } => {
                if let Some(index) = state.directory.controller(name) {
                    state.directory.controllers[index].gone = true;
                }
            }
            Act::Stale { reads } => stale += reads,
        }
    }
    let answer = routed(state, asked, stale);
    if cut {
        return None;
    }
    match failed {
        Some(status) => Some(server_error(state, asked, status)),
        None => Some(answer),
    }
}

fn server_error(state: &mut State, asked: &Asked, status: u16) -> Answer {
    let status = if (500..600).contains(&status) { status } else { 503 };
    let code = match status {
        500 => "InternalServerError",
        502 => "BadGateway",
        504 => "GatewayTimeout",
        _ => "ServiceUnavailable",
    };
    Refusal::new(status, code, "The service could not answer.").answer(state, asked)
}

/// The name of a request for the fault plan: method and path, service principals by application id, without version and tenant.
fn operation(state: &State, asked: &Asked) -> String {
    let path = graph_path(&asked.path).unwrap_or(&asked.path);
    if path.ends_with("/oauth2/v2.0/token") {
        return format!("{} /token", asked.method);
    }
    if path.ends_with("/oauth2/v2.0/devicecode") {
        return format!("{} /devicecode", asked.method);
    }
    if let Some(id) = principal_id(path) {
        let app_id = state
            .tenants
            .values()
            .flat_map(TenantState::principals)
            .find(|one| one.id.eq_ignore_ascii_case(&id))
            .map(|one| one.app_id.clone());
        return format!("{} /servicePrincipals/{}", asked.method, app_id.unwrap_or(id));
    }
    format!("{} {path}", asked.method)
}

fn graph_path(path: &str) -> Option<&str> {
    path.strip_prefix("/v1.0").filter(|rest| rest.starts_with('/')).map(|rest| rest.trim_end_matches('/'))
}

/// The id in `/servicePrincipals/{id}` or `/servicePrincipals(appId='{id}')`.
fn principal_id(path: &str) -> Option<String> {
    const HEAD: &str = "/servicePrincipals";
    let head = path.get(..HEAD.len()).filter(|head| head.eq_ignore_ascii_case(HEAD))?;
    let rest = &path[head.len()..];
    let by_app = rest.strip_prefix("(appId='").and_then(|rest| rest.strip_suffix("')"));
    let id = by_app.or_else(|| rest.strip_prefix('/'))?;
    (!id.is_empty() && !id.contains('/')).then(|| id.to_owned())
}

fn routed(state: &mut State, asked: &Asked, stale: u32) -> Answer {
    let path = asked.path.trim_end_matches('/');
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (asked.method.as_str(), &segments[..]) {
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => token::issue(state, asked, tenant),
        ("POST", [tenant, "oauth2", "v2.0", "devicecode"]) => device_code::begin(state, asked, tenant),
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            discovery::document(state, asked, tenant)
        }
        ("GET", ["metadata", "identity", "oauth2", "token"]) => managed_identity::machine(state, asked),
        ("GET", ["msi", "token"]) => managed_identity::app(state, asked),
        ("GET", ["autodiscover", "metadata", "json", "1"]) => metadata::document(state, asked),
        ("GET" | "POST", ["ews" | "EWS", service]) if service.eq_ignore_ascii_case("exchange.asmx") => {
            challenge::ews(state, asked)
        }
        _ => match graph_path(&asked.path) {
            Some(path) => graph(state, asked, path, stale),
            None => Answer::empty(404),
        },
    }
}

fn graph(state: &mut State, asked: &Asked, path: &str, stale: u32) -> Answer {
    let claims = match token::claims_of(state, asked) {
        Ok(claims) => claims,
        Err(why) => {
            return Refusal::new(401, "InvalidAuthenticationToken", why)
                .answer(state, asked)
                .with("www-authenticate", "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\"");
        }
    };
    if asked.method == "POST" && path == "/$batch" {
        // Each request in it is judged by itself.
        return match batch::answer(state, asked) {
            Ok(answer) => {
                let (request_id, client_request_id) = request_ids(state, asked);
                answer.with("request-id", request_id).with("client-request-id", client_request_id)
            }
            Err(refusal) => refusal.answer(state, asked),
        };
    }
    // A token reaches the tenant that issued it. Another tenant than ours begins as a bare one, and becomes part of the
    // world with the first write that reaches it.
    let tenant_id = claims.tenant.clone();
    let mut tenant = state.tenants.get(&tenant_id).cloned().unwrap_or_else(|| first_party(&tenant_id, &[]));
    let written = state.ledger.len();
    let outcome = permitted(&claims, &asked.method).and_then(|()| {
        let read = asked.method == "GET";
        match (asked.method.as_str(), principal_id(path)) {
            ("GET", Some(id)) => service_principal::get(state, &mut tenant, asked, &id),
            ("PATCH", Some(id)) => {
                service_principal::change(state, &mut tenant, asked, &tenant_id, &id, stale)
            }
            ("DELETE", Some(id)) => service_principal::delete(state, &mut tenant, &tenant_id, &id),
            ("GET", None) if path.eq_ignore_ascii_case("/servicePrincipals") => {
                service_principal::list(state, &mut tenant, asked)
            }
            ("POST", None) if path.eq_ignore_ascii_case("/servicePrincipals") => {
                service_principal::create(state, &mut tenant, asked, &tenant_id)
            }
            ("GET", None) if path.eq_ignore_ascii_case("/organization") => {
                Ok(organization(state, asked, &tenant_id))
            }
            _ if read => Err(Refusal::bad(format!(
                "Resource not found for the segment '{}'.",
                path.trim_start_matches('/')
            ))),
            _ => Err(Refusal::new(
                405,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
            )),
        }
    });
    if state.tenants.contains_key(&tenant_id) || state.ledger.len() != written {
        state.tenants.insert(tenant_id, tenant);
    }
    match outcome {
        Ok(answer) => {
            let (request_id, client_request_id) = request_ids(state, asked);
            answer.with("request-id", request_id).with("client-request-id", client_request_id)
        }
        Err(refusal) => {
            let answer = refusal.answer(state, asked);
            if refusal.status == 429 { answer.with("retry-after", "60") } else { answer }
        }
    }
}

fn permitted(claims: &token::Claims, method: &str) -> Result<(), Refusal> {
    let accepted: &[&str] = if method == "GET" {
        &[
            "Application.Read.All",
            "Application.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        ]
    } else {
        &["Application.ReadWrite.All", "Directory.ReadWrite.All"]
    };
    if claims.roles.iter().any(|role| accepted.contains(&role.as_str())) {
        return Ok(());
    }
    Err(Refusal::new(
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    ))
}

fn organization(state: &State, asked: &Asked, tenant: &str) -> Answer {
    let ours = tenant == state.spec.tenant;
    let (name, domains) = if ours {
        (state.spec.organization.clone(), vec![state.spec.initial_domain.clone(), state.spec.domain.clone()])
    } else {
        ("Another organisation".to_owned(), vec!["another.onmicrosoft.example".to_owned()])
    };
    let domains: Vec<_> = domains
        .iter()
        .enumerate()
        .map(|(index, domain)| {
            json!({
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": index + 1 == domains.len(),
                "isInitial": index == 0,
                "name": domain,
                "type": "Managed",
            })
        })
        .collect();
    Answer::json(
        200,
        json!({
            "@odata.context": format!("{}/v1.0/$metadata#organization", asked.base),
            "value": [{
                "id": tenant,
                "displayName": name,
                "tenantType": "AAD",
                "onPremisesSyncEnabled": true,
                "verifiedDomains": domains,
            }],
        }),
    )
}
