//! `footbridge inspect`: what a certificate, a token or a HAR file is and says.

use std::path::PathBuf;

use model::{Code, Timestamp};
use report::examined::{self, Grade};

use crate::Exit;
use crate::context::{Context, now};
use crate::given_file;
use crate::problem::Outcome;

#[derive(clap::Args, Debug)]
#[command(
    after_help = "Exit codes: 0 fine, 2 usable with reservations (warn), 4 refused, 3 the file cannot be read.\n\
Signatures of tokens and what names a person are never shown."
)]
pub(crate) struct Arguments {
    /// A certificate in any form, a token, or a HAR file; `-` for standard input
    file: PathBuf,
    /// Judge it at this time instead of now (2026-06-01 or 2026-06-01T08:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    now: Option<Timestamp>,
}

pub(crate) fn perform(context: &Context, arguments: Arguments) -> Outcome {
    let bytes = given_file::read(&arguments.file, Code::Settings)?;
    let found = context.wiring.inspector.inspect(&bytes, arguments.now.unwrap_or_else(now));
    context.output.either(|| examined::json(&found), |style| examined::text(&found, style));
    Ok(exit(found.grade))
}

pub(crate) fn exit(grade: Grade) -> Exit {
    match grade {
        Grade::Fine => Exit::Ok,
        Grade::Warn => Exit::Changes,
        Grade::CannotTell => Exit::Error,
        Grade::Bad => Exit::CheckFailed,
    }
}

/// A day begins at midnight in UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    let whole = if text.contains(['T', 't', ' ']) { text.to_owned() } else { format!("{text}T00:00:00Z") };
    Timestamp::parse_rfc3339(&whole).ok_or_else(|| "a time such as 2026-06-01T08:00:00Z is needed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_days() {
        for (text, expected) in [
            ("2026-06-01", Some("2026-06-01T00:00:00Z")),
            ("2026-06-01T08:00:00Z", Some("2026-06-01T08:00:00Z")),
            ("2026-06-01T10:00:00+02:00", Some("2026-06-01T08:00:00Z")),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(moment(text).ok().map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
    }
}
