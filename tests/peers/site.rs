//! A site for the real binary: an organisation behind PowerShell remoting, a tenant over HTTP, a target file that names
//! both, and the simulator's own run of the same workflow to compare with.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sim::{Act, By, Faults, Injection, Tenant, World, WorldSpec};

use crate::answers::{Answers, SERVERS};
use crate::exchange_peer;
use crate::graph_judge::GraphJudge;
use crate::install;
use crate::psrp_peer::{Identity, PASSWORD, PsrpPeer, USER, script};
use crate::support::{Bench, Going, Outcome};

pub(crate) const CLIENT_ID: &str = "0f5c1f9e-3b7a-4d52-8a6e-5d2b1c9e7f40";
pub(crate) const CLIENT_SECRET: &str = "a secret of the peers' tests";
pub(crate) const WORKFLOW: &str = "sfb-online";
const TARGET: &str = "targets/contoso.toml";
/// What a person types to run it there.
pub(crate) const RUN: [&str; 5] = ["run", WORKFLOW, "--target", "contoso", "--yes"];

/// How the target file says that Exchange is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// PowerShell remoting over HTTP.
    Remote,
    /// A process of this machine.
    Local,
}

/// What differs between sites.
pub(crate) struct Plan {
    pub(crate) transport: Transport,
    pub(crate) spec: WorldSpec,
    /// Of the Exchange server, for https; plain http without.
    pub(crate) tls: Option<Identity>,
    /// The organisation's cmdlets.
    pub(crate) answers: fn(&World) -> Answers,
    /// The lines of `[graph]` that say who signs in.
    pub(crate) sign_in: String,
}

impl Plan {
    /// Exchange over plain http or a process of this machine, and an application with a secret.
    pub(crate) fn over(transport: Transport) -> Plan {
        let spec = WorldSpec {
            client_id: Some(CLIENT_ID.to_owned()),
            client_secret: Some(CLIENT_SECRET.to_owned()),
            ..WorldSpec::default()
        };
        let sign_in = format!(
            "client_id = \"{CLIENT_ID}\"\nauth = \"client-secret\"\nsecret = {{ file = \"graph.secret\" }}\n"
        );
        Plan { transport, spec, tls: None, answers: exchange_peer::answers, sign_in }
    }
}

pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) answers: Answers,
    pub(crate) peer: PsrpPeer,
    pub(crate) bench: Bench,
    /// Stands before the tenant and judges every request by Microsoft's own description of Graph.
    pub(crate) judge: GraphJudge,
    _tenant: Tenant,
}

/// The world in a comparable form, and what we did to it, in order.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) world: Value,
    pub(crate) effects: Vec<String>,
}

impl Look {
    fn at(world: &World, runs: &[String]) -> Look {
        let mut text = world.snapshot().to_string();
        for run in runs {
            text = text.replace(run.as_str(), "RUN");
        }
        let ledger = world.ledger();
        let ours = ledger.iter().filter(|entry| entry.by == By::Us);
        Look {
            world: serde_json::from_str(&text).expect("a snapshot is JSON"),
            effects: ours.map(|entry| format!("{} {}", entry.what, entry.target)).collect(),
        }
    }

    /// What was done since an earlier look, sorted: branches of a workflow run side by side.
    pub(crate) fn since(&self, earlier: &Look) -> Vec<String> {
        let mut effects = self.effects[earlier.effects.len()..].to_vec();
        effects.sort();
        effects
    }
}

/// The run of the simulator that everything is held against.
pub(crate) struct Reference {
    pub(crate) untouched: Look,
    pub(crate) done: Look,
    pub(crate) undone: Look,
}

impl Reference {
    pub(crate) fn new() -> Reference {
        let bench = Bench::new();
        let file = bench.state().join("sim").join("lab.json");
        let look = || {
            let world = World::open(&file, &WorldSpec::default()).expect("the world is whole and let go");
            Look::at(&world, &runs(&bench))
        };
        bench.run(&["simulate", "reset", "lab"]).exits(0);
        let untouched = look();
        bench.run(&["run", WORKFLOW, "--target", "sim:lab", "--yes"]).exits(0);
        let done = look();
        bench.run(&["undo", "latest", "--yes"]).exits(0);
        let undone = look();
        assert!(!done.effects.is_empty() && undone.effects.len() > done.effects.len());
        Reference { untouched, done, undone }
    }
}

impl Site {
    pub(crate) fn new(transport: Transport) -> Site {
        Site::with(Plan::over(transport))
    }

    pub(crate) fn with(plan: Plan) -> Site {
        let world = World::new(&plan.spec).expect("a world of defaults");
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let tenant = SERVERS.block_on(sim::serve(world.clone(), address)).expect("a port of this machine");
        let judge = GraphJudge::before(&tenant.graph_url());
        let answers = (plan.answers)(&world);
        let peer = PsrpPeer::start_with(&answers, plan.tls.as_ref());
        let bench = Bench::new();
        keep(&bench, "exchange.password", &format!("{PASSWORD}\n"));
        keep(&bench, "graph.secret", CLIENT_SECRET);
        let exchange = match plan.transport {
            Transport::Remote => {
                let trust = match &plan.tls {
                    Some(_) => "ca_file = \"ca.pem\"",
                    None => "allow_http = true",
                };
                format!(
                    "transport = \"remote\"\nuri = \"{}\"\nauth = \"basic\"\nuser = \"{USER}\"\n\
                     password = {{ file = \"exchange.password\" }}\n{trust}\n",
                    peer.url()
                )
            }
            Transport::Local => {
                let program = bench.write("powershell", &local_program(&answers));
                alone(&program, 0o755);
                format!("transport = \"local\"\nprogram = \"{}\"\n", program.display())
            }
        };
        let text = target_file(&plan, &tenant, &judge, &exchange);
        bench.write(TARGET, &text);
        Site { world, answers, peer, bench, judge, _tenant: tenant }
    }

    pub(crate) fn target_file(&self) -> String {
        std::fs::read_to_string(self.bench.files().join(TARGET)).expect("the target file")
    }

    /// Replaces one part of the target file, which must be there.
    #[track_caller]
    pub(crate) fn change(&self, part: &str, with: &str) {
        let text = self.target_file();
        assert!(text.contains(part), "'{part}' is not in\n{text}");
        self.bench.write(TARGET, &text.replace(part, with));
    }

    /// The password that is kept for the account at the Exchange server.
    pub(crate) fn password(&self, password: &str) {
        keep(&self.bench, "exchange.password", password);
    }

    pub(crate) fn outcome(&self, arguments: &[impl AsRef<str>]) -> Outcome {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        self.bench.run(&arguments)
    }

    pub(crate) fn start(&self, arguments: &[impl AsRef<str>]) -> Going {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        self.bench.start_watched(&arguments)
    }

    pub(crate) fn look(&self) -> Look {
        Look::at(&self.world, &runs(&self.bench))
    }

    /// The first call of each kind among these effects will take effect without an answer. How many that are.
    pub(crate) fn lose(&self, effects: &[String]) -> usize {
        let operations: BTreeSet<&str> = effects
            .iter()
            .filter_map(|effect| match effect.split(' ').next() {
                Some("PATCH") => Some("PATCH /servicePrincipals"),
                other => other,
            })
            .collect();
        let injection = |operation: &&str| Injection {
            on: (*operation).to_owned(),
            nth: 1,
            times: 1,
            act: Act::Cut { after_effect: true },
        };
        let injections = operations.iter().map(injection).collect();
        self.world.faults(Faults { injections, ..Faults::default() }).expect("a plan of what is there");
        operations.len()
    }

    /// How many requests to the tenant were judged; fails where one was not as Microsoft describes Graph.
    #[track_caller]
    pub(crate) fn judged(&self) -> u64 {
        let report = SERVERS.block_on(self.judge.report());
        assert_eq!(report.violations(), Vec::<String>::new());
        ["graph", "batched", "sign_in"].iter().map(|name| report.count(name)).sum()
    }

    /// How many writes of the newest run were in doubt and found to have taken effect.
    pub(crate) fn settled(&self) -> usize {
        let events = self.bench.run(&["logs", "latest", "--json"]).exits(0).json_lines();
        events.iter().filter(|event| event.to_string().contains("\"settled\"")).count()
    }

    /// The state of the newest run.
    pub(crate) fn state(&self) -> Option<String> {
        let status = self.bench.run(&["status", "--json"]).exits(0).json();
        status["runs"][0]["state"].as_str().map(str::to_owned)
    }

    /// What happened in the newest run, for the message of a failed test.
    pub(crate) fn logs(&self) -> String {
        self.bench.run(&["logs", "latest"]).stdout
    }

    /// What a person types next to bring the newest run to a state; nothing when it is there.
    #[track_caller]
    pub(crate) fn next(&self, wanted: &str) -> Option<Vec<String>> {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        match self.state().as_deref() {
            Some(state) if state == wanted => None,
            // Nothing was journaled: one begins again.
            None => words(&RUN),
            // A write whose answer was lost is only presumed to be ours: undo takes the plan that was read.
            Some("succeeded") => {
                let plan = self.bench.run(&["undo", "latest", "--json"]).exits(6).json();
                let digest = plan["undo"]["digest"].as_str().expect("an undo plan has a digest").to_owned();
                words(&["undo", "latest", "--plan", &digest])
            }
            Some("running" | "waiting" | "interrupted" | "in-doubt" | "undoing") => {
                words(&["resume", "latest"])
            }
            Some(other) => panic!("{other} is nothing that goes on by itself\n{}", self.logs()),
        }
    }

    /// Goes on as a person would, without being disturbed, until the newest run is in a state.
    #[track_caller]
    pub(crate) fn go_on_until(&self, wanted: &str) {
        for _ in 0..10 {
            let Some(next) = self.next(wanted) else { return };
            let outcome = self.outcome(&next);
            assert!(matches!(outcome.code, Some(0 | 6)), "{}\n{}", outcome.whole(), self.logs());
        }
        panic!("{wanted} is not reached\n{}", self.logs());
    }
}

fn target_file(plan: &Plan, tenant: &Tenant, judge: &GraphJudge, exchange: &str) -> String {
    format!(
        "tenant = \"{tenant_id}\"\n\n\
         [exchange]\n{exchange}metadata_url = \"{web}/autodiscover/metadata/json/1\"\n\n\
         [graph]\nlogin = \"{graph}\"\nendpoint = \"{graph}/v1.0\"\n{sign_in}",
        tenant_id = plan.spec.tenant,
        web = tenant.exchange_url(),
        graph = judge.url(),
        sign_in = plan.sign_in,
    )
}

/// A secret in a file beside the target file, for its owner alone.
pub(crate) fn keep(bench: &Bench, name: &str, secret: &str) {
    alone(&bench.write(&format!("targets/{name}"), secret), 0o600);
}

/// Gives a file the mode that footbridge, or the system, asks for.
fn alone(file: &Path, mode: u32) {
    std::fs::set_permissions(file, Permissions::from_mode(mode)).expect("a file of ours");
}

/// What stands for PowerShell on an Exchange server: it is given PowerShell's own arguments.
fn local_program(answers: &Answers) -> String {
    format!(
        "#!/bin/sh\nexec '{}' -B '{}' --answers '{}' --noise \"$@\"\n",
        install::psrp_python().display(),
        script("psrp_local.py").display(),
        answers.url()
    )
}

/// The ids of all runs.
fn runs(bench: &Bench) -> Vec<String> {
    let status = bench.run(&["status", "--json"]).exits(0).json();
    let all = status["runs"].as_array().cloned().unwrap_or_default();
    all.iter().map(|run| run["run"].as_str().expect("a run has an id").to_owned()).collect()
}
