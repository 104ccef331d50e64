//! What stands in for a customer's own programs in a laboratory: their worlds as files, what they did, and how calls fail.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use contracts::{HostCall, HostModule, HostReply, WireRequest};
use model::{Class, Code, Digest, Effect, Failure, FunctionSpec, OwnModule};
use process::{ProcessModule, StandInWorld, Surroundings};
use prove::{Fate, Fault, LabEffect};
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::sync::RwLock;

use super::{RETRY_AFTER_S, fate};

/// The worlds of all stand-ins of one laboratory's world. Modules of several processes share it.
pub(super) struct OwnWorld {
    /// A folder for each module.
    folder: Arc<TempDir>,
    variable: fn(&str) -> Option<OsString>,
    inner: Mutex<Inner>,
    /// Shared by writes under way, and held alone while the files are copied.
    writing: RwLock<()>,
}

#[derive(Clone, Default)]
struct Inner {
    effects: Vec<OwnEffect>,
    faults: Vec<Fault>,
    /// Calls of each operation since the faults were set.
    calls: BTreeMap<String, u32>,
    chance: Option<Chance>,
}

/// A write that a stand-in answered.
#[derive(Clone)]
struct OwnEffect {
    effect: LabEffect,
    /// How many effects the simulator had made by then: keeps all of them in one order.
    after: usize,
}

/// Which calls fail, by a seed: the same ones in the same order of calls.
#[derive(Clone, Copy)]
struct Chance {
    state: u64,
    rate: f64,
}

/// Whether an operation is a function of a customer's own: those are named `module::function`.
pub(super) fn is_own(operation: &str) -> bool {
    operation.contains("::")
}

impl OwnWorld {
    pub(super) fn new(variable: fn(&str) -> Option<OsString>) -> Result<OwnWorld, Failure> {
        let folder = Arc::new(tempfile::tempdir().map_err(|cause| unusable("it cannot be made", &cause))?);
        Ok(OwnWorld { folder, variable, inner: Mutex::default(), writing: RwLock::default() })
    }

    /// A world of its own with the same files, which goes on from here. Waits for writes under way: their
    /// files may be half written.
    pub(super) async fn fork(&self) -> Result<OwnWorld, Failure> {
        let _no_write = self.writing.write().await;
        let fork = OwnWorld::new(self.variable)?;
        copy(self.folder.path(), fork.folder.path())
            .map_err(|cause| unusable("it cannot be copied", &cause))?;
        fork.lock().effects.clone_from(&self.lock().effects);
        Ok(fork)
    }

    /// A stand-in for `module`. `made` counts the effects of the simulator.
    pub(super) fn module(
        self: &Arc<OwnWorld>,
        module: &OwnModule,
        made: Box<dyn Fn() -> usize + Send + Sync>,
    ) -> Result<Arc<dyn HostModule>, Failure> {
        let folder = self.folder.path().join(&module.name);
        std::fs::create_dir_all(&folder).map_err(|cause| unusable("it cannot be made", &cause))?;
        let world = StandInWorld { folder, keep: Some(Arc::clone(&self.folder) as _) };
        let surroundings = Surroundings { variable: self.variable, world: Some(world) };
        let module = ProcessModule::new(module.clone(), surroundings)?;
        Ok(Arc::new(Watched { module, world: Arc::clone(self), made }))
    }

    /// Writes files, as a case gives them: `{ module: { "path": text, or anything else as JSON } }`.
    pub(super) fn put(&self, files: &Json) -> Result<(), Failure> {
        let wrong = |why: String| Failure::invalid(Code::Case, format!("files of own functions: {why}"));
        let modules =
            files.as_object().ok_or_else(|| wrong("a table for each module is needed".to_owned()))?;
        for (module, files) in modules {
            let files = files.as_object().ok_or_else(|| wrong(format!("'{module}' is no table of files")))?;
            for (path, content) in files {
                let inside = |path: &str| {
                    !path.is_empty()
                        && Path::new(path).components().all(|one| matches!(one, Component::Normal(_)))
                };
                if !inside(module) || !inside(path) {
                    return Err(wrong(format!("'{module}/{path}' does not lie inside")));
                }
                let whole = self.folder.path().join(module).join(path);
                let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
                let written = whole.parent().map_or(Ok(()), std::fs::create_dir_all);
                written
                    .and_then(|()| std::fs::write(&whole, text))
                    .map_err(|cause| unusable(&format!("{path} cannot be written"), &cause))?;
            }
        }
        Ok(())
    }

    /// All files as one document; nothing where no module has a folder.
    pub(super) fn files(&self) -> Result<Option<Json>, Failure> {
        let picture =
            picture(self.folder.path()).map_err(|cause| unusable("its files cannot be read", &cause))?;
        Ok(Some(picture).filter(|picture| picture.as_object().is_some_and(|folders| !folders.is_empty())))
    }

    /// What the simulator did and what stand-ins did, in the order in which it was done.
    pub(super) fn woven_into(&self, simulated: Vec<LabEffect>) -> Vec<LabEffect> {
        let inner = self.lock();
        let mut own = inner.effects.iter().peekable();
        let mut all = Vec::new();
        for (made, effect) in simulated.into_iter().enumerate() {
            while let Some(earlier) = own.next_if(|one| one.after <= made) {
                all.push(earlier.effect.clone());
            }
            all.push(effect);
        }
        all.extend(own.map(|one| one.effect.clone()));
        all
    }

    pub(super) fn fail(&self, faults: Vec<Fault>) {
        let mut inner = self.lock();
        (inner.faults, inner.calls, inner.chance) = (faults, BTreeMap::new(), None);
    }

    pub(super) fn fail_by_seed(&self, seed: u64, rate: f64) {
        let mut inner = self.lock();
        (inner.faults, inner.chance) = (Vec::new(), Some(Chance { state: seed, rate }));
    }

    /// What is to become of the call that is made now.
    fn meets(&self, operation: &str, effect: Effect) -> Option<Fate> {
        let mut inner = self.lock();
        if let Some(chance) = &mut inner.chance {
            return chance.fate();
        }
        if effect == Effect::Read {
            return None;
        }
        let nth = {
            let calls = inner.calls.entry(operation.to_owned()).or_default();
            *calls += 1;
            *calls
        };
        let met = inner.faults.iter().find(|fault| fault.operation == operation && fault.nth == nth);
        met.map(|fault| fate(fault.way))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock panics")
    }
}

impl Chance {
    fn fate(&mut self) -> Option<Fate> {
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let fates = [Fate::Refused, Fate::LostUndone, Fate::LostDone];
        let fate = fates[(self.next() % 3) as usize];
        (share < self.rate).then_some(fate)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

/// A stand-in whose writes are noted, and whose calls fail where the laboratory wants them to.
struct Watched {
    module: ProcessModule,
    world: Arc<OwnWorld>,
    made: Box<dyn Fn() -> usize + Send + Sync>,
}

#[async_trait]
impl HostModule for Watched {
    fn name(&self) -> &str {
        self.module.name()
    }

    fn functions(&self) -> &[FunctionSpec] {
        self.module.functions()
    }

    async fn call(&self, call: HostCall) -> Result<HostReply, Failure> {
        let Some(spec) = self.functions().iter().find(|spec| spec.name == call.function).cloned() else {
            return self.module.call(call).await;
        };
        let fate = self.world.meets(&spec.path(), spec.effect);
        match (fate, spec.effect) {
            (Some(Fate::Refused), _) | (Some(Fate::LostUndone | Fate::LostDone), Effect::Read) => {
                let wait = Duration::from_secs(u64::from(RETRY_AFTER_S));
                let message = format!("{} was refused by the laboratory", spec.path());
                return Err(Failure::new(Code::OwnFunction, Class::Transient, message).retry_after(wait));
            }
            (Some(Fate::LostUndone), Effect::Write) => return Err(lost(&spec)),
            (Some(Fate::LostDone), Effect::Write) | (None, _) => {}
        }
        // Effects are compared between runs, which have other ids.
        let run = call.context.run().map(|run| run.to_string());
        let arguments = serde_json::to_string(&call.arguments).expect("arguments always have a JSON form");
        let target = run.map_or_else(|| arguments.clone(), |run| arguments.replace(&run, "RUN"));
        let _under_way = match spec.effect {
            Effect::Write => Some(self.world.writing.read().await),
            Effect::Read => None,
        };
        let reply = self.module.call(call).await?;
        if spec.effect == Effect::Write {
            let effect = LabEffect { operation: spec.path(), target };
            let after = (self.made)();
            self.world.lock().effects.push(OwnEffect { effect, after });
        }
        if fate == Some(Fate::LostDone) { Err(lost(&spec)) } else { Ok(reply) }
    }

    async fn describe(&self, call: HostCall) -> Result<Vec<WireRequest>, Failure> {
        self.module.describe(call).await
    }

    /// Other sessions of the same process go on with it.
    async fn close(&self) {}
}

fn lost(spec: &FunctionSpec) -> Failure {
    let message = format!("the answer to {} was lost by the laboratory", spec.path());
    Failure::new(Code::OwnInDoubt, Class::InDoubt, message)
}

fn unusable(what: &str, cause: &std::io::Error) -> Failure {
    let message = format!("the world of own functions: {what}: {cause}");
    Failure::new(Code::Simulator, Class::Denied, message)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Folders as objects by name; `.json` files as what they hold, others as text, and what is no text by its digest.
fn picture(folder: &Path) -> std::io::Result<Json> {
    let mut fields = serde_json::Map::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let shown = if entry.file_type()?.is_dir() {
            let inner = picture(&path)?;
            // Folders come with the first look; only what is in them is an effect.
            if inner.as_object().is_some_and(serde_json::Map::is_empty) {
                continue;
            }
            inner
        } else {
            let bytes = std::fs::read(&path)?;
            let json = path.extension().is_some_and(|extension| extension == "json");
            let parsed = if json { serde_json::from_slice(&bytes).ok() } else { None };
            match (parsed, String::from_utf8(bytes)) {
                (Some(parsed), _) => parsed,
                (None, Ok(text)) => Json::String(text),
                (None, Err(error)) => Json::String(format!("bytes {}", Digest::of_bytes(error.as_bytes()))),
            }
        };
        fields.insert(name, shown);
    }
    Ok(Json::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn effects_keep_their_order_and_files_their_form() {
        let world = OwnWorld::new(|_| None).expect("a world");
        let effect = |name: &str| LabEffect { operation: name.to_owned(), target: String::new() };
        for (name, after) in [("a::first", 0), ("a::second", 1), ("a::third", 1)] {
            world.lock().effects.push(OwnEffect { effect: effect(name), after });
        }
        let names = |simulated: &[&str]| -> Vec<String> {
            let woven = world.woven_into(simulated.iter().map(|name| effect(name)).collect());
            woven.into_iter().map(|one| one.operation).collect()
        };
        assert_eq!(names(&["New-X"]), ["a::first", "New-X", "a::second", "a::third"]);
        assert_eq!(names(&["New-X", "Set-X"]), ["a::first", "New-X", "a::second", "a::third", "Set-X"]);

        assert_eq!(world.files().expect("files"), None);
        let files = serde_json::json!({ "a": { "notes.json": { "x": 1 }, "in/plain.txt": "x" } });
        world.put(&files).expect("written");
        let fork = world.fork().await.expect("forked");
        world.put(&serde_json::json!({ "a": { "notes.json": "{}" } })).expect("written");
        let expected = serde_json::json!({ "a": { "notes.json": { "x": 1 }, "in": { "plain.txt": "x" } } });
        assert_eq!(fork.files().expect("files"), Some(expected));
        let outside = serde_json::json!({ "a": { "../x": "" } });
        assert!(world.put(&outside).expect_err("refused").message.contains("does not lie inside"));
    }

    #[test]
    fn a_seed_brings_the_same_fates_and_about_its_share() {
        let fates = |seed| -> Vec<Option<Fate>> {
            let mut chance = Chance { state: seed, rate: 0.1 };
            (0..1000).map(|_| chance.fate()).collect()
        };
        assert_eq!(fates(7), fates(7));
        assert_ne!(fates(7), fates(8));
        let failed = fates(7).iter().flatten().count();
        assert!((50..200).contains(&failed), "{failed}");
    }
}
