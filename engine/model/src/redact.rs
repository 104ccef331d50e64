//! Takes the values of secrets out of everything that is kept or shown.

use crate::Value;

/// Knows the secrets in use and writes `[secret NAME]` wherever one of their values stands.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest value first, so that a secret inside another never leaves the rest behind.
    secrets: Vec<(String, String)>,
}

/// Shorter values would blot out innocent text; a secret that short protects nothing.
const LENGTH_MIN: usize = 4;

impl Redactor {
    pub fn add(&mut self, name: &str, value: &str) {
        if value.len() >= LENGTH_MIN && !self.secrets.iter().any(|(_, known)| known == value) {
            self.secrets.push((name.to_owned(), value.to_owned()));
            self.secrets.sort_by_key(|(_, known)| std::cmp::Reverse(known.len()));
        }
    }

    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    pub fn text(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for (name, value) in &self.secrets {
            if clean.contains(value.as_str()) {
                clean = clean.replace(value.as_str(), &format!("[secret {name}]"));
            }
        }
        clean
    }

    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::Text(text) => Value::Text(self.text(text)),
            Value::CannotTell(why) => Value::CannotTell(self.text(why)),
            Value::List(items) => Value::List(items.iter().map(|item| self.value(item)).collect()),
            Value::Map(map) => {
                Value::Map(map.iter().map(|(key, item)| (self.text(key), self.value(item))).collect())
            }
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Unknown(_)
            | Value::Secret(_) => value.clone(),
        }
    }

    pub fn failure(&self, failure: &crate::Failure) -> crate::Failure {
        let mut clean = failure.clone();
        clean.message = self.text(&clean.message);
        clean.hint = clean.hint.as_deref().map(|hint| self.text(hint));
        if let Some(place) = &mut clean.place {
            place.text = place.text.as_deref().map(|text| self.text(text));
        }
        clean.evidence = clean.evidence.iter().map(|(name, item)| (name.clone(), self.value(item))).collect();
        clean
    }
}

/// Never shows what it guards.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Redactor({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_no_part_behind() {
        let mut redactor = Redactor::default();
        redactor.add("short", "hunter2");
        redactor.add("long", "hunter2-and-more");
        let value =
            Value::from([("k hunter2", Value::List(vec![Value::text("a hunter2-and-more b hunter2")]))]);
        let clean = redactor.value(&value).to_string();
        assert!(!clean.contains("hunter2"), "{clean}");
        assert!(clean.contains("[secret long]") && clean.contains("[secret short]"));
        assert!(!format!("{redactor:?}").contains("hunter2"));
    }
}
