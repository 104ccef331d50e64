//! Writing keyCredentials: the collection is replaced, and every trap of its entries.

use serde_json::{Value, json};

use crate::support::{EXCHANGE, SKYPE, Served, base64, entry, fixture};

/// A customer's own application, where entries are kept by key id.
const OWN: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const OWN_TABLE: &str = "applications = [{ app_id = 'aaaaaaaa-0000-4000-8000-000000000001', display_name = 'Own' }]\n\
                         [[keys]]\napp_id = 'aaaaaaaa-0000-4000-8000-000000000001'\ncertificate = 'someone-else'\n";

fn prints(keys: &[Value]) -> Vec<&str> {
    keys.iter().map(|key| key["key"].as_str().unwrap()).collect()
}

#[test]
fn a_patch_replaces_everything_and_makes_new_ids() {
    let served = Served::new(&format!("[[keys]]\napp_id = '{SKYPE}'\ncertificate = 'someone-else'"));
    let before = served.keys(SKYPE);
    assert_eq!(served.patch_keys(SKYPE, &json!([entry("someone-else"), entry("current")])).status, 204);
    let both = served.keys(SKYPE);
    assert_eq!(prints(&both), [fixture("someone-else"), fixture("current")]);
    assert_ne!(both[0]["keyId"], before[0]["keyId"], "the entry that stayed was made anew");
    assert_eq!(both[1]["customKeyIdentifier"], "E7C092C8386764C0C0B90C70F48203666A6D97E1");
    assert_eq!(both[1]["displayName"], "CN=Microsoft Exchange Server Auth Certificate");
    assert_eq!(both[1]["startDateTime"], "2024-12-03T22:47:32Z");
    assert_eq!(both[1]["endDateTime"], "2049-11-06T22:47:32Z");
    assert_eq!(served.patch_keys(SKYPE, &json!([entry("current")])).status, 204);
    assert_eq!(prints(&served.keys(SKYPE)), [fixture("current")], "what is left out is gone");
    assert_eq!(served.patch_keys(SKYPE, &json!([])).status, 204);
    assert!(served.keys(SKYPE).is_empty());
}

#[test]
fn entries_that_first_party_service_principals_refuse() {
    let served = Served::new("");
    let with = |name: &str, value: Value| {
        let mut entry = entry("current");
        entry[name] = value;
        entry
    };
    let twice = base64(fixture("current").as_bytes());
    let url = fixture("current").replace('+', "-").replace('/', "_");
    for (sent, code) in [
        (json!([with("keyId", json!("11111111-0000-0000-0000-000000000000"))]), "Request_BadRequest"),
        (json!([with("displayName", json!("x"))]), "Request_BadRequest"),
        (json!([with("customKeyIdentifier", json!(null))]), "Request_BadRequest"),
        (json!([with("colour", json!("red"))]), "Request_BadRequest"),
        (json!([with("key", json!(null))]), "KeyCredentialsInvalidValue"),
        (json!([with("key", json!(""))]), "KeyCredentialsInvalidValue"),
        (json!([with("key", json!(twice))]), "KeyCredentialsInvalidValue"),
        (json!([with("key", json!(url))]), "Request_BadRequest"),
        (json!([with("key", json!(fixture("current").trim_end_matches('=')))]), "Request_BadRequest"),
        (json!([with("usage", json!("verify"))]), "Request_BadRequest"),
        (json!([with("type", json!("Certificate"))]), "Request_BadRequest"),
        (json!([entry("current"), entry("expired")]), "KeyCredentialsInvalidEndDate"),
        (json!({}), "Request_BadRequest"),
        (json!(["x"]), "Request_BadRequest"),
    ] {
        let answer = served.patch_keys(SKYPE, &sent);
        assert_eq!((answer.status, answer.code()), (400, code), "{sent}");
    }
    assert!(fixture("current").ends_with('='), "or the padding case above proves nothing");
    assert!(fixture("current").contains('+') || fixture("current").contains('/'));
    assert!(served.keys(SKYPE).is_empty());
    assert!(served.world.ledger().is_empty());
}

#[test]
fn an_own_applications_entries_are_kept_by_key_id_unchanged() {
    let served = Served::new(OWN_TABLE);
    let read = served.keys(OWN).remove(0);
    let kept = |change: &dyn Fn(&mut Value)| {
        let mut entry = read.clone();
        entry["key"] = Value::Null;
        change(&mut entry);
        served.patch_keys(OWN, &json!([entry, self::entry("current")]))
    };
    for (change, code) in [
        (
            &(|entry: &mut Value| entry["keyId"] = Value::Null) as &dyn Fn(&mut Value),
            "KeyCredentialsInvalidValue",
        ),
        (&|entry: &mut Value| entry["keyId"] = json!("nobody"), "KeyCredentialsInvalidValue"),
        (&|entry: &mut Value| entry["customKeyIdentifier"] = json!("other"), "KeyNotUpdatable"),
        (
            &|entry: &mut Value| drop(entry.as_object_mut().unwrap().remove("customKeyIdentifier")),
            "KeyNotUpdatable",
        ),
        (&|entry: &mut Value| entry["displayName"] = json!("renamed"), "KeyNotUpdatable"),
        (&|entry: &mut Value| entry["usage"] = json!("Sign"), "KeyNotUpdatable"),
    ] {
        let answer = kept(change);
        assert_eq!((answer.status, answer.code()), (400, code), "{}", answer.body);
    }
    let by_value = served.patch_keys(OWN, &json!([entry("someone-else"), entry("current")]));
    assert_eq!((by_value.status, by_value.code()), (400, "KeyCredentialsInvalidValue"));
    assert_eq!(kept(&|_| {}).status, 204);
    let after = served.keys(OWN);
    assert_eq!(after[0], read, "the same entry, its id included");
    assert_eq!(after.len(), 2);
}

#[test]
fn the_way_to_keep_an_entry_can_be_set() {
    for (style, table_app, by_id, by_value) in
        [("either", SKYPE, 204, 204), ("by-key-id", SKYPE, 204, 400), ("key-only", SKYPE, 400, 204)]
    {
        let table =
            format!("keep_style = '{style}'\n[[keys]]\napp_id = '{table_app}'\ncertificate = 'someone-else'");
        let served = Served::new(&table);
        let mut read = served.keys(SKYPE).remove(0);
        read["key"] = Value::Null;
        assert_eq!(served.patch_keys(SKYPE, &json!([read])).status, by_id, "{style}");
        assert_eq!(served.patch_keys(SKYPE, &json!([entry("someone-else")])).status, by_value, "{style}");
    }
}

#[test]
fn an_expired_entry_that_is_kept_fails_the_whole_patch() {
    let served = Served::new(&format!("[[keys]]\napp_id = '{SKYPE}'\ncertificate = 'expired'"));
    let kept = served.patch_keys(SKYPE, &json!([entry("expired"), entry("current")]));
    assert_eq!((kept.status, kept.code()), (400, "KeyCredentialsInvalidEndDate"));
    assert_eq!(served.patch_keys(SKYPE, &json!([entry("current")])).status, 204);
    let long = Served::new(OWN_TABLE);
    let mut beyond = entry("current");
    beyond["endDateTime"] = json!("2060-01-01T00:00:00Z");
    let answer = long.patch_keys(OWN, &json!([beyond]));
    assert_eq!(answer.code(), "KeyCredentialsInvalidEndDate", "beyond the certificate's own end");
}

#[test]
fn identifiers_come_in_three_forms() {
    for (form, expected) in [
        ("hex", json!("2984AB44A31103E2AFF976D5928A456FF696BBA2")),
        ("base64", json!("KYSrRKMRA+Kv+XbVkopFb/aWu6I=")),
        ("null", Value::Null),
    ] {
        let served = Served::new(&format!(
            "[[keys]]\napp_id = '{SKYPE}'\ncertificate = 'someone-else'\nform = '{form}'"
        ));
        assert_eq!(served.keys(SKYPE)[0]["customKeyIdentifier"], expected, "{form}");
    }
}

#[test]
fn a_change_is_seen_some_reads_later() {
    let served = Served::new("stale_reads = 2");
    assert_eq!(served.patch_keys(SKYPE, &json!([entry("current")])).status, 204);
    let seen: Vec<usize> = (0..4).map(|_| served.keys(SKYPE).len()).collect();
    assert_eq!(seen, [0, 0, 1, 1]);
    served
        .world
        .faults(
            toml::from_str(
                "[[injections]]\non = 'PATCH /servicePrincipals'\nact = { stale = { reads = 1 } }",
            )
            .unwrap(),
        )
        .unwrap();
    assert_eq!(served.patch_keys(SKYPE, &json!([])).status, 204);
    let seen: Vec<usize> = (0..4).map(|_| served.keys(SKYPE).len()).collect();
    assert_eq!(seen, [1, 1, 1, 0]);
    let waited = Served::new("stale_reads = 50");
    waited.patch_keys(SKYPE, &json!([entry("current")]));
    waited.world.advance(sim::Advance { reads: 50, ..sim::Advance::default() }).unwrap();
    assert_eq!(waited.keys(SKYPE).len(), 1);
}

#[test]
fn policies_and_protected_objects_refuse() {
    let served = Served::new(&format!("key_lifetime_days_max = 365\nprotected = ['{EXCHANGE}']"));
    let policy = served.patch_keys(SKYPE, &json!([entry("current")]));
    assert_eq!((policy.status, policy.code()), (400, "CredentialTypeNotAllowedAsPerAppPolicy"));
    let protected = served.patch_keys(EXCHANGE, &json!([entry("current")]));
    assert_eq!((protected.status, protected.code()), (403, "Authorization_RequestDenied"));
    assert!(served.world.ledger().is_empty());
}

#[test]
fn other_properties_and_bad_bodies() {
    let served = Served::new("");
    let path = format!("/servicePrincipals/{}", served.id(SKYPE));
    let names = json!({ "servicePrincipalNames": [SKYPE, "https://mail.contoso.com/"] });
    assert_eq!(served.graph("PATCH", &path, Some(&names)).unwrap().status, 204);
    assert_eq!(served.get(&path).body["servicePrincipalNames"], names["servicePrincipalNames"]);
    for body in [json!({ "colour": "red" }), json!({}), json!({ "servicePrincipalNames": "x" })] {
        assert_eq!(served.graph("PATCH", &path, Some(&body)).unwrap().status, 400, "{body}");
    }
    let bearer = format!("Bearer {}", served.token);
    let path = format!("/v1.0{path}");
    let plain = served
        .ask("PATCH", &path, &[("authorization", &bearer), ("content-type", "text/plain")], "{}")
        .unwrap();
    assert_eq!(plain.status, 415);
    let broken = served
        .ask("PATCH", &path, &[("authorization", &bearer), ("content-type", "application/json")], "{")
        .unwrap();
    assert_eq!(broken.status, 400);
    assert_eq!(served.world.ledger().len(), 1);
}
