//! Large and deep input: no stack overflows, on a thread of the default stack. How long it takes is not asserted.

use crate::support::{HEAD, findings, shipped};

const STEPS: usize = 10_000;

fn chain(closed: bool) -> (String, Vec<String>) {
    let names: Vec<String> = (0..STEPS).map(|number| format!("s{number}")).collect();
    let mut text = HEAD.to_owned();
    for (number, name) in names.iter().enumerate() {
        text.push_str(&format!("[steps.{name}]\ntitle = \"{name}\"\n"));
        let needed = if number > 0 { Some(number - 1) } else { closed.then_some(STEPS - 1) };
        if let Some(needed) = needed {
            text.push_str(&format!("needs = [\"s{needed}\"]\nwith = {{ first = \"steps.s0.x\" }}\n"));
        }
    }
    (text, names)
}

fn on_a_default_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(work).join().expect("no panic");
}

#[test]
fn ten_thousand_steps_in_one_chain() {
    on_a_default_stack(|| {
        let (text, names) = chain(false);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let workflow = manifest::resolve(&[shipped(&text, &names)]).expect("a good manifest");
        assert_eq!(workflow.steps.len(), STEPS);
        assert!(workflow.steps.iter().zip(&names).all(|(step, name)| step.path.as_str() == *name));
        assert!(workflow.steps[1..].iter().all(|step| step.uses.iter().eq(&["s0".into()])));
    });
}

#[test]
fn ten_thousand_steps_in_one_circle() {
    on_a_default_stack(|| {
        let (text, names) = chain(true);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = findings(&[shipped(&text, &names)]);
        let circles: Vec<&String> = found.iter().filter(|finding| finding.contains(" FB0104 ")).collect();
        assert_eq!(circles.len(), 1);
        assert!(circles[0].contains("s0 → s9999 → "), "{}", &circles[0][..200]);
        assert!(circles[0].len() < 2_000, "a circle of thousands is not listed whole");
    });
}

#[test]
fn thousands_of_mistakes() {
    on_a_default_stack(|| {
        let (text, names) = chain(false);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = text.replace("needs = [\"s", "needs = [\"x");
        let found = findings(&[shipped(&text, &names)]);
        assert_eq!(found.iter().filter(|finding| finding.contains(" FB0105 ")).count(), STEPS - 1);
    });
}

#[test]
fn deep_nesting_is_an_error_and_not_a_crash() {
    on_a_default_stack(|| {
        let deep = 100_000;
        for text in [
            format!("x = {}{}", "[".repeat(deep), "]".repeat(deep)),
            format!("x = {}1{}", "{ a = ".repeat(deep), " }".repeat(deep)),
            format!("x{} = 1", ".a".repeat(deep)),
            format!("[x{}]", ".a".repeat(deep)),
        ] {
            assert!(!findings(&[shipped(&text, &[])]).is_empty(), "{}", &text[..20]);
        }
    });
}
