//! The secrets of one target, by the names its host modules ask for; read anew each time one is spent.

use std::collections::BTreeMap;
use std::sync::Arc;

use cli::{Opening, SecretReader};
use contracts::{SecretSource, SecretText};
use manifest::target::{Found, SecretPlace, TargetFile};
use model::{Class, Code, Failure};

/// What the platform of an App Service wants to hear.
pub(crate) const IDENTITY_HEADER: &str = "graph.identity-header";

pub(crate) struct FileSecrets {
    places: BTreeMap<String, Found<SecretPlace>>,
    identity_header: Option<SecretText>,
    reader: Arc<dyn SecretReader>,
}

impl FileSecrets {
    pub(crate) fn new(file: &TargetFile, opening: &Opening) -> FileSecrets {
        FileSecrets {
            places: file.secrets().into_iter().collect(),
            identity_header: opening.platform.identity_header.clone(),
            reader: Arc::clone(&opening.secrets),
        }
    }
}

impl SecretSource for FileSecrets {
    fn find(&self, name: &str) -> Result<SecretText, Failure> {
        if let Some(found) = self.places.get(name) {
            return self.reader.read(&found.value).map_err(|failure| failure.at(found.place.clone()));
        }
        if name == IDENTITY_HEADER {
            return self.identity_header.clone().ok_or_else(|| {
                let message = "the environment variable IDENTITY_HEADER is not set";
                Failure::new(Code::Secret, Class::Denied, message)
            });
        }
        // The target does not name it: a workflow's own, from this process's settings.
        self.reader.named(name)
    }
}
