//! Properties of the graph, for any graph and any order of declaration.

use std::collections::BTreeSet;

use manifest::dag::Dag;
use petgraph::algo::{is_cyclic_directed, toposort};
use petgraph::graph::{DiGraph, NodeIndex};
use proptest::prelude::*;

type Edges = Vec<(usize, usize)>;

/// Steps with needs that only go to steps before them in a hidden order, declared in any order.
fn acyclic() -> impl Strategy<Value = (usize, Edges)> {
    (1..40_usize)
        .prop_flat_map(|count| {
            let hidden = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
            (Just(count), hidden, prop::collection::vec((0..count, 0..count), 0..80))
        })
        .prop_map(|(count, declared, pairs)| {
            let edges: BTreeSet<_> = pairs
                .into_iter()
                .filter(|(one, other)| one != other)
                .map(|(one, other)| (declared[one.max(other)], declared[one.min(other)]))
                .collect();
            (count, edges.into_iter().collect())
        })
}

fn any_graph() -> impl Strategy<Value = (usize, Edges)> {
    (1..12_usize).prop_flat_map(|count| (Just(count), prop::collection::vec((0..count, 0..count), 0..24)))
}

proptest! {
    #[test]
    fn any_order_of_declaration_gives_a_valid_order((count, edges) in acyclic()) {
        let order = Dag::new(count, edges.clone()).order().expect("no circle was made");
        let mut position = vec![usize::MAX; count];
        for (at, step) in order.iter().enumerate() {
            position[*step] = at;
        }
        prop_assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), count);
        for (step, needed) in &edges {
            prop_assert!(position[*needed] < position[*step], "{} needs {}: {:?}", step, needed, order);
        }
    }

    #[test]
    fn among_the_ready_the_first_declared_goes_first((count, edges) in acyclic()) {
        let order = Dag::new(count, edges.clone()).order().expect("no circle was made");
        let mut done = BTreeSet::new();
        for step in order {
            let ready = (0..count)
                .filter(|other| !done.contains(other))
                .find(|other| edges.iter().all(|(from, needed)| from != other || done.contains(needed)));
            prop_assert_eq!(Some(step), ready);
            done.insert(step);
        }
    }

    #[test]
    fn a_circle_is_always_named_and_closed((count, edges) in any_graph()) {
        let mut graph = DiGraph::<(), ()>::new();
        for _ in 0..count {
            graph.add_node(());
        }
        for (step, needed) in &edges {
            graph.add_edge(NodeIndex::new(*needed), NodeIndex::new(*step), ());
        }
        match Dag::new(count, edges.clone()).order() {
            Ok(order) => {
                prop_assert!(!is_cyclic_directed(&graph));
                prop_assert_eq!(order.len(), toposort(&graph, None).expect("no circle").len());
            }
            Err(circles) => {
                prop_assert!(is_cyclic_directed(&graph) && !circles.is_empty());
                for circle in circles {
                    prop_assert!(circle.len() >= 2 && circle.first() == circle.last());
                    prop_assert_eq!(circle[1..].iter().collect::<BTreeSet<_>>().len(), circle.len() - 1);
                    prop_assert_eq!(circle.iter().min(), circle.first());
                    for pair in circle.windows(2) {
                        prop_assert!(edges.contains(&(pair[0], pair[1])), "{:?}", circle);
                    }
                }
            }
        }
    }

    #[test]
    fn breaking_the_named_circles_again_and_again_ends_in_an_order((count, mut edges) in any_graph()) {
        let mut rounds = 0;
        while let Err(circles) = Dag::new(count, edges.clone()).order() {
            for circle in circles {
                edges.retain(|edge| *edge != (circle[0], circle[1]));
            }
            rounds += 1;
            prop_assert!(rounds <= 24, "each round takes a need away");
        }
    }

    #[test]
    fn both_ways_to_ancestors_agree((count, edges) in acyclic()) {
        let dag = Dag::new(count, edges);
        let ancestry = dag.ancestry(&dag.order().expect("no circle was made"));
        for step in 0..count {
            let found: BTreeSet<usize> = (0..count).filter(|other| ancestry.is_ancestor(step, *other)).collect();
            prop_assert_eq!(found, dag.ancestors(step));
        }
    }
}

#[test]
fn each_group_that_turns_in_a_circle_is_named() {
    let edges = [(0, 2), (0, 1), (1, 0), (2, 3), (3, 2), (4, 4), (5, 0)];
    assert_eq!(Dag::new(6, edges).order(), Err(vec![vec![0, 1, 0], vec![2, 3, 2], vec![4, 4]]));
}
