//! How much a script may use before it is stopped.

/// Every number is a ceiling; a script that reaches one is stopped with `FB0204`, which names the limit and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations of one phase, closures included.
    pub operations: u64,
    /// Script functions inside one another. More than about 500 overflow a stack of 2 MiB.
    pub call_levels: usize,
    /// Bytes of one string, and of all strings inside one list or map together.
    pub string_size: usize,
    /// Entries of one list, nested ones included.
    pub array_size: usize,
    /// Entries of one map, nested ones included.
    pub map_size: usize,
    /// Variables in one function.
    pub variables: usize,
    /// How deep expressions and blocks may nest in the source.
    pub expression_depth: usize,
    /// Operations of one manifest expression.
    pub expression_operations: u64,
    /// Threads, and so scripts that run at the same time; the others queue.
    pub threads: usize,
    /// Bytes of each thread's stack; reserved, not used up.
    pub stack_size: usize,
    /// Bytes of source text whose compiled form is kept: of scripts, and as many of expressions.
    pub compiled: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            operations: 5_000_000,
            call_levels: 64,
            string_size: 256 * 1024,
            array_size: 10_000,
            map_size: 10_000,
            variables: 256,
            expression_depth: 64,
            expression_operations: 100_000,
            threads: 64,
            stack_size: 16 * 1024 * 1024,
            compiled: 8 * 1024 * 1024,
        }
    }
}
