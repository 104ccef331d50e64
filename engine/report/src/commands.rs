//! What a plan would send, line by line.

use serde::{Deserialize, Serialize};

use crate::Style;

/// What one change would send. The same shape on disk, on the wire and here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commands {
    pub step: String,
    pub key: String,
    pub requests: Vec<Request>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub channel: String,
    pub line: String,
    #[serde(default)]
    pub body: String,
}

pub fn text(list: &[Commands], style: Style) -> String {
    if list.is_empty() {
        return "nothing would be sent\n".to_owned();
    }
    let mut text = String::new();
    for one in list {
        text.push_str(&format!("{}\n", style.strong(&format!("# {} {}", one.step, one.key))));
        if let Some(why) = &one.unknown {
            text.push_str(&format!("{}\n", style.quiet(&format!("# cannot be said yet: {why}"))));
        }
        for request in &one.requests {
            text.push_str(&format!("{}  {}\n", style.quiet(&format!("[{}]", request.channel)), request.line));
            for line in request.body.lines() {
                text.push_str(&format!("    {line}\n"));
            }
        }
        text.push('\n');
    }
    text
}
