//! `footbridge evidence`: a run as one file that proves itself; and such a file verified, with no store and no settings.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use audit::Scanner;
use contracts::WholeRun;
use model::{Class, Code, Digest, Failure, RunId};
use report::evidence::{Outside, PublicKey, SigningKey, Verdict};

use crate::Exit;
use crate::context::Context;
use crate::given_file;
use crate::holder;
use crate::new_file::{self, Existing};
use crate::problem::{Outcome, Problem};
use crate::run_name;
use crate::whole_run;

/// More than any run and its files.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// A key is a few lines.
const KEY_BYTES_MAX: u64 = 64 * 1024;

#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verify: Option<Verify>,
    /// Its id, the beginning or the end of it, or `latest`
    #[arg(required = true)]
    run: Option<String>,
    /// Where to write it
    #[arg(short, long, value_name = "FILE", required = true)]
    output: Option<PathBuf>,
    /// Sign it with this Ed25519 key (PEM, as `openssl genpkey -algorithm ed25519` writes it)
    #[arg(long, value_name = "FILE")]
    sign_key: Option<PathBuf>,
    /// Replace the file where it is there already
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Verify {
    /// Verify an evidence file; needs no store and no network
    Verify {
        /// The file
        file: PathBuf,
        /// The journal head as it was told elsewhere, all 64 digits
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
        /// The key that it must be signed with (PEM, as `openssl pkey -pubout` writes it)
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
    },
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    match (arguments.verify, arguments.run, arguments.output) {
        (Some(Verify::Verify { file, head, public_key }), ..) => {
            verify(context, &file, head.as_deref(), public_key.as_deref())
        }
        (None, Some(run), Some(output)) => {
            let existing = if arguments.force { Existing::Replaced } else { Existing::Kept };
            write(context, &run, &output, existing, arguments.sign_key.as_deref()).await
        }
        (None, ..) => Err(Problem::usage("a run and --output are needed".to_owned())),
    }
}

async fn write(
    context: &Context,
    typed: &str,
    path: &Path,
    existing: Existing,
    key: Option<&Path>,
) -> Outcome {
    // A key that is of no use is told before anything is read.
    let key = key.map(signing_key).transpose()?;
    holder::with(context, async |engine| {
        let service = engine.service.as_ref();
        let run = run_name::find(service, typed).await?;
        let (whole, loaded) = whole_run::gather(service, run).await?;
        let unsigned = whole_run::evidence(&whole).map_err(|why| broken(run, &why))?;
        let file = match &key {
            Some(key) => report::evidence::sign(&unsigned, key),
            None => unsigned,
        };
        new_file::write(path, existing, |out| out.write_all(file.as_bytes()))?;
        let summary = loaded.summary();
        let signer = key.as_ref().map(|key| key.public().fingerprint());
        context.output.either(
            || {
                serde_json::json!({
                    "file": path.display().to_string(), "run": run, "state": summary.state,
                    "records": loaded.records.len(), "head": summary.head, "signed_by": signer,
                })
            },
            |style| {
                let signed = signer.map(|key| format!("signed with the key {key}\n")).unwrap_or_default();
                format!(
                    "{}: {} of {run}\n{signed}journal head {}\n",
                    path.display(),
                    if loaded.records.len() == 1 {
                        "1 record".to_owned()
                    } else {
                        format!("{} records", loaded.records.len())
                    },
                    style.strong(&summary.head.to_string()),
                )
            },
        );
        let shaped = shaped_like_secrets(&whole);
        if shaped > 0 {
            context.output.note(&format!(
                "warning: {shaped} of what the file holds looks like a secret; `footbridge audit secrets {run}` says where"
            ));
        }
        context.output.note(
            "keep the head hash, or the public key, somewhere else than the file: it is what proves it",
        );
        Ok(Exit::Ok)
    })
    .await
}

/// Records were cleaned of the secrets in use before they were kept; a note or a given file may hold others.
fn shaped_like_secrets(whole: &WholeRun) -> usize {
    let scanner = Scanner::new([]);
    let records = whole.records.iter().map(|record| {
        scanner.scan_bytes(&serde_json::to_vec(&record.event).expect("an event always has a JSON form"))
    });
    let payloads = whole.payloads.iter().map(|payload| scanner.scan_bytes(&payload.0));
    records.chain(payloads).map(|scanned| scanned.hits.len()).sum()
}

fn broken(run: RunId, why: &str) -> Failure {
    Failure::new(
        Code::HistoryBroken,
        Class::Denied,
        format!("the history of {run} does not hold together: {why}"),
    )
    .hint("keep a copy of the state folder and report this")
}

fn verify(context: &Context, path: &Path, head: Option<&str>, key: Option<&Path>) -> Outcome {
    let head = head.map(whole_hash).transpose()?;
    let key = key.map(public_key).transpose()?;
    let file = given_file::read_up_to(path, FILE_BYTES_MAX, Code::EvidenceFile).map_err(unreadable)?;
    let Some(verified) = report::evidence::verify(&file, Outside { head, key }) else {
        let message = format!("'{}' is no evidence file", path.display());
        return Err(Failure::invalid(Code::EvidenceFile, message)
            .hint("`footbridge evidence RUN -o FILE` writes one; a report is none")
            .into());
    };
    context.output.either(|| serde_json::json!(verified), |style| verified.text(style));
    match verified.verdict {
        Verdict::AuthenticatedByHead | Verdict::AuthenticatedBySignature | Verdict::AuthenticatedInPart => {
            Ok(Exit::Ok)
        }
        Verdict::ConsistentNotAuthenticated => {
            context.output.note(
                "whoever can write files could have written this one; --head HASH or --public-key FILE authenticates it",
            );
            Ok(Exit::Ok)
        }
        Verdict::OtherForm => {
            context.output.note(&format!(
                "{}: verify it with the footbridge that wrote it, or by its signature",
                Code::EvidenceFile
            ));
            Ok(Exit::of_code(Code::EvidenceFile))
        }
        Verdict::Altered => {
            context.output.note(&format!("`footbridge explain {}` says more", Code::EvidenceAltered));
            Ok(Exit::of_code(Code::EvidenceAltered))
        }
    }
}

/// Half a hash can be met by chance and patience; only the whole one proves anything.
fn whole_hash(typed: &str) -> Result<Digest, Problem> {
    typed.trim().to_lowercase().parse().map_err(|_| {
        Failure::invalid(
            Code::Settings,
            format!("'--head {typed}' is no head hash: it has 64 hexadecimal digits"),
        )
        .hint("the last line of `run` and `approve`, and `footbridge status RUN`, tell it whole")
        .into()
    })
}

fn signing_key(path: &Path) -> Result<SigningKey, Failure> {
    let pem = pem(path)?;
    SigningKey::from_pem(&pem).map_err(|why| unusable(path, why))
}

fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let pem = pem(path)?;
    PublicKey::from_pem(&pem).map_err(|why| unusable(path, why))
}

fn pem(path: &Path) -> Result<String, Failure> {
    let bytes = given_file::read_up_to(path, KEY_BYTES_MAX, Code::SigningKey)
        .map_err(|failure| Failure { code: Code::SigningKey, ..failure })?;
    String::from_utf8(bytes).map_err(|_| unusable(path, "it is no PEM text"))
}

fn unusable(path: &Path, why: &str) -> Failure {
    Failure::invalid(Code::SigningKey, format!("the key '{}' cannot be used: {why}", path.display()))
        .hint("`openssl genpkey -algorithm ed25519 -out KEY.pem` makes one")
}

/// Whatever keeps the file from being read is about the file.
fn unreadable(failure: Failure) -> Failure {
    Failure { code: Code::EvidenceFile, ..failure }
}
