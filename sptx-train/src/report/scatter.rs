//! The entities in the plane, as SVG.

use maud::{Markup, html};

use super::line_chart::rounded;
use super::projection::{Point, Projection};

/// The drawing's size, and the room that is left at its sides.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 620.0;
const MARGIN: f64 = 28.0;

/// The size of a label's box: its height, and the width of a letter, about.
const LINE: f64 = 15.0;
const LETTER: f64 = 6.6;

/// The most letters of a label; what is hovered over has the whole name.
const MOST_LETTERS: usize = 28;

/// The section of the picture.
pub(super) fn section(projection: &Projection) -> Markup {
    let places = places(projection);
    html! {
        section {
            h2 { "Entities" }
            figure.wide {
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label="Entities in the plane" {
                    @for (point, (x, y)) in projection.points.iter().zip(&places) {
                        circle.entity cx=(rounded(*x)) cy=(rounded(*y)) r=(rounded(radius(point))) {
                            title { (point.name) (degree(point)) }
                        }
                    }
                    @for (label, x, y) in labels(projection, &places) {
                        text.label x=(rounded(x)) y=(rounded(y)) dominant-baseline="middle" { (label) }
                    }
                }
            }
            p.note { (note(projection)) }
        }
    }
}

fn degree(point: &Point) -> String {
    point.degree.map_or(String::new(), |degree| format!(", in {degree} training triples"))
}

/// Entities of more triples are larger.
fn radius(point: &Point) -> f64 {
    2.0 + point.degree.map_or(0.5, |degree| 0.5 * f64::from(degree).ln_1p())
}

/// The points in units of the drawing, both directions to one scale.
fn places(projection: &Projection) -> Vec<(f64, f64)> {
    let range = |axis: usize| {
        let values = projection.points.iter().map(|point| f64::from(point.at[axis]));
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let [(left, right), (low, high)] = [range(0), range(1)];
    let fits = |room: f64, extent: f64| if extent > 0.0 { (room - 2.0 * MARGIN) / extent } else { f64::INFINITY };
    let scale = fits(WIDTH, right - left).min(fits(HEIGHT, high - low));
    let scale = if scale.is_finite() { scale } else { 0.0 };
    let place = |point: &Point| {
        let [x, y] = point.at.map(f64::from);
        (WIDTH / 2.0 + scale * (x - (left + right) / 2.0), HEIGHT / 2.0 - scale * (y - (low + high) / 2.0))
    };
    projection.points.iter().map(place).collect()
}

/// Labels with their places, those of higher degree first; one that would lie over another is left out.
fn labels(projection: &Projection, places: &[(f64, f64)]) -> Vec<(String, f64, f64)> {
    let mut wanted: Vec<_> = projection.points.iter().zip(places).filter(|(point, _)| point.labelled).collect();
    wanted.sort_by_key(|(point, _)| std::cmp::Reverse(point.degree));
    let mut taken: Vec<(String, f64, f64)> = Vec::new();
    for (point, (x, y)) in wanted {
        let label = shortened(&point.name);
        let width = width(&label);
        let beside = x + radius(point) + 3.0;
        let x = if beside + width > WIDTH { x - radius(point) - 3.0 - width } else { beside };
        let free = taken.iter().all(|(other, left, line)| {
            (line - y).abs() >= LINE || *left >= x + width || x >= left + self::width(other)
        });
        if free {
            taken.push((label, x, *y));
        }
    }
    taken
}

fn width(label: &str) -> f64 {
    label.chars().count() as f64 * LETTER
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn note(projection: &Projection) -> String {
    let Projection { points, shares, entities, row_len } = projection;
    let [across, up] = shares.map(|share| 100.0 * share);
    let shown = match points.len() {
        shown if shown == *entities => format!("All {entities} entities"),
        shown => format!("{shown} of {entities} entities"),
    };
    format!(
        "{shown}, their embeddings of {row_len} numbers projected on their two principal components, which have \
         {across:.1} % and {up:.1} % of the variance. Hover over a point for its name."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projection(points: &[(&str, [f32; 2], u32)]) -> Projection {
        let point = |&(name, at, degree): &(&str, [f32; 2], u32)| Point {
            name: name.to_owned(),
            at,
            degree: Some(degree),
            labelled: true,
        };
        let points: Vec<Point> = points.iter().map(point).collect();
        Projection { entities: points.len(), points, shares: [0.5, 0.25], row_len: 3 }
    }

    #[test]
    fn labels_do_not_lie_over_one_another() {
        let projection = projection(&[("low", [0.0, 0.0], 1), ("high", [0.0, 0.001], 9), ("far", [1.0, 1.0], 2)]);
        let labels = labels(&projection, &places(&projection));
        let names: Vec<&str> = labels.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["high", "far"]);
        assert!(labels.iter().all(|(name, x, _)| x + width(name) <= WIDTH));
    }

    #[test]
    fn one_point_stands_in_the_middle() {
        assert_eq!(places(&projection(&[("alone", [3.0, -1.0], 0)])), [(WIDTH / 2.0, HEIGHT / 2.0)]);
    }

    #[test]
    fn long_names_are_cut_between_letters() {
        assert_eq!(shortened("Ärzte"), "Ärzte");
        assert_eq!(shortened(&"ö".repeat(40)), format!("{}…", "ö".repeat(28)));
    }
}
