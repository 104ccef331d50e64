//! Pins host modules of the customer's own: where their folders are, and what their files hold at this moment.

use std::collections::BTreeMap;
use std::path::Path;

use model::own_module::is_path;
use model::{Code, Digest, Failure, Finding, FunctionSpec, OwnModule, Place};

/// More than any program that is worth pinning by its bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Makes folders absolute and takes the digests of files. `known` are the functions that a module must not hide.
pub(crate) fn pin(
    modules: &mut BTreeMap<String, OwnModule>,
    known: &[FunctionSpec],
) -> Result<(), Vec<Finding>> {
    let mut findings = Vec::new();
    for module in modules.values_mut() {
        if known.iter().any(|spec| spec.module == module.name) {
            let message = format!("'{}' is a module of footbridge's own", module.name);
            findings.push(at(module, message, "choose another name: scripts call yours by it"));
            continue;
        }
        if let Err((message, hint)) = pin_one(module) {
            findings.push(at(module, message, hint));
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

fn pin_one(module: &mut OwnModule) -> Result<(), (String, &'static str)> {
    let folder = std::path::absolute(&module.folder).map_err(|cause| {
        (format!("the folder {} cannot be found: {cause}", module.folder), "name an existing folder")
    })?;
    for file in module.files.keys() {
        if !folder.join(file).is_file() {
            return Err((
                format!("module '{}' names {file}, which is no file", module.name),
                "correct the path; it is meant from the folder of functions.toml",
            ));
        }
    }
    for command in [&module.program, &module.simulate] {
        if let Some(program) = command.first().filter(|word| is_path(word))
            && !folder.join(program).is_file()
        {
            return Err((
                format!("module '{}' starts {program}, which is no file", module.name),
                "correct the path; it is meant from the folder of functions.toml",
            ));
        }
    }
    let named: Vec<String> =
        module.words().filter(|word| Path::new(word).is_relative()).map(str::to_owned).collect();
    let named = named.into_iter().filter(|word| folder.join(word).is_file());
    let files: Vec<String> = module.files.keys().cloned().chain(named).collect();
    for file in files {
        let digest = digest(&folder.join(&file)).map_err(|why| {
            (format!("{file} of module '{}' {why}", module.name), "a program's files are read once")
        })?;
        module.files.insert(file, digest);
    }
    module.folder = folder.display().to_string();
    Ok(())
}

fn digest(path: &Path) -> Result<Digest, String> {
    let failed = |cause: std::io::Error| format!("cannot be read: {cause}");
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > FILE_BYTES_MAX {
        return Err(format!("has {length} bytes; at most {FILE_BYTES_MAX} are read"));
    }
    std::fs::read(path).map(|bytes| Digest::of_bytes(&bytes)).map_err(failed)
}

fn at(module: &OwnModule, message: String, hint: &str) -> Finding {
    let place = Place { file: module.file.clone(), line: module.line, column: module.column, text: None };
    Finding::new(Failure::invalid(Code::Functions, message).hint(hint), place, 1)
}
