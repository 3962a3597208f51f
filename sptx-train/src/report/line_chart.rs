//! Lines over epochs as SVG. Colours are the page's, by class.

use maud::{Markup, html};

use super::axis::Axis;

/// The drawing's size and the place of the plot in it, in units of the drawing.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = WIDTH - 14.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = HEIGHT - 44.0;

/// The most points of a line that are drawn; more would not be seen.
const MOST_POINTS: usize = 1000;

/// The most points of a line that have a dot each, with its value to hover over.
const MOST_DOTS: usize = 120;

/// One line of a chart.
pub(super) struct Series {
    /// What the legend calls it.
    pub(super) name: &'static str,
    /// Epochs and values, in the order of epochs.
    pub(super) points: Vec<(f64, f64)>,
}

/// Draws lines with their axes, and a legend where there is more than one. The epoch `mark` is pointed out.
pub(super) fn draw(title: &str, lines: &[Series], mark: Option<f64>) -> Markup {
    let points = || lines.iter().flat_map(|line| &line.points).filter(|(_, value)| value.is_finite());
    let across = Axis::over(points().map(|(epoch, _)| *epoch), 8, 1.0);
    let up = Axis::over(points().map(|(_, value)| *value), 5, 0.0);
    let place = |epoch: f64, value: f64| {
        (LEFT + across.share(epoch) * (RIGHT - LEFT), BOTTOM - up.share(value) * (BOTTOM - TOP))
    };
    html! {
        figure {
            figcaption {
                (title)
                @if lines.len() > 1 { (legend(lines)) }
            }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
                (grid(&across, &up))
                @if let Some(mark) = mark { (draw_mark(place(mark, 0.0).0)) }
                @for (number, line) in lines.iter().enumerate() { (draw_line(number, line, &place)) }
            }
        }
    }
}

fn legend(lines: &[Series]) -> Markup {
    html! {
        span.legend {
            @for (number, line) in lines.iter().enumerate() {
                span { span class={ "swatch series-" (number) } {} (line.name) }
            }
        }
    }
}

fn grid(across: &Axis, up: &Axis) -> Markup {
    html! {
        @for tick in &up.ticks {
            @let y = rounded(BOTTOM - up.share(*tick) * (BOTTOM - TOP));
            line.grid x1=(LEFT) x2=(RIGHT) y1=(y) y2=(y) {}
            text.tick x=(LEFT - 8.0) y=(y) text-anchor="end" dominant-baseline="middle" { (up.label(*tick)) }
        }
        @for tick in &across.ticks {
            @let x = rounded(LEFT + across.share(*tick) * (RIGHT - LEFT));
            line.axis x1=(x) x2=(x) y1=(BOTTOM) y2=(BOTTOM + 5.0) {}
            text.tick x=(x) y=(BOTTOM + 18.0) text-anchor="middle" { (across.label(*tick)) }
        }
        line.axis x1=(LEFT) x2=(RIGHT) y1=(BOTTOM) y2=(BOTTOM) {}
        text.tick x=((LEFT + RIGHT) / 2.0) y=(HEIGHT - 8.0) text-anchor="middle" { "epoch" }
    }
}

fn draw_mark(x: f64) -> Markup {
    html! { line.mark x1=(rounded(x)) x2=(rounded(x)) y1=(TOP) y2=(BOTTOM) {} }
}

fn draw_line(number: usize, line: &Series, place: &impl Fn(f64, f64) -> (f64, f64)) -> Markup {
    let points: Vec<(f64, f64)> = line.points.iter().copied().filter(|(_, value)| value.is_finite()).collect();
    let drawn = thinned(&points).map(|(epoch, value)| {
        let (x, y) = place(epoch, value);
        format!("{},{}", rounded(x), rounded(y))
    });
    let drawn: Vec<String> = drawn.collect();
    html! {
        polyline class={ "series series-" (number) } points=(drawn.join(" ")) {}
        @if points.len() <= MOST_DOTS {
            @for (epoch, value) in &points {
                @let (x, y) = place(*epoch, *value);
                circle class={ "dot series-" (number) } cx=(rounded(x)) cy=(rounded(y)) r="2.5" {
                    title { (line.name) " " (format!("{value:.4}")) ", epoch " (epoch) }
                }
            }
        }
    }
}

/// At most [`MOST_POINTS`] of the points, evenly spread, the first and the last among them.
fn thinned(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    let count = points.len().min(MOST_POINTS);
    (0..count).map(move |index| points[index * (points.len() - 1) / (count - 1).max(1)])
}

/// A place to a tenth of a unit, which no eye tells from the place itself.
pub(super) fn rounded(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinned_lines_keep_their_ends() {
        let points: Vec<(f64, f64)> = (0..5000).map(|epoch| (f64::from(epoch), 0.0)).collect();
        let few: Vec<_> = thinned(&points).collect();
        assert_eq!((few.len(), few[0], few[MOST_POINTS - 1]), (MOST_POINTS, points[0], points[4999]));
        assert_eq!(thinned(&points[..3]).collect::<Vec<_>>(), points[..3]);
        assert_eq!(thinned(&points[..1]).collect::<Vec<_>>(), points[..1]);
        assert_eq!(thinned(&[]).count(), 0);
    }

    #[test]
    fn values_that_are_no_numbers_are_left_out() {
        let line = Series { name: "loss", points: vec![(1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0)] };
        let svg = draw("Loss", &[line], None).into_string();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
