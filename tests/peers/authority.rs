//! A certificate authority of the tests' own, with server certificates below it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::install;
use crate::psrp_peer::{Identity, script};

pub(crate) struct Authority {
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let folder = tempfile::tempdir().expect("a folder for certificates");
        let made = Command::new(install::psrp_python())
            .arg("-B")
            .arg(script("certificates.py"))
            .arg(folder.path())
            .status();
        assert!(made.expect("the Python of the test environment starts").success());
        Authority { folder }
    }

    /// `good` is for this machine, `wrong` for another name.
    pub(crate) fn identity(&self, name: &str) -> Identity {
        Identity { certificate: self.path(&format!("{name}.pem")), key: self.path(&format!("{name}.key")) }
    }

    /// Its own certificate, `ca.pem`, or that of an authority which signed nothing here, `other-ca.pem`.
    pub(crate) fn roots(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a certificate was made")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
