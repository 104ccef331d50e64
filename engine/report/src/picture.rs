//! The steps of a workflow, or of a run with how each stands, as a picture: SVG with nothing from elsewhere in it.

use std::collections::BTreeMap;

use ascii_dag::graph::Direction;
use ascii_dag::{CustomNode, EdgePath, Graph, LayoutConfig, LayoutEdge};
use model::summary::RunSummary;
use model::{StepPath, Workflow};

use crate::document::Html;
use crate::values::clean;

/// The layout thinks in cells; a cell is this many units of the picture.
const CELL_WIDTH: usize = 8;
const CELL_HEIGHT: usize = 16;
/// A step's box, in cells.
const BOX_WIDTH: usize = 30;
const BOX_HEIGHT: usize = 4;
/// How much text fits into a line of a box, in widths of half a small letter.
const TITLE_WIDTH: usize = 56;
const NAME_WIDTH: usize = 64;
/// What is left for a step's state beside its name.
const STATE_WIDTH_MAX: usize = 24;
const MARGIN: usize = 14;
const CORNER: usize = 7;

/// A workflow's steps.
pub fn of_workflow(workflow: &Workflow) -> String {
    draw(workflow, &BTreeMap::new())
}

/// A run's steps, each with its state.
pub fn of_run(workflow: &Workflow, run: &RunSummary) -> String {
    let mut states: BTreeMap<&StepPath, &str> =
        run.steps.iter().map(|step| (&step.id, step.state.as_str())).collect();
    states.extend(run.doubts.iter().map(|doubt| (&doubt.step, "in doubt")));
    draw(workflow, &states)
}

fn draw(workflow: &Workflow, states: &BTreeMap<&StepPath, &str>) -> String {
    let mut graph = Graph::new();
    let node = CustomNode { label: "", width: BOX_WIDTH, height: BOX_HEIGHT, painter: None, payload: "" };
    let position: BTreeMap<&StepPath, usize> =
        workflow.steps.iter().enumerate().map(|(at, step)| (&step.path, at)).collect();
    for at in 0..workflow.steps.len() {
        graph.add_node(at, node);
    }
    for (at, step) in workflow.steps.iter().enumerate() {
        for need in step.needs.iter().filter_map(|need| position.get(need)) {
            graph.add_edge(*need, at, None);
        }
    }
    let mut config = LayoutConfig::standard();
    config.direction = Direction::TopDown;
    let layout = graph.compute_layout_with_config(&config);
    // The layout leaves room for lines below the last row, where none are.
    let rows = layout.nodes().iter().map(|node| node.y + BOX_HEIGHT).max().unwrap_or(0);
    let (width, height) = (layout.width() * CELL_WIDTH + 2 * MARGIN, rows * CELL_HEIGHT + 2 * MARGIN);

    let mut svg = Html::default();
    let (wide, high) = (width.to_string(), height.to_string());
    svg.open(
        "svg",
        &[
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("class", "fb-picture"),
            ("role", "img"),
            ("viewBox", &format!("0 0 {wide} {high}")),
            ("width", &wide),
            ("height", &high),
        ],
    );
    svg.line().element("title", &[], &format!("The steps of {}", workflow.title)).line();
    svg.element("desc", &[], &described(workflow, states)).line();
    svg.open("style", &[]).ours(STYLE).close("style").line();
    svg.ours(ARROW).line();
    svg.open("rect", &[("class", "fb-ground"), ("width", &wide), ("height", &high)]).close("rect").line();
    for edge in layout.edges() {
        svg.open("path", &[("class", "fb-edge"), ("d", &path(edge)), ("marker-end", "url(#fb-arrow)")]);
        svg.close("path").line();
    }
    for node in layout.nodes() {
        let Some(step) = workflow.steps.get(node.id) else { continue };
        let state = states.get(&step.path).copied();
        step_box(node.x * CELL_WIDTH + MARGIN, node.y * CELL_HEIGHT + MARGIN, step, state, &mut svg);
    }
    svg.close("svg").line();
    svg.into_string()
}

fn step_box(x: usize, y: usize, step: &model::Step, state: Option<&str>, svg: &mut Html) {
    let (width, height) = (BOX_WIDTH * CELL_WIDTH, BOX_HEIGHT * CELL_HEIGHT);
    let kind = match state {
        Some("done") => "fb-good",
        Some("failed" | "in doubt") => "fb-bad",
        Some("skipped" | "pending" | "blocked" | "retired" | "undone") => "fb-idle",
        Some(_) => "fb-open",
        None => "fb-plain",
    };
    svg.open("g", &[("class", kind), ("transform", &format!("translate({x} {y})"))]);
    let (wide, high) = (width.to_string(), height.to_string());
    svg.open("rect", &[("class", "fb-box"), ("width", &wide), ("height", &high), ("rx", "8")]).close("rect");
    svg.open(
        "path",
        &[
            ("class", "fb-mark"),
            ("d", &format!("M8 0H5V{high}H8A8 8 0 0 1 0 {}V8A8 8 0 0 1 8 0Z", height - 8)),
        ],
    );
    svg.close("path");
    let lines = wrapped(&clean(&step.title), TITLE_WIDTH);
    let first = if lines.len() > 1 { 19 } else { 27 };
    for (at, line) in lines.iter().enumerate() {
        let y = (first + 16 * at).to_string();
        svg.element("text", &[("class", "fb-title"), ("x", "17"), ("y", &y)], line);
    }
    let name = cut(
        &clean(step.path.as_str()),
        NAME_WIDTH - state.map_or(0, |state| (2 * state.len()).min(STATE_WIDTH_MAX)),
    );
    let y = (height - 10).to_string();
    svg.element("text", &[("class", "fb-name"), ("x", "17"), ("y", &y)], &name);
    if let Some(state) = state {
        let x = (width - 12).to_string();
        svg.element("text", &[("class", "fb-state"), ("x", &x), ("y", &y)], state);
    }
    svg.close("g").line();
}

/// From the foot of one box to the head of the next, by right angles with round corners.
fn path(edge: &LayoutEdge<'_>) -> String {
    let (from, to) = ((edge.from_x, edge.from_y + 1), (edge.to_x, edge.to_y));
    let mut cells = vec![from];
    match &edge.path {
        EdgePath::Corner { bend_at } => cells.extend([(from.0, *bend_at), (to.0, *bend_at)]),
        EdgePath::MultiSegment { waypoints, start_offset } => {
            let mut at = (from.0, edge.from_y);
            for (leg, next) in waypoints.iter().copied().chain([to]).enumerate() {
                let bend = at.1 + 1 + if leg == 0 { *start_offset } else { 0 };
                if next.0 != at.0 {
                    cells.extend([(at.0, bend), (next.0, bend)]);
                }
                at = next;
            }
        }
        // The others are straight here: these graphs have no ports, no circles and flow downwards.
        _ => {}
    }
    cells.push(to);
    let middle = |row: usize| row * CELL_HEIGHT + MARGIN + CELL_HEIGHT / 2;
    let last = cells.len() - 1;
    let mut points: Vec<(usize, usize)> = Vec::with_capacity(cells.len());
    for (at, (column, row)) in cells.into_iter().enumerate() {
        let x = column * CELL_WIDTH + MARGIN + CELL_WIDTH / 2;
        // Rows of bends run through the middle of a cell; both ends touch a box.
        let y = if at == 0 || at == last { row * CELL_HEIGHT + MARGIN } else { middle(row) };
        let y = if at == last { y - 2 } else { y };
        if points.last() != Some(&(x, y)) {
            points.push((x, y));
        }
    }
    rounded(&points)
}

fn rounded(points: &[(usize, usize)]) -> String {
    let towards = |from: (usize, usize), to: (usize, usize)| {
        let step = |from: usize, to: usize| {
            let length = from.abs_diff(to).min(2 * CORNER) / 2;
            if to >= from { from + length } else { from - length }
        };
        (step(from.0, to.0), step(from.1, to.1))
    };
    let mut text = String::new();
    for (at, point) in points.iter().copied().enumerate() {
        let before = at.checked_sub(1).and_then(|before| points.get(before)).copied();
        match (before, points.get(at + 1).copied()) {
            (None, _) => text.push_str(&format!("M{} {}", point.0, point.1)),
            (Some(_), None) => text.push_str(&format!("L{} {}", point.0, point.1)),
            (Some(before), Some(after)) => {
                let (start, end) = (towards(point, before), towards(point, after));
                text.push_str(&format!(
                    "L{} {}Q{} {} {} {}",
                    start.0, start.1, point.0, point.1, end.0, end.1
                ));
            }
        }
    }
    text
}

/// For those who cannot see it: what stands in it, in order.
fn described(workflow: &Workflow, states: &BTreeMap<&StepPath, &str>) -> String {
    let steps: Vec<String> = workflow
        .steps
        .iter()
        .map(|step| {
            let needs: Vec<&str> = step.needs.iter().map(StepPath::as_str).collect();
            let after = if needs.is_empty() { String::new() } else { format!(" after {}", needs.join(", ")) };
            let state = states.get(&step.path).map(|state| format!(" is {state}")).unwrap_or_default();
            format!("{}{state}{after}", step.path)
        })
        .collect();
    format!("{}.", steps.join("; "))
}

/// At most two lines, broken between words where possible.
fn wrapped(text: &str, width_max: usize) -> Vec<String> {
    if width(text) <= width_max {
        return vec![text.to_owned()];
    }
    let mut first = String::new();
    let mut rest = text;
    for word in text.split_inclusive(' ') {
        if width(&first) + width(word.trim_end()) > width_max {
            break;
        }
        first.push_str(word);
        rest = &rest[word.len()..];
    }
    if first.is_empty() { vec![cut(text, width_max)] } else { vec![first, cut(rest, width_max)] }
}

fn cut(text: &str, width_max: usize) -> String {
    if width(text) <= width_max {
        return text.to_owned();
    }
    let mut taken = 0;
    let fits = |one: &char| {
        taken += letter_width(*one);
        taken + letter_width('…') <= width_max
    };
    format!("{}…", text.chars().take_while(fits).collect::<String>())
}

fn width(text: &str) -> usize {
    text.chars().map(letter_width).sum()
}

/// Fonts differ, so a guess has to be enough: capitals take more room than small letters, and the broadest letters, Han,
/// kana, Hangul and signs about twice as much.
fn letter_width(one: char) -> usize {
    match one {
        'M' | 'W' | 'm' | 'w' | '@' | '%' | '—' => 4,
        '\u{1100}'.. if !('\u{2000}'..'\u{2e80}').contains(&one) => 4,
        _ if one.is_uppercase() => 3,
        _ => 2,
    }
}

const ARROW: &str = "<defs><marker id=\"fb-arrow\" viewBox=\"0 0 10 10\" refX=\"8\" refY=\"5\" markerWidth=\"7\" \
markerHeight=\"7\" orient=\"auto\"><path class=\"fb-arrow\" d=\"M0 0L10 5L0 10Z\"></path></marker></defs>";

const STYLE: &str = include_str!("picture.css");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::workflow;

    #[test]
    fn a_diamond_is_drawn_the_same_way_each_time_and_wholly() {
        let mut diamond =
            workflow(&[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c", "a"]), ("alone", &[])]);
        diamond.steps[1].title =
            "A title <so long> that it needs a second line, and then some more & more".into();
        let drawn = of_workflow(&diamond);
        // The layout keeps maps that are ordered by chance; what comes out must not be.
        for _ in 0..20 {
            assert_eq!(of_workflow(&diamond), drawn);
        }
        assert_eq!(drawn.matches("class=\"fb-box\"").count(), 5);
        assert_eq!(drawn.matches("class=\"fb-edge\"").count(), 5);
        assert!(drawn.contains("A title &lt;so long&gt; that") && drawn.contains('…'), "{drawn}");
        assert!(drawn.contains("<desc>a; b after a; c after a; d after b, c, a; alone.</desc>"), "{drawn}");
        for foreign in ["<script", "href", "http://x", "url(http", "@import"] {
            assert!(!drawn.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn every_arrow_ends_at_the_head_of_a_box() {
        let names: Vec<String> = (0..40).map(|at| format!("s{at}")).collect();
        let needs: Vec<Vec<&str>> = (0..40_usize)
            .map(|at| [at / 2, at / 3, at.saturating_sub(7)].into_iter().filter(move |need| *need < at))
            .map(|needs| needs.map(|need| names[need].as_str()).collect::<std::collections::BTreeSet<_>>())
            .map(|needs| needs.into_iter().collect())
            .collect();
        let steps: Vec<(&str, &[&str])> =
            names.iter().zip(&needs).map(|(name, needs)| (name.as_str(), needs.as_slice())).collect();
        let drawn = of_workflow(&workflow(&steps));
        let heads: Vec<(usize, usize)> = drawn
            .split("translate(")
            .skip(1)
            .map(|part| part.split_once(')').expect("closed").0.split_once(' ').expect("two"))
            .map(|(x, y)| (x.parse().expect("x"), y.parse().expect("y")))
            .collect();
        let mut arrows = 0;
        for part in drawn.split("class=\"fb-edge\" d=\"").skip(1) {
            let route = part.split_once('"').expect("closed").0;
            let end = route.rsplit('L').next().expect("an end");
            let (x, y) = end.split_once(' ').expect("two numbers");
            let (x, y): (usize, usize) = (x.parse().expect("x"), y.parse().expect("y"));
            let meets = |(left, top): &(usize, usize)| {
                *top == y + 2 && *left <= x && x <= left + BOX_WIDTH * CELL_WIDTH
            };
            assert!(heads.iter().any(meets), "{route} ends nowhere");
            arrows += 1;
        }
        assert_eq!(arrows, needs.iter().map(Vec::len).sum::<usize>());
    }
}
