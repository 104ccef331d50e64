//! A proof as JUnit XML, which every build server reads.

use quick_xml::Writer;
use quick_xml::events::{BytesText, Event};

use crate::proof::Proof;
use crate::trial::Verdict;

/// One suite, named after the workflow; a test case for each trial.
pub fn junit(workflow: &str, proof: &Proof) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let tests = proof.ends.len().to_string();
    let failures = proof.failures().count().to_string();
    let skipped = proof.ends.iter().filter(|end| end.verdict == Verdict::NotReached).count().to_string();
    let suite = [
        ("name", workflow),
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
        ("skipped", skipped.as_str()),
    ];
    writer
        .create_element("testsuites")
        .write_inner_content(|writer| {
            writer.create_element("testsuite").with_attributes(suite).write_inner_content(|writer| {
                for end in &proof.ends {
                    let (name, time) =
                        (end.trial.disturbance.to_string(), format!("{:.3}", end.took.as_secs_f64()));
                    let case = writer.create_element("testcase").with_attributes([
                        ("classname", format!("{workflow}.{}", end.trial.case).as_str()),
                        ("name", name.as_str()),
                        ("time", time.as_str()),
                    ]);
                    match &end.verdict {
                        Verdict::Passed => case.write_empty()?,
                        Verdict::NotReached => case.write_inner_content(|writer| {
                            writer
                                .create_element("skipped")
                                .with_attribute(("message", "the run ended before this point"))
                                .write_empty()
                                .map(|_| ())
                        })?,
                        Verdict::Failed { why } => case.write_inner_content(|writer| {
                            let first = why.lines().next().unwrap_or_default();
                            writer
                                .create_element("failure")
                                .with_attribute(("message", clean(first).as_str()))
                                .write_text_content(BytesText::new(&clean(why)))
                                .map(|_| ())
                        })?,
                    };
                }
                Ok(())
            })?;
            Ok(())
        })
        .and_then(|writer| writer.write_event(Event::Text(BytesText::new("\n"))))
        .expect("memory can be written");
    let body = String::from_utf8(writer.into_inner()).expect("what was text stays text");
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}")
}

/// XML has no way to say most control characters.
fn clean(text: &str) -> String {
    text.chars()
        .map(|other| if other.is_control() && !matches!(other, '\n' | '\t') { ' ' } else { other })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::disturbance::Disturbance;
    use crate::trial::{End, Trial};

    #[test]
    fn what_fails_is_told_and_nothing_breaks_the_document() {
        let end = |case: &str, verdict| End {
            trial: Trial { case: case.into(), disturbance: Disturbance::Faults { seed: 3 } },
            verdict,
            took: Duration::from_millis(1500),
        };
        let why = "it is <not> \"so\" & \u{1b}[31mred\nsecond line".to_owned();
        let proof = Proof {
            ends: vec![
                end("a", Verdict::Passed),
                end("b", Verdict::Failed { why }),
                end("c", Verdict::NotReached),
            ],
        };
        let text = junit("flow", &proof);
        assert!(text.contains(r#"<testsuite name="flow" tests="3" failures="1" skipped="1">"#), "{text}");
        assert!(text.contains(r#"<testcase classname="flow.a" name="faults:3" time="1.500"/>"#), "{text}");
        assert!(text.contains("&lt;not&gt;") && !text.contains('\u{1b}'), "{text}");
        assert!(text.contains("second line</failure>"), "{text}");
    }
}
