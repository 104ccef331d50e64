//! The graph of steps: which order they can run in, who stands before whom, and the circles that forbid any order.
//!
//! Everything here is iterative: a chain of many thousand steps must not cost stack.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, Reversed};

/// Steps by the number of their declaration, with an edge from what is needed to who needs it.
#[derive(Clone, Debug)]
pub struct Dag {
    graph: DiGraph<(), ()>,
}

/// For every step all steps that stand before it, as one row of bits each.
#[derive(Clone, Debug)]
pub struct Ancestry {
    words: usize,
    bits: Vec<u64>,
}

impl Dag {
    /// `needs` pairs a step with one that it needs. Both numbers are below `count`.
    pub fn new(count: usize, needs: impl IntoIterator<Item = (usize, usize)>) -> Dag {
        let mut graph = DiGraph::with_capacity(count, count);
        for _ in 0..count {
            graph.add_node(());
        }
        for (step, needed) in needs {
            graph.add_edge(NodeIndex::new(needed), NodeIndex::new(step), ());
        }
        Dag { graph }
    }

    /// Every step after all that it needs; among those that are ready the one declared first goes first.
    ///
    /// Where steps need each other, their circles instead: each a closed walk in which every step needs the next
    /// (`[a, b, a]`), starting with the one declared first.
    pub fn order(&self) -> Result<Vec<usize>, Vec<Vec<usize>>> {
        let mut waiting_for: Vec<usize> = self
            .graph
            .node_indices()
            .map(|node| self.neighbours(node, Direction::Incoming).count())
            .collect();
        let mut ready: BinaryHeap<Reverse<usize>> =
            (0..waiting_for.len()).filter(|step| waiting_for[*step] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(waiting_for.len());
        while let Some(Reverse(step)) = ready.pop() {
            order.push(step);
            for dependant in self.neighbours(NodeIndex::new(step), Direction::Outgoing) {
                waiting_for[dependant] -= 1;
                if waiting_for[dependant] == 0 {
                    ready.push(Reverse(dependant));
                }
            }
        }
        if order.len() == waiting_for.len() { Ok(order) } else { Err(self.circles()) }
    }

    /// All steps that must be done before this one.
    pub fn ancestors(&self, step: usize) -> BTreeSet<usize> {
        let reversed = Reversed(&self.graph);
        let mut search = Dfs::new(reversed, NodeIndex::new(step));
        let mut found = BTreeSet::new();
        while let Some(node) = search.next(reversed) {
            found.insert(node.index());
        }
        found.remove(&step);
        found
    }

    /// The same for all steps at once; `order` is what [`Dag::order`] gave. Takes one bit for each pair of steps.
    pub fn ancestry(&self, order: &[usize]) -> Ancestry {
        let words = self.graph.node_count().div_ceil(64);
        let mut ancestry = Ancestry { words, bits: vec![0; words * self.graph.node_count()] };
        for &step in order {
            for needed in self.neighbours(NodeIndex::new(step), Direction::Incoming) {
                ancestry.inherit(step, needed);
            }
        }
        ancestry
    }

    /// One circle for each group of steps that need each other.
    fn circles(&self) -> Vec<Vec<usize>> {
        let mut group_of = vec![0; self.graph.node_count()];
        let groups = kosaraju_scc(&self.graph);
        for (number, group) in groups.iter().enumerate() {
            for node in group {
                group_of[node.index()] = number;
            }
        }
        let mut circles: Vec<Vec<usize>> =
            groups.iter().filter_map(|group| self.circle_in(group, &group_of)).collect();
        circles.sort();
        circles
    }

    fn circle_in(&self, group: &[NodeIndex], group_of: &[usize]) -> Option<Vec<usize>> {
        let first = group.iter().map(|node| node.index()).min()?;
        let mut walk = vec![first];
        let mut seen_at = BTreeMap::from([(first, 0)]);
        loop {
            let here = *walk.last().expect("the walk starts with a step");
            // Only a step alone has no need inside its group: then it stands in no circle.
            let next = self
                .neighbours(NodeIndex::new(here), Direction::Incoming)
                .filter(|needed| group_of[*needed] == group_of[first])
                .min()?;
            if let Some(&start) = seen_at.get(&next) {
                let mut circle = walk.split_off(start);
                let lowest = circle.iter().enumerate().min_by_key(|(_, step)| **step).map_or(0, |(at, _)| at);
                circle.rotate_left(lowest);
                circle.push(circle[0]);
                return Some(circle);
            }
            seen_at.insert(next, walk.len());
            walk.push(next);
        }
    }

    fn neighbours(&self, node: NodeIndex, direction: Direction) -> impl Iterator<Item = usize> + '_ {
        self.graph.neighbors_directed(node, direction).map(NodeIndex::index)
    }
}

impl Ancestry {
    /// Whether `earlier` stands before `step`.
    pub fn is_ancestor(&self, step: usize, earlier: usize) -> bool {
        self.bits[step * self.words + earlier / 64] >> (earlier % 64) & 1 == 1
    }

    fn inherit(&mut self, step: usize, needed: usize) {
        for word in 0..self.words {
            self.bits[step * self.words + word] |= self.bits[needed * self.words + word];
        }
        self.bits[step * self.words + needed / 64] |= 1 << (needed % 64);
    }
}
