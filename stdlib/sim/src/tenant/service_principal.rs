//! The service principals over HTTP: list, read one, create, change, delete.

use serde_json::{Map, Value, json};

use super::{
    ServicePrincipal, Stale, TenantState,
    http::{Answer, Asked, Refusal},
    key_credential, new_principal,
};
use crate::{certificate::CertificateFacts, ledger::By, state::State};

/// Properties that `$select` may name; the ones that this simulator has no more to say about are null or empty.
const PROPERTIES: &[&str] = &[
    "id",
    "deletedDateTime",
    "accountEnabled",
    "appDisplayName",
    "appId",
    "appOwnerOrganizationId",
    "appRoleAssignmentRequired",
    "displayName",
    "homepage",
    "keyCredentials",
    "loginUrl",
    "notes",
    "notificationEmailAddresses",
    "passwordCredentials",
    "preferredSingleSignOnMode",
    "replyUrls",
    "servicePrincipalNames",
    "servicePrincipalType",
    "signInAudience",
    "tags",
];

/// `GET /servicePrincipals`.
pub(super) fn list(state: &mut State, tenant: &mut TenantState, asked: &Asked) -> Result<Answer, Refusal> {
    let wanted = filter(asked.query("$filter"))?;
    let select = select(asked)?;
    count_key_read(state, tenant, select.as_ref())?;
    let mut found = Vec::new();
    for index in 0..tenant.principals.len() {
        let one = &tenant.principals[index];
        let matching = wanted.as_ref().is_none_or(|(property, value)| {
            let text = match *property {
                "appId" => &one.app_id,
                "id" => &one.id,
                _ => &one.display_name,
            };
            text.eq_ignore_ascii_case(value)
        });
        if matching {
            found.extend(tenant.look(index));
        }
    }
    let size_max = if state.spec.page_size == 0 { 100 } else { state.spec.page_size };
    let size = match asked.query("$top") {
        Some(top) => top.parse::<usize>().ok().filter(|top| (1..=999).contains(top)).ok_or_else(|| {
            Refusal::bad(format!(
                "Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive."
            ))
        })?,
        None => size_max,
    };
    let size = size.min(size_max);
    let start = match asked.query("$skiptoken") {
        Some(token) => token
            .parse::<usize>()
            .map_err(|_| Refusal::new(400, "Directory_ExpiredPageToken", "The page token is invalid."))?,
        None => 0,
    };
    let with_key = state.spec.list_returns_key && selects_keys(select.as_ref());
    let rows: Vec<Value> = found
        .iter()
        .skip(start)
        .take(size)
        .map(|one| chosen(shown(one, with_key), select.as_ref()))
        .collect();
    let mut body = json!({
        "@odata.context": format!("{}/v1.0/$metadata#servicePrincipals", asked.base),
        "value": rows,
    });
    if start + size < found.len() {
        let escaped = |value: &str| value.replace('%', "%25").replace(' ', "%20").replace('&', "%26");
        let mut query: Vec<String> = asked
            .query
            .iter()
            .filter(|(key, _)| key != "$skiptoken")
            .map(|(key, value)| format!("{key}={}", escaped(value)))
            .collect();
        query.push(format!("$skiptoken={}", start + size));
        let link = format!("{}/v1.0/servicePrincipals?{}", asked.base, query.join("&"));
        body["@odata.nextLink"] = json!(link);
    }
    Ok(Answer::json(200, body))
}

/// `GET /servicePrincipals/{id}` and `GET /servicePrincipals(appId='…')`.
pub(super) fn get(
    state: &mut State,
    tenant: &mut TenantState,
    asked: &Asked,
    id: &str,
) -> Result<Answer, Refusal> {
    let select = select(asked)?;
    count_key_read(state, tenant, select.as_ref())?;
    let one = index(tenant, id).and_then(|index| tenant.look(index)).ok_or_else(|| missing(id))?;
    let mut body = chosen(shown(&one, selects_keys(select.as_ref())), select.as_ref());
    body["@odata.context"] = json!(format!("{}/v1.0/$metadata#servicePrincipals/$entity", asked.base));
    Ok(Answer::json(200, body))
}

/// `POST /servicePrincipals`.
pub(super) fn create(
    state: &mut State,
    tenant: &mut TenantState,
    asked: &Asked,
    id: &str,
) -> Result<Answer, Refusal> {
    let body = object(asked)?;
    if let Some(unknown) =
        body.keys().find(|key| !["appId", "tags", "notes", "@odata.type"].contains(&key.as_str()))
    {
        return Err(Refusal::bad(format!("Invalid property '{unknown}'.")));
    }
    let app_id = body.get("appId").and_then(Value::as_str).unwrap_or_default().to_owned();
    if app_id.is_empty() {
        return Err(Refusal::bad("A value is required for property 'appId' of resource 'ServicePrincipal'."));
    }
    if index(tenant, &app_id).is_some() {
        return Err(Refusal::new(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            format!(
                "The service principal cannot be created because the service principal name {app_id} is already in use."
            ),
        ));
    }
    let Some(application) = tenant.applications.iter().find(|one| one.app_id.eq_ignore_ascii_case(&app_id))
    else {
        return Err(Refusal::new(
            400,
            "NoBackingApplicationObject",
            format!(
                "The appId '{app_id}' of the service principal does not reference a valid application object."
            ),
        ));
    };
    let salt = state.number().to_string();
    let mut one = new_principal(id, application, &salt);
    if state.spec.stale_reads > 0 {
        one.stale = Some(Stale { left: state.spec.stale_reads, was: None });
    }
    let mut answer = shown(&one, false);
    answer["@odata.context"] = json!(format!("{}/v1.0/$metadata#servicePrincipals/$entity", asked.base));
    state.record(By::Us, "POST /servicePrincipals", target(state, id, &one.app_id), "created".into());
    tenant.principals.push(one);
    Ok(Answer::json(201, answer))
}

/// `PATCH /servicePrincipals/{id}`. `stale` adds reads that still see the old object.
pub(super) fn change(
    state: &mut State,
    tenant: &mut TenantState,
    asked: &Asked,
    tenant_id: &str,
    id: &str,
    stale: u32,
) -> Result<Answer, Refusal> {
    let body = object(asked)?;
    let index = index(tenant, id).ok_or_else(|| missing(id))?;
    let before = tenant.principals[index].clone();
    guard(state, &before)?;
    let mut after = before.clone();
    let mut summary = Vec::new();
    for (property, value) in &body {
        match property.as_str() {
            "keyCredentials" => {
                after.keys = key_credential::replaced(state, &before, value)?;
                summary.push(difference(&before, &after));
            }
            "servicePrincipalNames" => {
                after.names = strings(property, value)?;
                summary.push(format!("servicePrincipalNames: {:?} -> {:?}", before.names, after.names));
            }
            "tags" => {
                after.tags = strings(property, value)?;
                summary.push("tags".into());
            }
            "accountEnabled" => {
                after.enabled =
                    value.as_bool().ok_or_else(|| Refusal::bad("'accountEnabled' must be a boolean."))?;
                summary.push(format!("accountEnabled: {} -> {}", before.enabled, after.enabled));
            }
            "notes" => {
                after.notes = value.as_str().map(str::to_owned);
                summary.push("notes".into());
            }
            "@odata.type" => {}
            unknown => return Err(Refusal::bad(format!("Invalid property '{unknown}'."))),
        }
    }
    if summary.is_empty() {
        return Err(Refusal::bad("Empty Payload. JSON content expected."));
    }
    let reads = state.spec.stale_reads + stale;
    after.stale = (reads > 0).then(|| {
        // A change on top of one that is not seen yet leaves readers with the older one still.
        let was = match before.stale.clone() {
            Some(unseen) if unseen.left > 0 => unseen.was,
            _ => Some(Box::new(ServicePrincipal { stale: None, ..before.clone() })),
        };
        Stale { left: reads, was }
    });
    tenant.principals[index] = after;
    state.record(
        By::Us,
        "PATCH /servicePrincipals",
        target(state, tenant_id, &before.app_id),
        summary.join("; "),
    );
    Ok(Answer::empty(204))
}

/// `DELETE /servicePrincipals/{id}`.
pub(super) fn delete(
    state: &mut State,
    tenant: &mut TenantState,
    tenant_id: &str,
    id: &str,
) -> Result<Answer, Refusal> {
    let index = index(tenant, id).ok_or_else(|| missing(id))?;
    guard(state, &tenant.principals[index])?;
    let gone = tenant.principals.remove(index);
    state.record(
        By::Us,
        "DELETE /servicePrincipals",
        target(state, tenant_id, &gone.app_id),
        "deleted".into(),
    );
    Ok(Answer::empty(204))
}

fn guard(state: &State, principal: &ServicePrincipal) -> Result<(), Refusal> {
    if state.spec.protected.iter().any(|app_id| app_id.eq_ignore_ascii_case(&principal.app_id)) {
        return Err(Refusal::new(
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ));
    }
    Ok(())
}

fn index(tenant: &TenantState, id: &str) -> Option<usize> {
    tenant
        .principals
        .iter()
        .position(|one| one.id.eq_ignore_ascii_case(id) || one.app_id.eq_ignore_ascii_case(id))
}

fn missing(id: &str) -> Refusal {
    Refusal::new(
        404,
        "Request_ResourceNotFound",
        format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
        ),
    )
}

fn target(state: &State, tenant: &str, app_id: &str) -> String {
    if tenant == state.spec.tenant {
        format!("servicePrincipals/{app_id}")
    } else {
        format!("{tenant}/servicePrincipals/{app_id}")
    }
}

/// Which certificates came and went, by thumbprint.
fn difference(before: &ServicePrincipal, after: &ServicePrincipal) -> String {
    let prints = |principal: &ServicePrincipal| -> Vec<String> {
        principal
            .keys
            .iter()
            .map(|key| {
                CertificateFacts::read(&key.der())
                    .map_or_else(|| key.key_id.clone(), |facts| facts.thumbprint_hex())
            })
            .collect()
    };
    let (before, after) = (prints(before), prints(after));
    let kept = after.iter().filter(|one| before.contains(one)).count();
    let added: Vec<&String> = after.iter().filter(|one| !before.contains(one)).collect();
    let removed: Vec<&String> = before.iter().filter(|one| !after.contains(one)).collect();
    format!("keyCredentials: added {added:?}, removed {removed:?}, kept {kept}")
}

fn strings(property: &str, value: &Value) -> Result<Vec<String>, Refusal> {
    let strings = value
        .as_array()
        .map(|items| items.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
    match (strings, value.as_array()) {
        (Some(strings), Some(items)) if strings.len() == items.len() => Ok(strings),
        _ => Err(Refusal::bad(format!("'{property}' must be a collection of strings."))),
    }
}

fn object(asked: &Asked) -> Result<Map<String, Value>, Refusal> {
    if !asked.header("content-type").to_lowercase().starts_with("application/json") {
        return Err(Refusal::new(
            415,
            "Request_UnsupportedMediaType",
            "The content type must be application/json.",
        ));
    }
    match serde_json::from_slice(&asked.body) {
        Ok(Value::Object(body)) => Ok(body),
        _ => Err(Refusal::new(400, "BadRequest", "Unable to read JSON request payload.")),
    }
}

/// `property eq 'value'` with a doubled quote inside for a quote.
fn filter(filter: Option<&str>) -> Result<Option<(&'static str, String)>, Refusal> {
    let Some(filter) = filter else { return Ok(None) };
    let unsupported = || {
        Refusal::new(
            400,
            "Request_UnsupportedQuery",
            format!("Unsupported or invalid query filter clause: {filter}"),
        )
    };
    let mut words = filter.trim().splitn(3, ' ');
    let (property, operator, value) = (words.next(), words.next(), words.next());
    let property = ["appId", "id", "displayName"]
        .into_iter()
        .find(|known| property.is_some_and(|property| property.eq_ignore_ascii_case(known)))
        .ok_or_else(unsupported)?;
    let value = value.map(str::trim).and_then(|value| value.strip_prefix('\'')?.strip_suffix('\''));
    match (operator, value) {
        (Some(operator), Some(value))
            if operator.eq_ignore_ascii_case("eq") && !value.replace("''", "").contains('\'') =>
        {
            Ok(Some((property, value.replace("''", "'"))))
        }
        _ => Err(unsupported()),
    }
}

fn select(asked: &Asked) -> Result<Option<Vec<&'static str>>, Refusal> {
    let Some(select) = asked.query("$select") else { return Ok(None) };
    select
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            PROPERTIES.iter().find(|known| known.eq_ignore_ascii_case(name)).copied().ok_or_else(|| {
                Refusal::bad(format!(
                    "Could not find a property named '{name}' on type 'microsoft.graph.servicePrincipal'."
                ))
            })
        })
        .collect::<Result<Vec<_>, _>>()
        .map(|names| if names.is_empty() { None } else { Some(names) })
}

fn selects_keys(select: Option<&Vec<&'static str>>) -> bool {
    select.is_some_and(|names| names.contains(&"keyCredentials"))
}

/// Counts reads that select keyCredentials. The limit is per minute and this world has no minutes: the read over the
/// limit is refused once, and whoever comes back is taken to have waited as told.
fn count_key_read(
    state: &State,
    tenant: &mut TenantState,
    select: Option<&Vec<&'static str>>,
) -> Result<(), Refusal> {
    let (Some(limit), true) = (state.spec.key_reads_per_minute, selects_keys(select)) else { return Ok(()) };
    tenant.key_reads += 1;
    if tenant.key_reads > limit {
        tenant.key_reads = 0;
        return Err(Refusal::new(429, "TooManyRequests", "Too many requests that select keyCredentials."));
    }
    Ok(())
}

fn shown(one: &ServicePrincipal, with_key: bool) -> Value {
    let keys: Vec<Value> = one.keys.iter().map(|key| key_credential::shown(key, with_key)).collect();
    json!({
        "id": one.id,
        "deletedDateTime": Value::Null,
        "accountEnabled": one.enabled,
        "appDisplayName": one.display_name,
        "appId": one.app_id,
        "appOwnerOrganizationId": one.owner,
        "appRoleAssignmentRequired": false,
        "displayName": one.display_name,
        "homepage": Value::Null,
        "keyCredentials": keys,
        "loginUrl": Value::Null,
        "notes": one.notes,
        "notificationEmailAddresses": [],
        "passwordCredentials": [],
        "preferredSingleSignOnMode": Value::Null,
        "replyUrls": [],
        "servicePrincipalNames": one.names,
        "servicePrincipalType": "Application",
        "signInAudience": if one.first_party() { "AzureADMultipleOrgs" } else { "AzureADMyOrg" },
        "tags": one.tags,
    })
}

fn chosen(object: Value, select: Option<&Vec<&'static str>>) -> Value {
    match (object, select) {
        (Value::Object(mut fields), Some(names)) => {
            fields.retain(|key, _| names.contains(&key.as_str()));
            Value::Object(fields)
        }
        (object, _) => object,
    }
}
