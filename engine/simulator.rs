//! What `footbridge simulate` does with kept worlds: makes them fresh, and serves them in the foreground.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::sim::{Faults, Profile, World, WorldSpec};
use async_trait::async_trait;
use cli::{Foreground, Simulator};
use contracts::Targets as _;
use model::{Class, Code, Failure};
use serde::Deserialize as _;

use crate::sim::SimTargets;
use crate::targets::own::folder_of;

/// The worlds that every simulator knows, whatever workflows are shipped.
const PROFILES: [(&str, Profile); 4] = [
    ("fresh", Profile::Fresh),
    ("half-done", Profile::HalfDone),
    ("done", Profile::Done),
    ("no-oauth", Profile::NoOauth),
];

/// Fault profiles by name: seed and share of calls that fail.
const FAULTS: [(&str, Option<(u64, f64)>); 3] =
    [("none", None), ("flaky", Some((1, 0.1))), ("stormy", Some((2, 0.4)))];

pub(crate) struct Kept {
    state: PathBuf,
    workflows: &'static [(&'static str, &'static str)],
}

impl Kept {
    pub(crate) fn new(state: &Path, workflows: &'static [(&'static str, &'static str)]) -> Kept {
        Kept { state: state.to_owned(), workflows }
    }

    /// `sfb-online/half-done`, with the text of that case.
    fn cases(&self) -> Vec<(String, &'static str)> {
        self.workflows
            .iter()
            .filter_map(|(path, text)| {
                let (workflow, case) = path.strip_suffix(".toml")?.split_once("/cases/")?;
                Some((format!("{workflow}/{case}"), *text))
            })
            .collect()
    }

    /// A profile, the world of a shipped case, or a TOML file of a world.
    fn spec(&self, world: Option<&str>) -> Result<WorldSpec, Failure> {
        let world = world.unwrap_or("fresh");
        if let Some((_, profile)) = PROFILES.iter().find(|(name, _)| *name == world) {
            return Ok(WorldSpec { profile: *profile, ..WorldSpec::default() });
        }
        if let Some((_, text)) = self.cases().into_iter().find(|(name, _)| name == world) {
            let case: toml::Table =
                text.parse().map_err(|cause| unusable(format!("the case '{world}' is not TOML: {cause}")))?;
            let described =
                case.get("world").cloned().unwrap_or_else(|| toml::Value::Table(toml::Table::new()));
            return WorldSpec::deserialize(described)
                .map_err(|cause| unusable(format!("the world of the case '{world}' is wrong: {cause}")));
        }
        if Path::new(world).is_file() {
            return read(world);
        }
        let hint = format!("known are {}, or a TOML file of a world", self.worlds().join(", "));
        Err(unusable(format!("there is no world '{world}'")).hint(hint))
    }

    fn faults_of(name: &str) -> Result<Faults, Failure> {
        if let Some((_, plan)) = FAULTS.iter().find(|(known, _)| *known == name) {
            return Ok(plan.map_or_else(Faults::default, |(seed, rate)| Faults {
                seed: Some(seed),
                rate,
                ..Faults::default()
            }));
        }
        if Path::new(name).is_file() {
            return read(name);
        }
        let known: Vec<&str> = FAULTS.iter().map(|(name, _)| *name).collect();
        let hint = format!("known are {}, or a TOML file of faults", known.join(", "));
        Err(unusable(format!("there is no fault profile '{name}'")).hint(hint))
    }

    fn start(&self, world: Option<&str>, faults: Option<&str>) -> Result<WorldSpec, Failure> {
        let mut spec = self.spec(world)?;
        if let Some(faults) = faults {
            spec.faults = Kept::faults_of(faults)?;
        }
        Ok(spec)
    }

    /// Also the only way in which a name is judged.
    fn file(&self, name: &str) -> Result<PathBuf, Failure> {
        let targets = SimTargets::new(self.state.clone(), |_| Ok(WorldSpec::default()));
        targets
            .world_file(&format!("sim:{name}"), None)?
            .ok_or_else(|| Failure::bug("a kept world has a file of its own"))
    }
}

#[async_trait]
impl Simulator for Kept {
    fn worlds(&self) -> Vec<String> {
        let profiles = PROFILES.iter().map(|(name, _)| (*name).to_owned());
        profiles.chain(self.cases().into_iter().map(|(name, _)| name)).collect()
    }

    fn faults(&self) -> Vec<String> {
        FAULTS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn reset(&self, name: &str, world: Option<&str>, faults: Option<&str>) -> Result<String, Failure> {
        let spec = self.start(world, faults)?;
        let path = self.file(name)?;
        // A world that cannot be made must not cost the one that is there.
        World::new(&spec).map_err(|error| unusable(error.to_string()))?;
        let folder = path.parent().ok_or_else(|| Failure::bug("a world's file lies in a folder"))?;
        std::fs::create_dir_all(folder)
            .map_err(|cause| unusable(format!("the folder {} cannot be made: {cause}", folder.display())))?;
        match World::open(&path, &spec) {
            // One that cannot be read is what a reset is for; one in use is not.
            Ok(_) | Err(::sim::WorldError::Malformed { .. } | ::sim::WorldError::Format { .. }) => {}
            Err(error) => {
                return Err(
                    unusable(error.to_string()).hint("end what uses it: a run, or `footbridge simulate`")
                );
            }
        }
        std::fs::remove_file(&path)
            .map_err(|cause| unusable(format!("the world {} cannot be removed: {cause}", path.display())))?;
        let own = folder_of(&path);
        if own.exists() {
            std::fs::remove_dir_all(&own).map_err(|cause| {
                unusable(format!("the world {} cannot be removed: {cause}", own.display()))
            })?;
        }
        World::open(&path, &spec).map_err(|error| unusable(error.to_string()))?;
        Ok(format!("sim:{name} is fresh ({})", world.unwrap_or("fresh")))
    }

    async fn serve(
        &self,
        name: &str,
        world: Option<&str>,
        faults: Option<&str>,
    ) -> Result<Foreground, Failure> {
        let spec = self.start(world, faults)?;
        let kept = self.file(name)?.exists();
        if kept && world.is_some() {
            let hint = format!("`footbridge simulate reset {name} --world …` begins it anew");
            return Err(unusable(format!("the world sim:{name} is there already")).hint(hint));
        }
        let targets = Arc::new(SimTargets::new(self.state.clone(), move |_| Ok(spec.clone())));
        let target = format!("sim:{name}");
        let opened = targets.open_world(&target, None).await?;
        if let Some(faults) = faults {
            opened.faults(Kept::faults_of(faults)?).map_err(|error| unusable(error.to_string()))?;
        }
        let session = targets.open(&target, None).await?;
        let tenant = targets.addresses(&target).await?;
        let spec = opened.spec();
        let mut facts = vec![("tenant id".to_owned(), spec.tenant), ("domain".to_owned(), spec.domain)];
        facts.extend(tenant);
        Ok(Foreground { facts, keep: Box::new((targets, session)) })
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &str) -> Result<T, Failure> {
    let text =
        std::fs::read_to_string(path).map_err(|cause| unusable(format!("{path} cannot be read: {cause}")))?;
    toml::from_str(&text).map_err(|cause| unusable(format!("{path} is wrong: {}", cause.message())))
}

fn unusable(message: String) -> Failure {
    Failure::new(Code::Simulator, Class::Invalid, message)
}
