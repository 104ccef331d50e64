//! Where settings come from, strongest first: arguments, `FOOTBRIDGE_*`, the configuration file, defaults. The only file
//! that reads the environment.

use std::path::{Path, PathBuf};

use contracts::{SecretSource, SecretText};
use etcetera::BaseStrategy as _;
use model::{Code, Failure};
use serde::Deserialize;

use crate::arguments::Global;
use crate::problem::Problem;
use crate::wiring::Platform;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where runs are kept; absolute.
    pub(crate) state: PathBuf,
    pub(crate) layers: Vec<PathBuf>,
    /// Who acts, for the journal: the account's name.
    pub(crate) by: String,
    pub(crate) temporary: PathBuf,
    /// Where target files are looked for by name, in this order; absolute.
    pub(crate) target_folders: Vec<PathBuf>,
}

/// `footbridge/config.toml` in the configuration folder.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    state: Option<PathBuf>,
    #[serde(default)]
    layers: Vec<PathBuf>,
}

impl Settings {
    pub(crate) fn read(global: &Global) -> Result<Settings, Problem> {
        let folders = etcetera::choose_base_strategy()
            .map_err(|cause| Problem::usage(format!("the home folder cannot be found: {cause}")));
        let folders_for_targets = folders.as_ref().ok().map(etcetera::BaseStrategy::config_dir);
        let configuration = match &folders {
            Ok(folders) => configuration(&folders.config_dir().join("footbridge").join("config.toml"))?,
            Err(_) => Configuration::default(),
        };
        let state = match (&global.state, text("FOOTBRIDGE_STATE"), configuration.state) {
            (Some(state), _, _) => state.clone(),
            (None, Some(state), _) => PathBuf::from(state),
            (None, None, Some(state)) => state,
            (None, None, None) => folders?.data_dir().join("footbridge"),
        };
        let state = std::path::absolute(&state).map_err(|cause| {
            Problem::usage(format!("the state folder '{}' is no path: {cause}", state.display()))
        })?;
        let layers = if !global.layers.is_empty() {
            global.layers.clone()
        } else if let Some(list) = text("FOOTBRIDGE_LAYERS") {
            std::env::split_paths(&list).collect()
        } else {
            configuration.layers
        };
        let here = std::path::absolute("targets").ok();
        let configured = folders_for_targets.map(|folder| folder.join("footbridge").join("targets"));
        let by = ["FOOTBRIDGE_BY", "USER", "USERNAME", "LOGNAME"].into_iter().find_map(text);
        Ok(Settings {
            state,
            layers,
            by: by.unwrap_or_else(|| "someone".to_owned()),
            temporary: std::env::temp_dir(),
            target_folders: here.into_iter().chain(configured).collect(),
        })
    }
}

/// Whether the environment forbids colour: <https://no-color.org>, and terminals that cannot.
pub(crate) fn colour_forbidden() -> bool {
    text("NO_COLOR").is_some() || text("TERM").is_some_and(|term| term == "dumb")
}

/// What managed platforms set for an application that may sign in as itself.
pub(crate) fn platform() -> Platform {
    Platform {
        identity_endpoint: text("IDENTITY_ENDPOINT"),
        identity_header: text("IDENTITY_HEADER").map(SecretText::new),
        token_file: text("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
        client_id: text("AZURE_CLIENT_ID"),
    }
}

/// Secrets from the environment: the secret `graph` is `FOOTBRIDGE_SECRET_GRAPH`.
pub(crate) struct EnvironmentSecrets;

impl SecretSource for EnvironmentSecrets {
    fn find(&self, name: &str) -> Result<SecretText, Failure> {
        let variable = format!("FOOTBRIDGE_SECRET_{}", name.to_uppercase());
        text(&variable).map(SecretText::new).ok_or_else(|| {
            Failure::invalid(Code::Settings, format!("there is no secret '{name}'"))
                .hint(format!("give it in the environment variable {variable}"))
        })
    }
}

/// As it is, for the programs that may see it.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]
pub(crate) fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

/// Unset and empty are the same.
#[expect(clippy::disallowed_methods, reason = "this is the file that reads the environment")]
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn configuration(path: &Path) -> Result<Configuration, Problem> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Configuration::default()),
        Err(cause) => return Err(Problem::usage(format!("{} cannot be read: {cause}", path.display()))),
    };
    let mut configuration: Configuration = toml::from_str(&text).map_err(|cause| {
        let message = format!("{} is wrong: {}", path.display(), cause.message());
        Problem::from(Failure::invalid(Code::Settings, message).hint("it may hold `state` and `layers`"))
    })?;
    // Paths in the file are meant from where the file is.
    let folder = path.parent().unwrap_or(Path::new(""));
    configuration.state = configuration.state.map(|state| folder.join(state));
    configuration.layers = configuration.layers.iter().map(|layer| folder.join(layer)).collect();
    Ok(configuration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_read_from_where_it_stands_and_unknown_keys_are_refused() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let path = scratch.path().join("config.toml");
        assert!(configuration(&path).expect("none is fine").layers.is_empty());
        std::fs::write(&path, "layers = ['contoso']\n").expect("written");
        assert_eq!(configuration(&path).expect("good").layers, [scratch.path().join("contoso")]);
        std::fs::write(&path, "layer = 'contoso'\n").expect("written");
        assert_eq!(configuration(&path).expect_err("refused").code(), Code::Settings);
    }
}
