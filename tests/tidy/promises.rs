//! The page of promises names tests, and each of them is there.

use crate::repository::root;

#[test]
fn every_promise_names_tests_that_exist() {
    let page = std::fs::read_to_string(root().join("docs/promises.md")).expect("the page of promises");
    let promises: Vec<&str> = page.split("\n## ").skip(1).collect();
    for (at, promise) in promises.iter().enumerate() {
        let title = promise.lines().next().unwrap_or_default();
        assert!(title.starts_with(&format!("{}. ", at + 1)), "'{title}' is out of order");
        let tests: Vec<(&str, &str)> = promise.lines().filter_map(test).collect();
        assert!(!tests.is_empty(), "no test tries to break promise {title}");
        for (name, file) in tests {
            let text = std::fs::read_to_string(root().join("docs").join(file)).unwrap_or_default();
            assert!(text.contains(&format!("fn {name}(")), "{title}: there is no test '{name}' in {file}");
        }
    }
    assert_eq!(promises.len(), 10);
}

/// "- `name` in [words](file)".
fn test(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.strip_prefix("- `")?.split_once("` in [")?;
    let (_, file) = rest.split_once("](")?;
    Some((name, file.strip_suffix(')')?))
}
