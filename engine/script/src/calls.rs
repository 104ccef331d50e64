//! The calls that stand in a script: by which function, to which, with which arguments, and whether they always happen.

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

/// A function of a script with the calls in it.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    /// The shared script it belongs to; `None` for the step's own.
    pub(crate) module: Option<String>,
    /// Empty for the step's own script.
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) arity: usize,
    pub(crate) position: Position,
    pub(crate) calls: Vec<Call>,
    /// Functions it holds as values: closures above all.
    pub(crate) pointers: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The first part of a qualified name.
    pub(crate) module: Option<String>,
    pub(crate) name: String,
    pub(crate) arity: usize,
    pub(crate) given: Given,
    pub(crate) position: Position,
    /// In a straight line from the function's first statement: under no condition, in no loop.
    pub(crate) always: bool,
}

/// What a call hands over, as far as it is written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Named(Vec<String>),
    /// A variable or an expression.
    Dynamic,
    /// Certainly no map, or more than one argument.
    Wrong,
}

impl Call {
    pub(crate) fn path(&self) -> String {
        match &self.module {
            Some(module) => format!("{module}::{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Body {
    pub(crate) fn anonymous(&self) -> bool {
        self.name.contains('$')
    }

    pub(crate) fn key(&self) -> (Option<String>, String, usize) {
        (self.module.clone(), self.name.clone(), self.arity)
    }

    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.calls.iter().any(|call| call.module.is_none() && call.name == name)
            || self.pointers.iter().any(|pointer| pointer == name)
    }

    /// Whether this function may call the other. Methods and pointers hide the number of arguments, so names decide.
    pub(crate) fn reaches(&self, other: &Body) -> bool {
        if self.module == other.module && self.mentions(&other.name) {
            return true;
        }
        let qualified =
            |call: &&Call| call.module.is_some() && call.name == other.name && call.arity == other.arity;
        other.module.is_some() && self.calls.iter().any(|call| qualified(&call))
    }
}

/// Every function of the script, closures included.
pub(crate) fn bodies(ast: &AST) -> Vec<Body> {
    ast.iter_functions()
        .map(|function| {
            // Not the filtering clone: it keeps every function when it starts from none.
            let mut alone = ast.clone_functions_only();
            alone.retain_functions(|_, _, name, arity| {
                name == function.name && arity == function.params.len()
            });
            let found = collect(&alone);
            let position = alone.iter_fn_def().next().map_or(Position::NONE, |one| one.body.start_position());
            Body {
                module: None,
                file: String::new(),
                name: function.name.to_owned(),
                arity: function.params.len(),
                position,
                calls: found.calls,
                pointers: found.pointers,
            }
        })
        .collect()
}

/// The calls outside every function.
pub(crate) fn top_level(ast: &AST) -> Vec<Call> {
    collect(&ast.clone_statements_only()).calls
}

#[derive(Default)]
struct Found {
    calls: Vec<Call>,
    pointers: Vec<String>,
}

fn collect(ast: &AST) -> Found {
    let mut found = Found::default();
    ast.walk(&mut |path: &[ASTNode]| {
        match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, position) | Expr::MethodCall(call, position))) => {
                found.calls.push(read(call, *position, path));
            }
            Some(ASTNode::Stmt(Stmt::FnCall(call, position))) => {
                found.calls.push(read(call, *position, path));
            }
            Some(ASTNode::Expr(Expr::DynamicConstant(value, _))) => {
                if let Some(pointer) = value.read_lock::<rhai::FnPtr>() {
                    found.pointers.push(pointer.fn_name().to_owned());
                }
            }
            _ => {}
        }
        true
    });
    found
}

fn read(call: &FnCallExpr, position: Position, path: &[ASTNode]) -> Call {
    if call.name == "Fn"
        && let Some(Expr::StringConstant(name, _)) = call.args.first()
    {
        return Call {
            module: None,
            name: name.to_string(),
            arity: 0,
            given: Given::Dynamic,
            position,
            always: false,
        };
    }
    let module = call.is_qualified().then(|| call.namespace.root().to_owned());
    Call {
        position: if module.is_some() { call.namespace.position() } else { position },
        module,
        name: call.name.to_string(),
        arity: call.args.len(),
        given: given(call),
        always: always(path),
    }
}

fn given(call: &FnCallExpr) -> Given {
    match call.args.as_slice() {
        [] => Given::Named(Vec::new()),
        [Expr::Map(entries, _)] => Given::Named(entries.1.keys().map(ToString::to_string).collect()),
        [Expr::DynamicConstant(value, _)] => value
            .read_lock::<rhai::Map>()
            .map_or(Given::Wrong, |map| Given::Named(map.keys().map(ToString::to_string).collect())),
        [
            Expr::BoolConstant(..)
            | Expr::IntegerConstant(..)
            | Expr::FloatConstant(..)
            | Expr::CharConstant(..)
            | Expr::StringConstant(..)
            | Expr::InterpolatedString(..)
            | Expr::Array(..)
            | Expr::Unit(_),
        ] => Given::Wrong,
        [_] => Given::Dynamic,
        _ => Given::Wrong,
    }
}

fn always(path: &[ASTNode]) -> bool {
    path.iter().all(|node| match node {
        ASTNode::Stmt(statement) => !matches!(
            statement,
            Stmt::If(..)
                | Stmt::While(..)
                | Stmt::Do(..)
                | Stmt::For(..)
                | Stmt::TryCatch(..)
                | Stmt::Switch(..)
        ),
        ASTNode::Expr(expression) => {
            !matches!(expression, Expr::And(..) | Expr::Or(..) | Expr::Coalesce(..) | Expr::Custom(..))
        }
        _ => true,
    })
}
