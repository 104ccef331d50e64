//! A proof as a table: cases down, kinds of disturbance across.

use std::collections::BTreeMap;

use crate::proof::Proof;
use crate::trial::Verdict;

/// What came of the trials of one case and one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    pub passed: usize,
    pub not_reached: usize,
    pub failed: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// Kinds that were tried at all, in their order.
    pub kinds: Vec<&'static str>,
    pub rows: Vec<(String, BTreeMap<&'static str, Cell>)>,
}

impl Matrix {
    pub fn of(proof: &Proof) -> Matrix {
        let mut matrix = Matrix::default();
        for end in &proof.ends {
            let kind = end.trial.disturbance.kind();
            if !matrix.kinds.contains(&kind) {
                matrix.kinds.push(kind);
            }
            if matrix.rows.last().is_none_or(|(case, _)| *case != end.trial.case) {
                matrix.rows.push((end.trial.case.clone(), BTreeMap::new()));
            }
            let (_, cells) = matrix.rows.last_mut().expect("pushed above");
            let cell = cells.entry(kind).or_default();
            match end.verdict {
                Verdict::Passed => cell.passed += 1,
                Verdict::NotReached => cell.not_reached += 1,
                Verdict::Failed { .. } => cell.failed += 1,
            }
        }
        matrix
    }

    /// Aligned columns; `failed of all` where something failed.
    pub fn text(&self) -> String {
        let mut table = vec![
            std::iter::once("case".to_owned()).chain(self.kinds.iter().map(ToString::to_string)).collect(),
        ];
        for (case, cells) in &self.rows {
            let mut row: Vec<String> = vec![case.clone()];
            row.extend(self.kinds.iter().map(|kind| cells.get(kind).map_or_else(String::new, Cell::text)));
            table.push(row);
        }
        let widths: Vec<usize> = (0..=self.kinds.len())
            .map(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        let lines = table.iter().map(|row| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            cells.join("  ").trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Cell {
    fn text(&self) -> String {
        match (self.failed, self.passed) {
            (0, passed) => format!("{passed} ok"),
            (failed, passed) => format!("{failed} FAILED of {}", failed + passed),
        }
    }
}
