//! The organisation's own metadata document, open to anybody: the certificates that it signs with.

use serde_json::{Value, json};

use super::http::{Answer, Asked};
use crate::{
    cmdlet::stored,
    identifier::{base64, guid},
    object::Class,
    spec::MetadataDocument,
    state::State,
};

/// `GET /autodiscover/metadata/json/1`.
pub(super) fn document(state: &State, asked: &Asked) -> Answer {
    let view = state.directory.view(None);
    let config = view.iter().find(|object| object.class == Class::AuthConfig);
    let told = |property: &str| config.map_or("", |config| config.text(property)).to_owned();
    let mut thumbprints = vec![told("CurrentCertificateThumbprint")];
    if state.spec.metadata_document == MetadataDocument::All {
        thumbprints.push(told("NextCertificateThumbprint"));
        thumbprints.push(told("PreviousCertificateThumbprint"));
    }
    let keys: Vec<Value> = thumbprints
        .iter()
        .filter(|thumbprint| !thumbprint.is_empty())
        .filter_map(|thumbprint| {
            stored(state).find(|(_, _, facts)| facts.thumbprint_hex().eq_ignore_ascii_case(thumbprint)).map(
                |(_, der, facts)| {
                    json!({
                        "usage": "signing",
                        "keyinfo": { "x5t": base64(&facts.thumbprint) },
                        "keyvalue": { "type": "x509Certificate", "value": der },
                    })
                },
            )
        })
        .collect();
    let realm = match told("Realm") {
        empty if empty.is_empty() => state.spec.domain.clone(),
        realm => realm,
    };
    let service = told("ServiceName");
    Answer::json(
        200,
        json!({
            "id": format!("_{}", guid(&["metadata", &state.spec.organization])),
            "version": "1.0",
            "name": "Exchange",
            "realm": realm,
            "serviceName": service,
            "issuer": format!("{service}@{realm}"),
            "allowedAudiences": [format!("{service}@{realm}")],
            "keys": keys,
            "endpoints": [{
                "location": format!("{}/autodiscover/metadata/json/1", asked.base),
                "protocol": "OAuth2",
                "usage": "metadata",
            }],
        }),
    )
}
