//! Verifies an evidence file with nothing but the file, and a hash or a key from elsewhere.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::summary::RunSummary;
use model::{Answer, Digest};
use serde::Serialize;

use super::signature::{PublicKey, Signature};
use super::{DATA_END, DATA_START, Data, FORM, FORMAT, folded, named, write};
use crate::values::clean;
use crate::{Paint, Style};

/// What whoever verifies knows from elsewhere. Without any of it a file can vouch for nothing but its own consistency.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outside {
    pub head: Option<Digest>,
    pub key: Option<PublicKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The last record has the hash that is known from elsewhere, and every byte follows from the records.
    AuthenticatedByHead,
    /// The known key signed every byte.
    AuthenticatedBySignature,
    /// The known hash is that of an earlier record: what came after it is only consistent.
    AuthenticatedInPart,
    /// Whole and without contradiction; whoever can write files could have written it so.
    ConsistentNotAuthenticated,
    /// The records are whole; the page cannot be compared with them, for another footbridge writes it otherwise.
    OtherForm,
    Altered,
}

/// One check, in the three values that checks have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    #[serde(flatten)]
    pub answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verified {
    pub verdict: Verdict,
    pub checks: Vec<Finding>,
    /// The run that the file tells of, as far as it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunSummary>,
    pub records: usize,
    /// How many of them, from the first on, the known hash vouches for.
    pub authenticated_records: usize,
    /// The fingerprint (SHA-256) of the key that the file names as its signer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<Digest>,
}

/// `None`: the file is no evidence file at all.
pub fn verify(file: &[u8], outside: Outside) -> Option<Verified> {
    if !holds(file, FORMAT.as_bytes()) {
        return None;
    }
    let mut checks = Checks::default();
    let (body, signature) = Signature::split(file);
    let signed = checks.signature(body, signature.as_ref(), outside.key);
    let mut verified = Verified {
        verdict: Verdict::Altered,
        checks: Vec::new(),
        run: None,
        records: 0,
        authenticated_records: 0,
        signed_by: signature.as_ref().map(|signature| signature.key.fingerprint()),
    };
    if let Some(data) = checks.data(body) {
        verified.records = data.records.len();
        let kept = checks.kept(&data);
        // Records out of order are no history that could be followed.
        if checks.chain(&data) {
            match folded(&data.records, &kept) {
                Ok(state) => {
                    checks.so("the run follows from its records");
                    verified.run = Some(RunSummary::new(&state, true));
                }
                Err(why) => checks.not_so("the run follows from its records", why),
            }
            checks.page(body, &data, &kept, signed);
        }
        if let Some(head) = outside.head {
            verified.authenticated_records = checks.head(&data, head);
        }
    }
    let whole = verified.authenticated_records == verified.records;
    verified.verdict = if checks.0.iter().any(|one| matches!(one.answer, Answer::NotSo(_))) {
        Verdict::Altered
    } else if signed && outside.key.is_some() {
        Verdict::AuthenticatedBySignature
    } else if checks.0.iter().any(|one| matches!(one.answer, Answer::CannotTell(_))) {
        Verdict::OtherForm
    } else if outside.head.is_some() && whole {
        Verdict::AuthenticatedByHead
    } else if outside.head.is_some() {
        Verdict::AuthenticatedInPart
    } else {
        Verdict::ConsistentNotAuthenticated
    };
    if verified.verdict == Verdict::Altered {
        verified.authenticated_records = 0;
    }
    verified.checks = checks.0;
    Some(verified)
}

#[derive(Default)]
struct Checks(Vec<Finding>);

impl Checks {
    fn so(&mut self, check: &'static str) {
        self.0.push(Finding { check, answer: Answer::So });
    }

    fn not_so(&mut self, check: &'static str, why: impl Into<String>) {
        self.0.push(Finding { check, answer: Answer::NotSo(why.into()) });
    }

    fn cannot_tell(&mut self, check: &'static str, why: impl Into<String>) {
        self.0.push(Finding { check, answer: Answer::CannotTell(why.into()) });
    }

    fn finding(&mut self, check: &'static str, wrong: Option<String>) {
        match wrong {
            None => self.so(check),
            Some(why) => self.not_so(check, why),
        }
    }

    /// Whether a signature covers the bytes: by the known key where one is known, else by the one that the file names.
    fn signature(&mut self, body: &[u8], signature: Option<&Signature>, known: Option<PublicKey>) -> bool {
        let check = "the signature is of these bytes";
        match (signature, known) {
            (None, None) => false,
            (None, Some(_)) => {
                self.not_so(check, "the file has no signature");
                false
            }
            (Some(signature), Some(key)) if key != signature.key => {
                let whose = signature.key.fingerprint().short();
                self.not_so(check, format!("it was made with another key ({whose})"));
                false
            }
            (Some(signature), _) => {
                let good = signature.is_of(body, signature.key);
                self.finding(
                    check,
                    (!good).then(|| "the bytes are others than those that were signed".to_owned()),
                );
                good
            }
        }
    }

    fn data(&mut self, body: &[u8]) -> Option<Data> {
        let check = "the records can be read";
        let read = || -> Result<Data, String> {
            let text =
                std::str::from_utf8(body).map_err(|cause| format!("the file is no UTF-8 text: {cause}"))?;
            let (_, rest) = text.split_once(DATA_START).ok_or("the page holds no data")?;
            let (json, _) = rest.split_once(DATA_END).ok_or("the data has no end")?;
            let data: Data = serde_json::from_str(json).map_err(|cause| cause.to_string())?;
            if data.format == FORMAT {
                Ok(data)
            } else {
                Err(format!("the format is '{}'", clean(&data.format)))
            }
        };
        match read() {
            Ok(data) => {
                self.so(check);
                Some(data)
            }
            Err(why) => {
                self.not_so(check, why);
                None
            }
        }
    }

    fn chain(&mut self, data: &Data) -> bool {
        let broken = model::event::first_break(&data.records);
        self.finding(
            "each record carries the hash of the one before it",
            broken.map(|sequence| format!("record {sequence} does not")),
        );
        broken.is_none()
    }

    /// The bytes of workflows and files, each as its digest says; all that are named, and no others.
    fn kept(&mut self, data: &Data) -> BTreeMap<Digest, Vec<u8>> {
        let mut kept = BTreeMap::new();
        let mut wrong = Vec::new();
        let mut missing = named(&data.records);
        for (digest, base64) in &data.kept {
            let named = missing.iter().position(|one| one == digest);
            match (STANDARD.decode(base64), named) {
                (Ok(bytes), Some(at)) if Digest::of_bytes(&bytes) == *digest => {
                    missing.remove(at);
                    kept.insert(*digest, bytes);
                }
                (Ok(_), Some(_)) => {
                    wrong.push(format!("what is kept as {} is something else", digest.short()));
                }
                (Err(cause), _) => {
                    wrong.push(format!("what is kept as {} is no base64: {cause}", digest.short()));
                }
                (_, None) => wrong.push(format!("no record names what is kept as {}", digest.short())),
            }
        }
        wrong.extend(missing.iter().map(|digest| format!("{} is missing", digest.short())));
        self.finding(
            "the pinned workflow and the given files have their digests",
            (!wrong.is_empty()).then(|| wrong.join("; ")),
        );
        kept
    }

    /// The page is written again and compared. `signed`: every byte is vouched for already.
    fn page(&mut self, body: &[u8], data: &Data, kept: &BTreeMap<Digest, Vec<u8>>, signed: bool) {
        let check = "the page is what its records say";
        if data.form != FORM {
            let why = format!("it was written in form {}, this footbridge writes form {FORM}", data.form);
            if !signed {
                self.cannot_tell(check, why);
            }
            return;
        }
        match write(&data.records, kept) {
            Ok(page) => self.finding(check, difference(body, page.as_bytes())),
            Err(_) => self.not_so(check, "it cannot be written from them"),
        }
    }

    /// How many records the known hash vouches for.
    fn head(&mut self, data: &Data, head: Digest) -> usize {
        let check = "a record has the hash that is known from elsewhere";
        if let Some(at) = data.records.iter().position(|record| record.hash == head) {
            self.so(check);
            at + 1
        } else {
            self.not_so(check, format!("none has {head}"));
            0
        }
    }
}

fn holds(file: &[u8], part: &[u8]) -> bool {
    file.windows(part.len()).any(|window| window == part)
}

/// Where two texts part.
fn difference(found: &[u8], expected: &[u8]) -> Option<String> {
    if found == expected {
        return None;
    }
    let at = found.iter().zip(expected).take_while(|(one, other)| one == other).count();
    let line = found[..at].split(|byte| *byte == b'\n').count();
    let shown = |text: &[u8]| {
        let end = text.len().min(at + 32);
        clean(&String::from_utf8_lossy(&text[at.min(end)..end]))
    };
    Some(format!(
        "from byte {at}, line {line}, it has '{}' where '{}' should be",
        shown(found),
        shown(expected)
    ))
}

impl Verified {
    pub fn text(&self, style: Style) -> String {
        let mut text = String::new();
        if let Some(run) = &self.run {
            text.push_str(&format!(
                "{} {} of {} {} on {}, {} records\n",
                style.strong(&run.run.to_string()),
                crate::summary::status_word(run.state),
                clean(&run.workflow),
                clean(&run.version),
                clean(&run.target),
                self.records
            ));
        }
        for finding in &self.checks {
            let (paint, sign, why) = match &finding.answer {
                Answer::So => (Paint::Good, "✓", String::new()),
                Answer::NotSo(why) => (Paint::Conflict, "✗", format!(": {}", clean(why))),
                Answer::CannotTell(why) => (Paint::Unknown, "?", format!(": {}", clean(why))),
            };
            text.push_str(&format!("  {} {}{why}\n", style.paint(paint, sign), finding.check));
        }
        let (paint, told) = match self.verdict {
            Verdict::AuthenticatedByHead => (Paint::Good, "authenticated by the head hash".to_owned()),
            Verdict::AuthenticatedBySignature => (Paint::Good, "authenticated by the signature".to_owned()),
            Verdict::AuthenticatedInPart => (
                Paint::Update,
                format!(
                    "authenticated up to record {} of {}; what came later is consistent, not authenticated",
                    self.authenticated_records.saturating_sub(1),
                    self.records.saturating_sub(1)
                ),
            ),
            Verdict::ConsistentNotAuthenticated => {
                (Paint::Update, "consistent, not authenticated".to_owned())
            }
            Verdict::OtherForm => (
                Paint::Update,
                "the records are consistent; the page cannot be compared with them".to_owned(),
            ),
            Verdict::Altered => (Paint::Conflict, "altered".to_owned()),
        };
        text.push_str(&format!("{}\n", style.paint(paint, &told)));
        if let (Some(signer), Verdict::ConsistentNotAuthenticated) = (self.signed_by, self.verdict) {
            text.push_str(&format!(
                "signed with the key {signer}; whose key that is must be known from elsewhere\n"
            ));
        }
        text
    }
}
