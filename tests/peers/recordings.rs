//! Recordings of real Windows servers: every SOAP answer and every object in them is read as others read it.

use std::collections::BTreeSet;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powershell::clixml::{self, Limits};
use powershell::wsman::{self, Body, CommandState};
use serde_json::Value as Json;

use crate::install;
use crate::psrp_peer::script;

/// What the pinned release holds.
const SOAP_ANSWERS: usize = 520;
const SOAP_FAULTS: usize = 10;
const STREAMS: usize = 541;
const ENDS: usize = 68;
const OBJECTS: usize = 471;
/// Texts, numbers, truth values, identifiers and bytes in them.
const LEAVES: usize = 3651;

#[test]
fn every_soap_answer_is_read_as_another_parser_reads_it() {
    let (mut answers, mut faults, mut streams, mut ends) = (0, 0, 0, 0);
    for told in told("soap") {
        let (file, seen) = (told["file"].as_str().expect("a file"), &told["seen"]);
        let answer = wsman::parse(told["answer"].as_str().expect("an answer").as_bytes())
            .unwrap_or_else(|error| panic!("{file}: {error}\n{}", told["answer"]));
        answers += 1;
        let relates_to =
            seen["relates_to"].as_str().map(|text| text.trim_start_matches("uuid:").to_lowercase());
        assert_eq!(answer.relates_to.map(|id| id.to_string()), relates_to, "{file}");
        match answer.body {
            Body::Fault(fault) => {
                faults += 1;
                assert_eq!(fault.code.map(u64::from), seen["fault"].as_u64(), "{file}");
                assert!(!fault.message.is_empty(), "{file}: a fault says something");
            }
            Body::Received { streams: read, state } => {
                let expected: Vec<(Option<String>, Vec<u8>)> = seen["streams"]
                    .as_array()
                    .expect("a list")
                    .iter()
                    .map(|one| {
                        let bytes = STANDARD.decode(one[1].as_str().expect("base64"));
                        (one[0].as_str().map(str::to_lowercase), bytes.expect("base64"))
                    })
                    .collect();
                streams += read.len();
                let read: Vec<(Option<String>, Vec<u8>)> =
                    read.into_iter().map(|one| (one.pipeline.map(|id| id.to_string()), one.bytes)).collect();
                assert_eq!(read, expected, "{file}");
                let done = matches!(state, Some((_, CommandState::Done)));
                assert_eq!(done, seen["done"].as_bool().expect("a truth value"), "{file}");
                ends += usize::from(done);
            }
            Body::Created { selectors } => {
                assert!(
                    seen["action"].as_str().is_some_and(|action| action.ends_with("CreateResponse")),
                    "{file}"
                );
                assert!(selectors.iter().any(|(name, _)| name == "ShellId"), "{file}");
            }
            Body::Done { .. } => {
                assert_eq!(seen["streams"], serde_json::json!([]), "{file}");
                assert_eq!(seen["fault"], Json::Null, "{file}");
            }
        }
    }
    println!("{answers} SOAP answers, {faults} of them faults, {streams} streams, {ends} ends of commands");
    assert_eq!((answers, faults, streams, ends), (SOAP_ANSWERS, SOAP_FAULTS, STREAMS, ENDS));
}

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
