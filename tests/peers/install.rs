//! Installs the software that the peers' tests need, once per machine, with pinned versions, below the build folder.
//!
//! What cannot be installed fails the test that needs it. Several tests and several test runs may ask at the same time:
//! each set is installed under the lock of a file, and a stamp with the exact request says that it is whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The Python side of PowerShell remoting, and what reads the recordings.
pub(crate) const PSRP: &[&str] =
    &["psrpcore==0.3.1", "pypsrp==0.9.1", "PyYAML==6.0.3", "cryptography==50.0.2"];
/// The release whose source holds recordings of Windows servers.
const RECORDINGS: &str = "pypsrp==0.9.1";

/// A Python with these packages of PyPI in an environment of its own: the path of its interpreter.
#[track_caller]
pub(crate) fn python(name: &str, packages: &[&str]) -> PathBuf {
    let folder = installed(&format!("python-{name}"), &packages.join("\n"), |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder));
        run(pip(&folder.join("bin/python")).arg("install").args(packages));
    });
    folder.join("bin/python")
}

/// The Python with [`PSRP`].
#[track_caller]
pub(crate) fn psrp_python() -> PathBuf {
    python("psrp", PSRP)
}

/// The folder with the recordings of traffic with Windows servers, one YAML file a session.
#[track_caller]
pub(crate) fn recordings() -> PathBuf {
    let python = psrp_python();
    let folder = installed("recordings", RECORDINGS, |folder| {
        fs::create_dir_all(folder).expect("a folder for the recordings");
        run(pip(&python)
            .args(["download", "--no-deps", "--no-binary", ":all:", RECORDINGS, "--dest"])
            .arg(folder));
        let archive = entries(folder).into_iter().find(|path| path.to_string_lossy().ends_with(".tar.gz"));
        let archive = archive.expect("pip download brought the source");
        let unpack = "import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])";
        run(Command::new(&python).args(["-c", unpack]).arg(archive).arg(folder));
    });
    let inside = entries(&folder).into_iter().find(|path| path.join("tests").is_dir());
    inside.expect("the source holds tests").join("tests/tests_pypsrp/responses")
}

/// A folder with these packages of npm in its `node_modules`.
#[track_caller]
#[allow(dead_code, reason = "not every peer comes from npm")]
pub(crate) fn npm(name: &str, packages: &[&str]) -> PathBuf {
    installed(&format!("npm-{name}"), &packages.join("\n"), |folder| {
        fs::create_dir_all(folder).expect("a folder for packages");
        fs::write(folder.join("package.json"), "{\"private\": true}").expect("a file of the folder");
        let install = ["install", "--no-audit", "--no-fund", "--save-exact"];
        run(Command::new("npm").current_dir(folder).args(install).args(packages));
    })
}

/// Makes sure that a program of Debian is there; installs its packages where that is allowed.
#[track_caller]
#[allow(dead_code, reason = "not every peer comes from Debian")]
pub(crate) fn debian(program: &str, packages: &[&str]) {
    let is_there = || {
        let asked = Command::new("sh").args(["-c", "command -v -- \"$1\"", "sh", program]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    if is_there() {
        return;
    }
    installed(&format!("debian-{}", packages.join("-")), &packages.join("\n"), |_| {
        run(Command::new("apt-get").args(["update", "-qq"]));
        run(Command::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages));
    });
    assert!(is_there(), "{program} is still not there after apt-get install {}", packages.join(" "));
}

/// Where everything is installed.
pub(crate) fn folder() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = scratch.parent().expect("the scratch folder lies in the build folder").join("peers");
    fs::create_dir_all(&folder).expect("a folder below the build folder");
    folder
}

/// The folder `name`, made by `make` unless a stamp says that it was made for the same request.
#[track_caller]
fn installed(name: &str, request: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let place = folder().join(name);
    let stamp = folder().join(format!("{name}.stamp"));
    let lock = File::create(folder().join(format!("{name}.lock"))).expect("a lock file");
    lock.lock().expect("a lock on a file of ours");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == request) {
        return place;
    }
    if place.exists() {
        fs::remove_dir_all(&place).expect("what was half installed can be removed");
    }
    make(&place);
    fs::write(&stamp, request).expect("a stamp beside what was installed");
    place
}

fn pip(python: &Path) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]);
    pip
}

#[track_caller]
fn run(command: &mut Command) {
    let shown = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("the peers' tests need `{shown}`: {error}"));
    assert!(
        output.status.success(),
        "the peers' tests need `{shown}`, which failed ({}); is there a network?\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).expect("a folder that was just made");
    read.map(|entry| entry.expect("an entry of a folder").path()).collect()
}
