//! Which run a person means: its id, the beginning or the end of it, or `latest`.

use contracts::Service;
use model::{Code, Failure, RunId, StepPath};

use crate::load::Loaded;
use crate::problem::Problem;

pub(crate) async fn find(service: &dyn Service, typed: &str) -> Result<RunId, Problem> {
    Ok(choose(typed, &service.runs().await?)?)
}

/// Which of the run's steps a person means.
pub(crate) fn step(loaded: &Loaded, typed: &str) -> Result<StepPath, Problem> {
    let path = StepPath::new(typed);
    if loaded.state.position(&path).is_some() {
        return Ok(path);
    }
    let known: Vec<&str> = loaded.state.workflow.steps.iter().map(|step| step.path.as_str()).collect();
    let hint = match manifest::nearest(typed, known.iter().copied()) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("its steps are {}", known.join(", ")),
    };
    Err(Failure::invalid(Code::Settings, format!("the run has no step '{typed}'")).hint(hint).into())
}

/// `runs`: newest first.
fn choose(typed: &str, runs: &[RunId]) -> Result<RunId, Failure> {
    let unknown = |message: String| Failure::invalid(Code::RunUnknown, message);
    let Some(newest) = runs.first() else {
        return Err(unknown(format!("there is no run '{typed}'; there are no runs at all"))
            .hint("`footbridge run sfb-online --target sim` makes one; `--state` says where runs are kept"));
    };
    if typed == "latest" {
        return Ok(*newest);
    }
    let wanted = typed.to_lowercase();
    let names: Vec<String> = runs.iter().map(RunId::to_string).collect();
    let hits: Vec<usize> = (0..names.len())
        .filter(|at| !wanted.is_empty() && (names[*at].starts_with(&wanted) || names[*at].ends_with(&wanted)))
        .collect();
    match hits[..] {
        [only] => Ok(runs[only]),
        [] => {
            let near = names.iter().min_by_key(|name| {
                // People copy the end of an id, or all of it.
                let end = &name[name.len().saturating_sub(wanted.len())..];
                strsim::levenshtein(&wanted, name).min(strsim::levenshtein(&wanted, end))
            });
            let near = near.map_or_else(|| newest.to_string(), String::clone);
            Err(unknown(format!("there is no run '{typed}'")).hint(format!(
                "the nearest is {near}; `footbridge status` lists all, `latest` means {newest}"
            )))
        }
        _ => {
            let some: Vec<&str> = hits.iter().take(4).map(|at| names[*at].as_str()).collect();
            Err(unknown(format!("'{typed}' fits {} runs", hits.len()))
                .hint(format!("write more of it: {}", some.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_by_either_end_and_by_latest() {
        let old = RunId::new(1_000_000_000_000, 0xaaaa_aaaa_aaaa);
        let new = RunId::new(1_900_000_000_000, 0xbbbb_bbbb_bbbb);
        let runs = [new, old];
        let name = old.to_string();
        assert_eq!(choose("latest", &runs), Ok(new));
        assert_eq!(choose(&name.to_uppercase(), &runs), Ok(old));
        assert_eq!(choose(&name[..10], &runs), Ok(old));
        assert_eq!(choose(&name[20..], &runs), Ok(old));
        assert_eq!(choose("0", &runs).expect_err("both").code, Code::RunUnknown);
        let typo = format!("{}x", &name[..25]);
        assert!(choose(&typo, &runs).expect_err("none").hint.is_some_and(|hint| hint.contains(&name)));
        assert!(choose("", &runs).is_err());
        assert!(choose("latest", &[]).is_err());
    }
}
