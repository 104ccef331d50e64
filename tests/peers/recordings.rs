//! Recordings of real Windows servers: every object in them is read as others read it.

use std::collections::BTreeSet;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powershell::clixml::{self, Limits};
use serde_json::Value as Json;

use crate::install;
use crate::psrp_peer::script;

/// What the pinned release holds.
const OBJECTS: usize = 471;
/// Texts, numbers, truth values, identifiers and bytes in them.
const LEAVES: usize = 3651;

#[test]
fn every_object_is_read_as_psrpcore_reads_it() {
    let (mut objects, mut leaves, mut different) = (0, 0, Vec::new());
    for told in told("clixml") {
        let (file, document) = (&told["file"], told["document"].as_str().expect("a document"));
        let read = clixml::read(document.as_bytes(), &Limits::default())
            .unwrap_or_else(|error| panic!("{file}: {error}\n{document}"));
        objects += 1;
        assert_eq!(read.len(), 1, "{file}: one object a message\n{document}");
        let mut ours = BTreeSet::new();
        flatten(&read[0], "", &mut ours);
        let theirs: BTreeSet<(String, String)> = told["seen"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|leaf| {
                let part = |at: usize| leaf[at].as_str().expect("a text").to_owned();
                (part(0), part(1))
            })
            .collect();
        leaves += told["seen"].as_array().map_or(0, Vec::len);
        different.extend(theirs.difference(&ours).map(|leaf| format!("{file}: only psrpcore: {leaf:?}")));
        different.extend(ours.difference(&theirs).map(|leaf| format!("{file}: only ours: {leaf:?}")));
    }
    println!("{objects} CLIXML objects, {leaves} leaves, {} different", different.len());
    assert_eq!(different, Vec::<String>::new());
    assert_eq!((objects, leaves), (OBJECTS, LEAVES));
}

/// The leaves of a value with the way to each, as recordings.py writes them.
fn flatten(value: &clixml::Value, path: &str, found: &mut BTreeSet<(String, String)>) {
    let mut leaf = |text: String| {
        found.insert((path.to_owned(), text));
    };
    match value {
        clixml::Value::Nil | clixml::Value::Float(_) => {}
        clixml::Value::Bool(flag) => leaf(flag.to_string()),
        clixml::Value::Int(number) => leaf(number.to_string()),
        clixml::Value::Text(text) | clixml::Value::Guid(text) => leaf(text.clone()),
        clixml::Value::Bytes(bytes) => leaf(STANDARD.encode(bytes)),
        // psrpcore makes other things of dates and durations.
        clixml::Value::Other { tag, .. } if matches!(tag.as_str(), "DT" | "TS" | "PR" | "SS") => {}
        clixml::Value::Other { text, .. } => leaf(text.clone()),
        clixml::Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(item, &format!("{path}[{index}]"), found);
            }
        }
        clixml::Value::Dictionary(pairs) => {
            for (key, item) in pairs {
                let key = key.shown().unwrap_or_default();
                flatten(item, &format!("{path}{{{key}}}"), found);
            }
        }
        clixml::Value::Object(object) => {
            if let Some(text) = &object.text {
                leaf_at(found, format!("{path}/ToString"), text);
            }
            if let Some(inside) = &object.value {
                flatten(inside, path, found);
            }
            for (name, item) in object.properties.iter().chain(&object.members) {
                flatten(item, &format!("{path}.{name}"), found);
            }
        }
    }
}

fn leaf_at(found: &mut BTreeSet<(String, String)>, path: String, text: &str) {
    found.insert((path, text.to_owned()));
}

/// What recordings.py prints about one kind.
fn told(kind: &str) -> Vec<Json> {
    let output = Command::new(install::psrp_python())
        .arg("-B")
        .arg(script("recordings.py"))
        .arg(install::recordings())
        .output()
        .expect("the Python of the test environment starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    text.lines()
        .map(|line| serde_json::from_str::<Json>(line).expect("a line of JSON"))
        .filter_map(|mut line| line.get_mut(kind).map(Json::take))
        .collect()
}
