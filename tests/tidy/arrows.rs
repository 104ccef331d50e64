//! Which crate may know which: the table in engine/README.md against every Cargo.toml.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::read;

/// One row of the table.
#[derive(Debug)]
struct Row {
    folder: String,
    layer: u32,
    uses: BTreeSet<String>,
}

/// One crate's own manifest.
struct Manifest {
    package: String,
    uses: BTreeSet<String>,
}

#[test]
fn every_crate_of_the_workspace_is_in_the_table_and_every_row_is_a_crate() {
    let rows: BTreeSet<String> = table().into_values().map(|row| row.folder).collect();
    let mut folders: BTreeSet<String> = members().into_iter().collect();
    folders.insert(".".to_owned());
    assert_eq!(rows, folders);
}

#[test]
fn every_crate_uses_exactly_what_the_table_says() {
    let table = table();
    let mut arrows = 0;
    for (name, row) in &table {
        let manifest = manifest(&row.folder);
        let package = if row.folder == "." { "footbridge".to_owned() } else { format!("footbridge-{name}") };
        assert_eq!(manifest.package, package, "{} has a package name of its own", row.folder);
        assert_eq!(
            manifest.uses, row.uses,
            "{name}: on the left its Cargo.toml, on the right the table in engine/README.md"
        );
        arrows += row.uses.len();
    }
    assert!(arrows > 20, "only {arrows} arrows found");
}

#[test]
fn arrows_only_point_down() {
    let table = table();
    for (name, row) in &table {
        for used in &row.uses {
            let below =
                table.get(used).unwrap_or_else(|| panic!("{name} uses {used}, which is not in the table"));
            assert!(
                below.layer < row.layer,
                "{name} (layer {}) uses {used} (layer {}): arrows point down",
                row.layer,
                below.layer
            );
        }
    }
}

#[test]
fn a_customers_crate_needs_little() {
    let table = table();
    assert!(table["model"].uses.is_empty());
    assert_eq!(table["contracts"].uses, BTreeSet::from(["model".to_owned()]));
    assert!(table["sim"].uses.is_empty(), "the simulator must not know the code that it tests");
}

/// The rows between the two marks, by crate: `| crate | folder | layer | uses | … |`.
fn table() -> BTreeMap<String, Row> {
    let page = read("engine/README.md");
    let (_, rest) = page.split_once("<!-- arrows -->").expect("engine/README.md marks its table's start");
    let (table, _) = rest.split_once("<!-- /arrows -->").expect("engine/README.md marks its table's end");
    let mut rows = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, folder, layer, uses, ..] = cells[..] else { panic!("too few cells: {line}") };
        let row = Row {
            folder: folder.trim_matches('`').to_owned(),
            layer: layer.parse().unwrap_or_else(|_| panic!("no layer: {line}")),
            uses: uses
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty() && *name != "nobody")
                .map(str::to_owned)
                .collect(),
        };
        assert!(rows.insert(name.to_owned(), row).is_none(), "{name} stands twice in the table");
    }
    assert!(rows.len() > 10, "only {} rows found in the table", rows.len());
    rows
}

fn workspace() -> toml::Table {
    read("Cargo.toml").parse().unwrap()
}

fn members() -> Vec<String> {
    let members: Vec<String> = workspace()["workspace"]["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member.as_str().unwrap().to_owned())
        .collect();
    assert!(members.iter().all(|member| !member.contains('*')), "members are written out, one by one");
    members
}

/// Our own crates among the dependencies: those that the workspace declares with a path. For tests all is allowed.
fn manifest(folder: &str) -> Manifest {
    let workspace = workspace();
    let ours: BTreeSet<&String> = workspace["workspace"]["dependencies"]
        .as_table()
        .unwrap()
        .iter()
        .filter(|(_, declared)| declared.get("path").is_some())
        .map(|(name, _)| name)
        .collect();
    assert!(ours.len() > 10, "only {} crates of our own are declared", ours.len());
    let path = if folder == "." { "Cargo.toml".to_owned() } else { format!("{folder}/Cargo.toml") };
    let manifest: toml::Table = read(&path).parse().unwrap();
    let mut uses = BTreeSet::new();
    for (name, declared) in dependency_tables(&manifest) {
        assert!(declared.get("path").is_none(), "{path}: {name} comes by the workspace, not by a path");
        if ours.contains(name) {
            uses.insert(name.clone());
        }
    }
    Manifest { package: manifest["package"]["name"].as_str().unwrap().to_owned(), uses }
}

/// `dependencies` and `build-dependencies`, also those for one platform only.
fn dependency_tables(manifest: &toml::Table) -> Vec<(&String, &toml::Value)> {
    let platforms =
        manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let holders = std::iter::once(manifest).chain(platforms.filter_map(toml::Value::as_table));
    holders
        .flat_map(|holder| ["dependencies", "build-dependencies"].map(|kind| holder.get(kind)))
        .flatten()
        .filter_map(toml::Value::as_table)
        .flatten()
        .collect()
}
