//! `footbridge trace`: recorded traffic compared with what a target's should look like.

use std::path::PathBuf;

use model::Code;
use report::examined;

use crate::command::inspect;
use crate::context::Context;
use crate::given_file;
use crate::inspector::Expectation;
use crate::problem::{Outcome, Problem};
use crate::resolve;

#[derive(clap::Args, Debug)]
#[command(after_help = "Exit codes: 0 pass, 2 warn, 4 fail, 1 cannot tell, 3 the file cannot be read.\n\
Nothing of the file is kept. Signatures of tokens and what names a person are never shown.")]
pub(crate) struct Arguments {
    /// A HAR file of a browser or of Fiddler, or a text with requests or the output of Test-OAuthConnectivity; `-` for
    /// standard input
    file: PathBuf,
    /// Whose traffic it is: sim, sim:NAME, the NAME of a target file, or its path
    #[arg(long)]
    target: Option<String>,
    /// The tenant's id, where no target tells it
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
    /// A host name under which Exchange is published, beside the target's
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// An application to look for, instead of the shipped ones
    #[arg(long = "app-id", value_name = "ID")]
    app_ids: Vec<String>,
    /// SHA-1 of a certificate that is uploaded; what Exchange signs is compared with it
    #[arg(long = "thumbprint", value_name = "SHA1", value_parser = thumbprint)]
    thumbprints: Vec<String>,
}

pub(crate) async fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let bytes = given_file::read(&arguments.file, Code::Trace)?;
    let expectation = expectation(context, arguments).await?;
    let found = context.wiring.inspector.trace(&bytes, &expectation)?;
    context.output.either(|| examined::json(&found), |style| examined::text(&found, style));
    Ok(inspect::exit(found.grade))
}

async fn expectation(context: &Context, arguments: Arguments) -> Result<Expectation, Problem> {
    let known = match &arguments.target {
        Some(target) => {
            let named = resolve::target(context, target)?;
            context.opened()?.targets.facts(&named.reference).await?
        }
        None => contracts::TargetFacts::default(),
    };
    let lower = |text: String| text.trim().to_ascii_lowercase();
    Ok(Expectation {
        tenant: lower(arguments.tenant.unwrap_or(known.tenant)),
        domains: known.domains.into_iter().map(lower).collect(),
        hosts: known.hosts.into_iter().chain(arguments.hosts).map(lower).collect(),
        app_ids: arguments.app_ids.into_iter().map(lower).collect(),
        thumbprints: arguments.thumbprints,
    })
}

/// As certificate dialogs and `Get-AuthConfig` show it: blanks, colons and either case.
fn thumbprint(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | ':' | '\u{200e}')).collect();
    if digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(digits.to_ascii_uppercase())
    } else {
        Err("the 40 hex digits of a certificate's SHA-1 are needed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprints_as_dialogs_show_them() {
        let plain = "C3".repeat(20);
        let spaced = format!("\u{200e}{}", "c3 ".repeat(20));
        assert_eq!(thumbprint(&plain).as_deref(), Ok(plain.as_str()));
        assert_eq!(thumbprint(&spaced).as_deref(), Ok(plain.as_str()));
        assert_eq!(thumbprint(&"c3:".repeat(20)).as_deref(), Ok(plain.as_str()));
        assert!(thumbprint("C3").is_err() && thumbprint(&"x".repeat(40)).is_err());
    }
}
