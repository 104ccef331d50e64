//! What the manifest's readers promise: every mistake at its place, layers, values with origins, any size of graph.

extern crate footbridge_manifest as manifest;

mod bad_manifests;
mod good_manifests;
mod graphs;
mod layers;
mod sizes;
mod support;
mod target_files;
mod values;
