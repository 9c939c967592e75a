//! A picture of the medians: bars on a logarithmic scale.

use std::fmt::Write;

/// How long one way takes, in milliseconds.
pub struct Bar {
    pub name: String,
    pub ms: f64,
    pub is_ours: bool,
}

const LEFT: f64 = 250.0;
const WIDTH: f64 = 480.0;
const ROW: f64 = 24.0;
const FIRST_MS: f64 = 1.0;
const DECADES: i32 = 5;

/// Draws groups of bars below each other, each with its title.
pub fn draw(title: &str, groups: &[(String, Vec<Bar>)]) -> String {
    let rows: usize = groups.iter().map(|(_, bars)| bars.len() + 2).sum();
    let bottom = 40.0 + rows as f64 * ROW;
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"system-ui, \
        sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"16\" y=\"26\" font-size=\"16\" font-weight=\"600\" fill=\"#1b1f24\">{}</text>",
        LEFT + WIDTH + 90.0,
        bottom + 34.0,
        escaped(title)
    );
    for decade in 0..=DECADES {
        let x = LEFT + WIDTH * f64::from(decade) / f64::from(DECADES);
        let ms = FIRST_MS * 10f64.powi(decade);
        let _ = writeln!(
            svg,
            "<line x1=\"{x}\" x2=\"{x}\" y1=\"44\" y2=\"{bottom}\" stroke=\"#d8dee4\"/>\n\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" fill=\"#57606a\">{}</text>",
            bottom + 18.0,
            duration(ms)
        );
    }
    let mut y = 40.0;
    for (title, bars) in groups {
        y += ROW;
        let _ = writeln!(
            svg,
            "<text x=\"16\" y=\"{}\" font-weight=\"600\" fill=\"#1b1f24\">{}</text>",
            y - 6.0,
            escaped(title)
        );
        for Bar { name, ms, is_ours } in bars {
            let width = WIDTH * ((ms / FIRST_MS).log10() / f64::from(DECADES)).clamp(0.004, 1.0);
            let color = if *is_ours { "#0a6e5c" } else { "#9aa4af" };
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" fill=\"#1b1f24\">{}</text>\n\
                 <rect x=\"{LEFT}\" y=\"{}\" width=\"{width:.1}\" height=\"16\" fill=\"{color}\"/>\n\
                 <text x=\"{:.1}\" y=\"{}\" fill=\"#1b1f24\">{}</text>",
                LEFT - 8.0,
                y + 15.0,
                escaped(name),
                y + 2.0,
                LEFT + width + 6.0,
                y + 15.0,
                duration(*ms)
            );
            y += ROW;
        }
        y += ROW;
    }
    svg.push_str("</svg>\n");
    svg
}

fn duration(ms: f64) -> String {
    if ms >= 1_000.0 { format!("{} s", rounded(ms / 1_000.0)) } else { format!("{} ms", rounded(ms)) }
}

fn rounded(value: f64) -> String {
    if value < 10.0 && value.fract() > 0.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

fn escaped(text: &str) -> String {
    text.replace('`', "").replace('&', "&amp;").replace('<', "&lt;")
}
