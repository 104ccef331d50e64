//! What a customer's program writes: lines do not depend on how they arrive, and each is an answer or a reason to show.

use process::{Answer, Splitter, read_answer};

pub fn json_lines(bytes: &[u8]) {
    let whole = lines(bytes, bytes.len().max(1));
    assert_eq!(whole, lines(bytes, 7));
    for line in whole {
        let read = read_answer(&line);
        match &read {
            Ok(Answer::Failed { failed, .. }) => {
                super::assert_showable(&failed.message);
                failed.hint.iter().for_each(|hint| super::assert_showable(hint));
            }
            Ok(Answer::Hello { functions, .. }) => {
                functions.iter().for_each(|name| super::assert_showable(name))
            }
            Ok(Answer::Reply { value, evidence, .. }) => {
                // They go to a journal and come back.
                for value in std::iter::once(value).chain(evidence.values()) {
                    assert_eq!(model::Value::from_json(value.to_json()), *value);
                }
            }
            Ok(Answer::Described { .. }) => {}
            Err(why) => super::assert_showable(why),
        }
        assert_eq!(read, read_answer(&line));
    }
}

fn lines(bytes: &[u8], part: usize) -> Vec<Vec<u8>> {
    let mut splitter = Splitter::default();
    let mut lines = Vec::new();
    for part in bytes.chunks(part) {
        splitter.push(part);
        while let Ok(Some(line)) = splitter.take() {
            lines.push(line);
        }
    }
    lines
}
