//! Source to AST, with one hook woven in: each `catch` block first asks whether it may catch at all.

use model::workflow::Script;
use model::{Failure, Place};
use rhai::{AST, ASTNode, Engine, Expr, Position, Stmt};

use crate::error::{place_in, syntax};
use crate::prelude::CAUGHT;

/// A script ready to run.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) file: String,
    pub(crate) source: String,
    /// As written; for looking at.
    pub(crate) written: AST,
    /// With the hooks; for running.
    pub(crate) ast: AST,
    woven: Vec<Woven>,
}

/// Text put into the source after the character at this place.
#[derive(Debug)]
struct Woven {
    line: usize,
    column: usize,
    text: String,
}

impl Compiled {
    /// The failure carries its place in the script.
    pub(crate) fn new(engine: &Engine, script: &Script) -> Result<Compiled, Failure> {
        let failed = |error: rhai::ParseError| syntax(&error, &script.file, &script.source);
        let mut written = engine.compile(&script.source).map_err(failed)?;
        written.set_source(script.file.as_str());
        let woven = hooks(&written);
        let mut ast = if woven.is_empty() {
            written.clone()
        } else {
            engine.compile(weave(&script.source, &woven)).map_err(failed)?
        };
        ast.set_source(script.file.as_str());
        Ok(Compiled { file: script.file.clone(), source: script.source.clone(), written, ast, woven })
    }

    /// A position in the running script as a place in the written one.
    pub(crate) fn place(&self, position: Position) -> Place {
        let mut place = place_in(&self.file, &self.source, position);
        let mut before = 0;
        for woven in self.woven.iter().filter(|woven| woven.line == place.line) {
            if place.column > woven.column + before {
                before += woven.text.chars().count();
            }
        }
        place.column = place.column.saturating_sub(before);
        place
    }
}

/// In the order of the source.
fn hooks(ast: &AST) -> Vec<Woven> {
    let mut woven = Vec::new();
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::TryCatch(parts, _))) = path.last() {
            let start = parts.branch.position();
            if let (Some(line), Some(column)) = (start.line(), start.position()) {
                if let Expr::Variable(variable, ..) = &parts.expr {
                    woven.push(Woven { line, column, text: format!("{CAUGHT}({});", variable.1) });
                } else {
                    // The variable has to stand before the brace, the call after it.
                    woven.push(Woven { line, column: column - 1, text: "(caught__error)".to_owned() });
                    woven.push(Woven { line, column, text: format!("{CAUGHT}(caught__error);") });
                }
            }
        }
        true
    });
    woven.sort_by_key(|one| (one.line, one.column));
    woven.dedup_by_key(|one| (one.line, one.column));
    woven
}

fn weave(source: &str, woven: &[Woven]) -> String {
    let mut result = String::with_capacity(source.len() + woven.len() * 32);
    for (index, line) in source.split_inclusive('\n').enumerate() {
        let here: Vec<&Woven> = woven.iter().filter(|one| one.line == index + 1).collect();
        let put = |result: &mut String, column: usize| {
            here.iter().filter(|one| one.column == column).for_each(|one| result.push_str(&one.text));
        };
        put(&mut result, 0);
        for (column, letter) in line.chars().enumerate() {
            result.push(letter);
            put(&mut result, column + 1);
        }
    }
    result
}
