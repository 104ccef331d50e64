//! `Get-Recipient`, and the choosing by identity, filter and size that recipient cmdlets share.

use std::sync::Arc;

use serde_json::Value;

use super::{Call, Cmdlet, list, number, text};
use crate::{
    error::CmdletError,
    object::{Class, DirectoryObject, glob},
};

pub(super) const CMDLETS: &[Cmdlet] = &[Cmdlet {
    name: "Get-Recipient",
    parameters: &[
        text("Identity"),
        text("Anr"),
        text("Filter"),
        text("OrganizationalUnit"),
        list("RecipientType"),
        list("RecipientTypeDetails"),
        number("ResultSize"),
        text("SortBy"),
        text("DomainController"),
    ],
    prompts: false,
    writes: false,
    run: get,
}];

fn get(call: &mut Call<'_>) -> Result<Vec<Value>, CmdletError> {
    let mut candidates = call.objects(|object| {
        object.class == Class::User
            && matches!(object.text("RecipientTypeDetails"), "MailUser" | "UserMailbox")
    });
    for parameter in ["RecipientType", "RecipientTypeDetails"] {
        if let Some(wanted) = call.list(parameter) {
            candidates.retain(|object| {
                wanted
                    .iter()
                    .filter_map(Value::as_str)
                    .any(|one| object.text(parameter).eq_ignore_ascii_case(one))
            });
        }
    }
    let found = chosen(call, candidates)?;
    Ok(call.shown_all(&found))
}

/// Narrows candidates by `Identity` (which means all when it names nothing), `Anr`, `Filter` and `ResultSize`.
/// An identity that is an address is matched with every proxy address.
pub(super) fn chosen(
    call: &mut Call<'_>,
    candidates: Vec<Arc<DirectoryObject>>,
) -> Result<Vec<Arc<DirectoryObject>>, CmdletError> {
    let identity = call.text("Identity");
    let by_address: Vec<Arc<DirectoryObject>> = identity.as_deref().map_or_else(Vec::new, |identity| {
        let bare = identity.split_once(':').map_or(identity, |(_, bare)| bare);
        let owns = |object: &&Arc<DirectoryObject>| {
            object.list("EmailAddresses").iter().filter_map(Value::as_str).any(|proxy| {
                proxy.split_once(':').is_some_and(|(_, address)| address.eq_ignore_ascii_case(bare))
            })
        };
        candidates.iter().filter(owns).cloned().collect()
    });
    let mut found = if by_address.is_empty() { call.meant(candidates, identity)? } else { by_address };
    if let Some(start) = call.text("Anr") {
        let start = start.to_lowercase();
        found.retain(|object| {
            ["Name", "DisplayName", "Alias"]
                .iter()
                .any(|key| object.text(key).to_lowercase().starts_with(&start))
        });
    }
    if let Some(filter) = call.text("Filter") {
        let (property, operator, wanted) = parsed(call, &filter)?;
        found.retain(|object| {
            object.properties.iter().filter(|(key, _)| key.eq_ignore_ascii_case(&property)).any(
                |(_, value)| {
                    let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                    values.iter().any(|value| {
                        let text =
                            value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase();
                        match operator {
                            Operator::Equal => text == wanted,
                            Operator::Like => glob(&wanted, &text),
                        }
                    })
                },
            )
        });
    }
    Ok(call.cut(found))
}

enum Operator {
    Equal,
    Like,
}

/// `Property -eq 'value'` or `Property -like 'val*'`; anything longer the simulator refuses in so many words.
fn parsed(call: &Call<'_>, filter: &str) -> Result<(String, Operator, String), CmdletError> {
    let trimmed = filter.trim().trim_start_matches('{').trim_end_matches('}').trim();
    let mut words = trimmed.splitn(3, ' ');
    let (property, operator, value) = (words.next(), words.next(), words.next());
    let operator = match operator.unwrap_or_default().to_lowercase().as_str() {
        "-eq" => Some(Operator::Equal),
        "-like" => Some(Operator::Like),
        _ => None,
    };
    let value = value.map(str::trim).and_then(|value| {
        let quote = value.chars().next().filter(|quote| "'\"".contains(*quote));
        match quote {
            Some(quote) => {
                value.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| !inner.contains(quote))
            }
            None => value.strip_prefix('$').filter(|inner| matches!(*inner, "true" | "false")),
        }
    });
    match (property, operator, value) {
        (Some(property), Some(operator), Some(value)) => {
            Ok((property.to_owned(), operator, value.to_lowercase()))
        }
        _ => Err(call
            .fail(
                "Microsoft.Exchange.Data.ParsingException",
                format!("Cannot parse filter \"{filter}\": the simulator reads one -eq or -like comparison."),
            )
            .about(filter)),
    }
}
