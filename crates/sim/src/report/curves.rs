//! Pictures as SVG: protection against the share of upgrades that wait, a panel for each group of incidents, a line for each
//! family of rules. Colours follow the reader's light or dark mode, and lines differ in their marks too.

use std::fmt::Write as _;

/// A family of rules.
#[derive(Debug, Clone)]
pub struct Family {
    /// What the legend calls it.
    pub name: String,
    /// Its rules.
    pub points: Vec<Point>,
}

/// A rule as a point.
#[derive(Debug, Clone)]
pub struct Point {
    /// What to write beside it; nothing where that is empty.
    pub label: String,
    /// The share of upgrades that wait.
    pub wait: f64,
    /// The share of incidents that are stopped, by panel: surely, and as told.
    pub stopped: Vec<(f64, f64)>,
}

const PANEL: (f64, f64) = (330.0, 210.0);
const MARGIN: (f64, f64) = (56.0, 46.0);
const GAP: (f64, f64) = (40.0, 84.0);
const COLUMNS: usize = 2;
/// The right end of the axis of waiting.
const WIDEST: f64 = 0.8;

const STYLE: &str = "svg{color-scheme:light dark;--ink:#1f2328;--faint:#d0d7de;--paper:#ffffff;--a:#6e7781;--b:#0a5ad4;--c:#b5540a;--d:#7a3fc4}\
@media(prefers-color-scheme:dark){svg{--ink:#e6edf3;--faint:#3d444d;--paper:#0d1117;--a:#9198a1;--b:#6cb0ff;--c:#ffa657;--d:#c79bff}}\
text{font:12px system-ui,sans-serif;fill:var(--ink)}.t{font-weight:600;font-size:13px}.s{font-size:11px}\
.g{stroke:var(--faint);stroke-width:1}.p{fill:var(--paper)}\
.l{fill:none;stroke-width:2}.h{fill:none;stroke-width:1;stroke-dasharray:3 3}\
.f0{stroke:var(--a);fill:var(--a)}.f1{stroke:var(--b);fill:var(--b)}.f2{stroke:var(--c);fill:var(--c)}.f3{stroke:var(--d);fill:var(--d)}.n0{fill:var(--a)}.n1{fill:var(--b)}.n2{fill:var(--c)}.n3{fill:var(--d)}.l,.h{fill:none}";

/// The picture.
pub fn svg(title: &str, panels: &[String], families: &[Family]) -> String {
    let rows = panels.len().div_ceil(COLUMNS);
    let width = MARGIN.0 + COLUMNS as f64 * (PANEL.0 + GAP.0);
    let top = MARGIN.1 + 22.0;
    let height = top + rows as f64 * (PANEL.1 + GAP.1);
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\"><title>{title}</title><style>{STYLE}</style>\
         <rect class=\"p\" width=\"{width:.0}\" height=\"{height:.0}\"/>",
        title = escaped(title)
    );
    let _ = write!(svg, "<text class=\"t\" x=\"{:.0}\" y=\"22\">{}</text>", MARGIN.0, escaped(title));
    let mut at = MARGIN.0;
    for (place, family) in families.iter().enumerate() {
        let _ = write!(
            svg,
            "{}<text x=\"{:.0}\" y=\"46\">{}</text>",
            mark(place, at + 5.0, 42.0),
            at + 14.0,
            escaped(&family.name)
        );
        at += 30.0 + 6.6 * family.name.chars().count() as f64;
    }
    for (panel, name) in panels.iter().enumerate() {
        let left = MARGIN.0 + (panel % COLUMNS) as f64 * (PANEL.0 + GAP.0);
        let above = top + (panel / COLUMNS) as f64 * (PANEL.1 + GAP.1);
        self::panel(&mut svg, (left, above + 38.0), (panel, name), families);
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, (left, top): (f64, f64), (panel, name): (usize, &str), families: &[Family]) {
    let x = |wait: f64| left + PANEL.0 * (wait / WIDEST).min(1.0);
    let y = |stopped: f64| top + PANEL.1 * (1.0 - stopped);
    let _ = write!(svg, "<text class=\"t\" x=\"{left:.0}\" y=\"{:.0}\">{}</text>", top - 24.0, escaped(name));
    for step in 0..=4_u8 {
        let share = f64::from(step) / 4.0;
        let _ = write!(
            svg,
            "<line class=\"g\" x1=\"{left:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
            left + PANEL.0,
            y = y(share)
        );
        if panel.is_multiple_of(COLUMNS) {
            let _ = write!(
                svg,
                "<text class=\"s\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{:.0} %</text>",
                left - 6.0,
                y(share) + 4.0,
                share * 100.0
            );
        }
    }
    for step in 0..=4_u8 {
        let share = WIDEST * f64::from(step) / 4.0;
        let anchor = if step == 0 { "start" } else { "middle" };
        let _ = write!(
            svg,
            "<text class=\"s\" text-anchor=\"{anchor}\" x=\"{:.1}\" y=\"{:.1}\">{:.0} %</text>",
            x(share),
            top + PANEL.1 + 15.0,
            share * 100.0
        );
    }
    let _ = write!(
        svg,
        "<text class=\"s\" x=\"{left:.1}\" y=\"{:.1}\">upgrades that wait; stopped at worst, dashed: as told</text>",
        top + PANEL.1 + 30.0
    );
    for (place, family) in families.iter().enumerate() {
        let class = place % 4;
        // Where lines lie on each other, their labels do not.
        let beside = [(6.0, 14.0), (-6.0, 26.0), (-6.0, -8.0), (6.0, 4.0)][class];
        let line = |of: fn(&(f64, f64)) -> f64| {
            let points =
                family.points.iter().map(|p| format!("{:.1},{:.1}", x(p.wait), y(of(&p.stopped[panel]))));
            points.collect::<Vec<_>>().join(" ")
        };
        let (surely, told) = (line(|stopped| stopped.0), line(|stopped| stopped.1));
        if told != surely {
            let _ = write!(svg, "<polyline class=\"h f{class}\" points=\"{told}\"/>");
        }
        let _ = write!(svg, "<polyline class=\"l f{class}\" points=\"{surely}\"/>");
        for point in &family.points {
            let at = (x(point.wait), y(point.stopped[panel].0));
            svg.push_str(&mark(place, at.0, at.1));
            if !point.label.is_empty() {
                let _ = write!(
                    svg,
                    "<text class=\"s n{class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                    at.0 + beside.0,
                    at.1 + beside.1,
                    escaped(&point.label)
                );
            }
        }
    }
}

/// A mark that differs by more than its colour.
fn mark(family: usize, x: f64, y: f64) -> String {
    let class = family % 4;
    match class {
        0 => format!("<circle class=\"f0\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>"),
        1 => {
            format!("<rect class=\"f1\" x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\"/>", x - 3.5, y - 3.5)
        }
        2 => format!("<path class=\"f2\" d=\"M{x:.1} {:.1}l4.5 8h-9z\"/>", y - 5.0),
        _ => format!("<path class=\"f3\" d=\"M{x:.1} {:.1}l5 5-5 5-5-5z\"/>", y - 5.0),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
