//! Layers made of texts, and findings as one line each.

use manifest::{Finding, Layer};

pub(crate) const HEAD: &str = "[workflow]\nid = \"w\"\nversion = \"1\"\ntitle = \"W\"\n";

/// A layer of these files.
pub(crate) fn layer(name: &str, prefix: &str, files: &[(&str, &str)]) -> Layer {
    Layer {
        name: name.to_owned(),
        prefix: prefix.to_owned(),
        files: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect(),
    }
}

/// The shipped layer with this manifest and an empty script for each of these steps.
pub(crate) fn shipped(manifest: &str, steps: &[&str]) -> Layer {
    let mut layer = layer("shipped", "w/", &[("workflow.toml", manifest)]);
    for step in steps {
        layer.files.insert(format!("steps/{step}.rhai"), format!("// {step}"));
    }
    layer
}

/// `file:line:column+width CODE message (hint)`
pub(crate) fn shown(finding: &Finding) -> String {
    let failure = &finding.failure;
    let place = failure.place.as_ref().expect("a finding has a place");
    format!(
        "{}:{}:{}+{} {} {failure} ({})",
        place.file,
        place.line,
        place.column,
        finding.width,
        failure.code,
        failure.hint.as_deref().expect("a finding has a hint")
    )
}

/// All findings of these layers.
pub(crate) fn findings(layers: &[Layer]) -> Vec<String> {
    manifest::resolve(layers).err().unwrap_or_default().iter().map(shown).collect()
}
