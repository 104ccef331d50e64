//! How large and how often: the sizes of the goals, or a twentieth of them to see that everything works.

#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) quick: bool,
}

impl Scale {
    pub(crate) fn of(self, full: usize) -> usize {
        if self.quick { full.div_ceil(20) } else { full }
    }

    pub(crate) fn rounds(self) -> usize {
        if self.quick { 1 } else { 3 }
    }
}
