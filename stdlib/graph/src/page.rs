//! Lists: page after page, on the same host only, never the same page twice, and never cut off silently.

use std::collections::BTreeSet;

use contracts::CallContext;
use model::{Class, Code, Failure};
use reqwest::{Method, Url};
use serde_json::Value as Json;

use crate::attempt::shown;
use crate::client::{Client, Read};
use crate::path::Path;

/// Longer lists are refused as a whole.
const PAGES_MAX: usize = 200;
const ITEMS_MAX: usize = 20_000;

/// Every item of the list. `None` where there is no such list.
pub(crate) async fn list(
    client: &Client<'_>,
    context: &dyn CallContext,
    path: &Path,
    consistency: Option<&str>,
) -> Result<Option<Vec<Json>>, Failure> {
    let mut url = client.url(path.as_str());
    let mut seen = BTreeSet::from([url.clone()]);
    let mut items = Vec::new();
    loop {
        let read = Read { method: Method::GET, url: &url, consistency, body: None };
        let Some(mut page) = client.fetch(context, &read).await? else {
            if seen.len() == 1 {
                return Ok(None);
            }
            return Err(broken(path, "a page of it is gone", "read it again: it changed meanwhile"));
        };
        let Some(rows) = page.get_mut("value").and_then(Json::as_array_mut) else {
            return Err(Failure::new(
                Code::GraphInvalid,
                Class::Invalid,
                format!("read {}: the answer is no list", path.as_str()),
            )
            .hint("graph::get reads a single object"));
        };
        items.append(rows);
        let Some(next) = page.get("@odata.nextLink") else { return Ok(Some(items)) };
        let next = next.as_str().unwrap_or_default();
        // The next page may be empty too: only the missing link ends a list.
        same_host(client, next).map_err(|why| {
            broken(path, &why, "nothing was asked of it, because a token must not travel: look for a proxy that rewrites addresses")
        })?;
        if !seen.insert(next.to_owned()) {
            return Err(broken(path, "a page names one that was read before", "read it again"));
        }
        if seen.len() > PAGES_MAX || items.len() > ITEMS_MAX {
            let why = format!("it is longer than {PAGES_MAX} pages or {ITEMS_MAX} items");
            return Err(broken(path, &why, "narrow it with a filter"));
        }
        next.clone_into(&mut url);
    }
}

/// A token goes to the host that it is for: same scheme, name and port.
fn same_host(client: &Client<'_>, next: &str) -> Result<(), String> {
    let own = Url::parse(&client.settings().graph_url).map_err(|error| error.to_string())?;
    let Ok(url) = Url::parse(next) else {
        return Err("its next page has no address that can be read".into());
    };
    let plain = url.username().is_empty() && url.password().is_none();
    if plain && url.origin() == own.origin() {
        return Ok(());
    }
    Err(format!("its next page is elsewhere, on '{}'", shown(url.host_str().unwrap_or_default())))
}

fn broken(path: &Path, why: &str, hint: &str) -> Failure {
    Failure::new(Code::GraphPaging, Class::Denied, format!("read the list {}: {why}", path.as_str()))
        .hint(hint)
}
