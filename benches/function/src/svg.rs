//! Lines in, a plot as SVG out: the x axis from nought, times on a logarithmic y axis. Pure.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 130.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
/// Told apart by those who see colours otherwise too.
const COLOURS: [&str; 6] = ["#777777", "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00"];

/// A function's name, and its points.
#[derive(Debug)]
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Where values stand on the plot.
#[derive(Debug, Clone, Copy)]
struct Scale {
    most: f64,
    /// Powers of ten.
    from: f64,
    to: f64,
}

impl Scale {
    fn of(lines: &[Line]) -> Scale {
        let points = || lines.iter().flat_map(|line| line.points.iter().copied()).filter(|(_, y)| *y > 0.0);
        let from = points().map(|(_, y)| y.log10().floor()).fold(f64::INFINITY, f64::min).min(3.0);
        let to = points().map(|(_, y)| y.log10().ceil()).fold(f64::NEG_INFINITY, f64::max).max(from + 1.0);
        Scale { most: points().map(|(x, _)| x).fold(f64::MIN_POSITIVE, f64::max), from, to }
    }

    fn x(self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * value / self.most
    }

    fn y(self, value: f64) -> f64 {
        let height = HEIGHT - TOP - BOTTOM;
        TOP + height * (self.to - value.log10()) / (self.to - self.from)
    }
}

/// `marks`: the values at which the x axis is marked.
pub fn plot(title: &str, x_title: &str, marks: &[f64], lines: &[Line]) -> String {
    let scale = Scale::of(lines);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    text(&mut svg, (WIDTH / 2.0, 22.0), "middle", title);
    text(&mut svg, (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 10.0), "middle", x_title);
    axes(&mut svg, scale, marks);
    let mut lowest = f64::INFINITY;
    let mut ordered: Vec<(usize, &Line)> = lines.iter().enumerate().collect();
    ordered.sort_by(|(_, one), (_, other)| last(one).total_cmp(&last(other)));
    for (place, line) in ordered {
        let colour = COLOURS[place % COLOURS.len()];
        let points: Vec<String> = line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", scale.x(*x), scale.y(*y))).collect();
        writeln!(svg, "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>", points.join(" "))
            .unwrap_or_default();
        for (x, y) in &line.points {
            writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>", scale.x(*x), scale.y(*y)).unwrap_or_default();
        }
        // Names at the lines' ends, one above the other.
        lowest = (scale.y(last(line)) + 4.0).min(lowest - 15.0);
        text(&mut svg, (WIDTH - RIGHT + 8.0, lowest), "start", &line.name);
    }
    svg.push_str("</svg>\n");
    svg
}

fn last(line: &Line) -> f64 {
    line.points.last().map_or(1.0, |(_, y)| *y)
}

fn axes(svg: &mut String, scale: Scale, marks: &[f64]) {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let mut power = scale.from;
    while power <= scale.to {
        let value = 10_f64.powf(power);
        rule(svg, (LEFT, scale.y(value)), (right, scale.y(value)));
        text(svg, (LEFT - 8.0, scale.y(value) + 4.0), "end", &format!("{value} ms"));
        power += 1.0;
    }
    for mark in marks {
        rule(svg, (scale.x(*mark), TOP), (scale.x(*mark), bottom));
        text(svg, (scale.x(*mark), bottom + 18.0), "middle", &mark.to_string());
    }
}

fn rule(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    writeln!(svg, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#dddddd\"/>").unwrap_or_default();
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_time_stands_higher_and_a_larger_event_further_right() {
        let lines = [Line { name: "a < b".to_owned(), points: vec![(100.0, 1.0), (1000.0, 100.0)] }];
        let svg = plot("Time", "records", &[100.0, 1000.0], &lines);
        assert!(svg.contains("points=\"131.0,350.0 590.0,40.0\""), "{svg}");
        assert!(svg.contains("a &lt; b") && svg.ends_with("</svg>\n"));
    }
}
