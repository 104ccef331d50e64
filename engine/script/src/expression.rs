//! Expressions of the manifest: `params.x`, `steps.a.b`, `steps.a?.b`, operators over them, and nothing that acts.

use std::time::Duration;

use contracts::PhaseEnd;
use model::value::Map;
use model::workflow::Expression;
use model::{Code, Failure, Place, Value};
use rhai::{AST, ASTNode, Engine, EvalAltResult, Expr, Scope};

use crate::bind::meet_unknowns;
use crate::cache::{Cache, key};
use crate::convert::{to_dynamic, to_value};
use crate::engine::Base;
use crate::limits::Limits;
use crate::sticky::{PhaseContext, placed};

/// How deep an expression may nest: it is evaluated on the caller's thread, whose stack may be small.
const DEPTH_MAX: usize = 24;
const TIME_MAX: Duration = Duration::from_secs(2);

/// A value of another step that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) root: String,
    pub(crate) name: String,
    /// Written `?.` after the name, so that a skipped step gives `()`.
    pub(crate) optional: bool,
    pub(crate) property: Option<String>,
}

/// Only parses.
pub(crate) fn parse(base: &Base, limits: &Limits, expression: &Expression) -> Result<AST, Failure> {
    let engine = engine(base, limits, None);
    let mut scope = Scope::new();
    scope.push_constant("params", rhai::Map::new()).push_constant("steps", rhai::Map::new());
    engine.compile_expression_with_scope(&scope, &expression.text).map_err(|error| {
        let text = error.err_type().to_string();
        let failure = Failure::invalid(
            Code::ManifestExpression,
            format!("the expression '{}' cannot be read: {}", expression.text, lower_first(&text)),
        );
        failure.hint("an expression reads params.NAME and steps.STEP.OUTPUT").at(place(expression))
    })
}

/// An expression that was parsed, with what it reads.
#[derive(Debug)]
pub(crate) struct Parsed {
    ast: AST,
    readings: Vec<Reading>,
}

impl Parsed {
    fn new(base: &Base, limits: &Limits, expression: &Expression) -> Result<Parsed, Failure> {
        let ast = parse(base, limits, expression)?;
        Ok(Parsed { readings: readings(&ast), ast })
    }
}

/// Gives [`PhaseEnd::Returned`], [`PhaseEnd::Needs`] or [`PhaseEnd::Failed`] with `FB0107`. `kept` holds what was parsed
/// before, by its text.
pub(crate) fn evaluate(
    base: &Base,
    limits: &Limits,
    kept: &Cache<Parsed>,
    expression: &Expression,
    scope: &Map,
) -> PhaseEnd {
    let parsed = kept.get_or_make(key([expression.text.as_str()]), || Parsed::new(base, limits, expression));
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(failure) => return PhaseEnd::Failed(failure),
    };
    let context = PhaseContext::new("", None, None, limits.expression_operations, TIME_MAX);
    let mut engine = engine(base, limits, Some(&context));
    engine.set_default_tag(rhai::Dynamic::from(std::sync::Arc::clone(&context)));
    let mut variables = Scope::new();
    for name in ["params", "steps"] {
        let mut value = scope.get(name).cloned().unwrap_or_else(|| Value::Map(Map::new()));
        if name == "steps" {
            fill_skipped(&mut value, &parsed.readings);
        }
        meet_unknowns(&context, &value);
        match to_dynamic(&value) {
            Ok(value) => variables.push_constant_dynamic(name, value),
            Err(why) => return PhaseEnd::Failed(failure(expression, &why)),
        };
    }
    let result = engine.eval_ast_with_scope::<rhai::Dynamic>(&mut variables, &parsed.ast);
    if let Some(ended) = context.ended() {
        return match ended.end {
            PhaseEnd::Failed(failure) => PhaseEnd::Failed(placed(failure, Some(place(expression)))),
            end => end,
        };
    }
    match result {
        Ok(value) => match to_value(&value) {
            Ok(value) => PhaseEnd::Returned(value),
            Err(why) => PhaseEnd::Failed(failure(expression, &format!("it gives {why}"))),
        },
        Err(error) => failed(expression, &context, &error),
    }
}

/// What of `params` and `steps` an expression reads, as far as it is written out.
pub(crate) fn readings(ast: &AST) -> Vec<Reading> {
    let mut found = Vec::new();
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Expr(Expr::Dot(parts, _, _))) = path.last()
            && let Expr::Variable(variable, ..) = &parts.lhs
            && ["params", "steps"].contains(&variable.1.as_str())
        {
            let root = variable.1.to_string();
            match &parts.rhs {
                Expr::Property(property, _) => found.push(Reading {
                    root,
                    name: property.2.to_string(),
                    optional: false,
                    property: None,
                }),
                Expr::Dot(inner, flags, _) => {
                    if let Expr::Property(name, _) = &inner.lhs {
                        found.push(Reading {
                            root,
                            name: name.2.to_string(),
                            optional: flags.intersects(rhai::ASTFlags::NEGATED),
                            property: first_property(&inner.rhs),
                        });
                    }
                }
                _ => {}
            }
        }
        true
    });
    found
}

fn first_property(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Property(property, _) => Some(property.2.to_string()),
        Expr::Dot(parts, ..) | Expr::Index(parts, ..) => first_property(&parts.lhs),
        _ => None,
    }
}

/// A step that has no outputs was skipped: reading it with `?.` gives `()`.
fn fill_skipped(steps: &mut Value, readings: &[Reading]) {
    if let Value::Map(map) = steps {
        for reading in readings.iter().filter(|reading| reading.root == "steps") {
            map.entry(reading.name.clone()).or_insert(Value::Null);
        }
    }
}

fn engine(base: &Base, limits: &Limits, context: Option<&std::sync::Arc<PhaseContext>>) -> Engine {
    let mut engine = base.engine(limits, &Vec::new(), context.cloned());
    engine.set_max_expr_depths(DEPTH_MAX, DEPTH_MAX).set_max_call_levels(8);
    engine.set_allow_anonymous_fn(false).set_allow_looping(false);
    engine
}

fn failed(expression: &Expression, context: &PhaseContext, error: &EvalAltResult) -> PhaseEnd {
    let text = error.unwrap_inner().to_string();
    let text = text.split(" (line ").next().unwrap_or(&text);
    if let Some(origin) = context.unknown_in(text) {
        return PhaseEnd::Needs { origin };
    }
    if let EvalAltResult::ErrorRuntime(thrown, _) = error.unwrap_inner()
        && let Some(map) = thrown.read_lock::<rhai::Map>()
        && let (Some(code), Some(message)) = (map.get("code"), map.get("message"))
        && let Some(failure) = context.find_thrown(&code.to_string(), &message.to_string())
    {
        return PhaseEnd::Failed(placed(failure, Some(place(expression))));
    }
    let mut failure = failure(expression, &lower_first(text));
    if text.contains("()") && expression.text.contains("steps.") {
        failure = failure.hint("a skipped step has no outputs; write steps.STEP?.OUTPUT to get () for it");
    }
    PhaseEnd::Failed(failure)
}

fn failure(expression: &Expression, why: &str) -> Failure {
    Failure::invalid(
        Code::ManifestExpression,
        format!("the expression '{}' has no value: {why}", expression.text),
    )
    .at(place(expression))
}

pub(crate) fn place(expression: &Expression) -> Place {
    Place { file: expression.file.clone(), line: expression.line, column: expression.column, text: None }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
