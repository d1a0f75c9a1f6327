//! A report as one self-contained page: no script, nothing that is fetched, pictures inside.
//!
//! The page forbids itself everything else by a policy of its own, so that not even a mistake here could make it call
//! home.

use super::svg::{Size, drawing};
use super::words::{self, escape, goal, instant, moment, score};
use crate::units::show_size;
use kinora_media::quality::Report;
use kinora_media::quality::report::{Scene, Status};
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");
/// Rows of the table; a report has at most 120.
const ROWS: usize = 500;
/// Pictures may come from the page itself, style from its head, and nothing from anywhere.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// What was compressed to what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files<'a> {
    /// Name of the original, as its owner calls it.
    pub(crate) original: &'a str,
    /// Name of the result.
    pub(crate) result: &'a str,
}

/// One place of the video as it was and as it is, as JPEG; what could not be read is absent.
#[derive(Debug, Default)]
pub(crate) struct Pair {
    pub(crate) original: Option<Vec<u8>>,
    pub(crate) result: Option<Vec<u8>>,
}

/// The worst places to look at.
#[derive(Debug)]
pub(crate) enum Pictures {
    /// In the order of the report's worst places.
    Pairs(Vec<Pair>),
    /// Why there are none.
    Without(String),
}

/// The whole page.
#[must_use]
pub(crate) fn page(report: &Report, files: Files<'_>, pictures: &Pictures) -> String {
    let title = escape(files.result);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}: report</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    page.push_str(&header(report, files));
    page.push_str("<main>\n");
    page.push_str(&levels(report));
    page.push_str(&chart(report));
    page.push_str(&places(report, pictures));
    page.push_str(&making(report));
    page.push_str(&scenes(report));
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn header(report: &Report, files: Files<'_>) -> String {
    let (verdict, why) = words::verdict(report);
    let (class, sign) = match report.status {
        Status::Held => ("held", "✓"),
        Status::BestEffort => ("missed", "!"),
        Status::KeptOriginal => ("kept", "="),
    };
    let sizes = words::sizes(report.input_bytes, report.output_bytes);
    let quality = words::quality(report).map(|quality| format!("; {quality}"));
    format!(
        "<header>\n<p class=\"files\">{} → {}</p>\n\
         <h1><span class=\"sign {class}\" aria-hidden=\"true\">{sign}</span>{verdict}</h1>\n\
         <p class=\"why\">{}.</p>\n<p class=\"sum\">{}{}</p>\n</header>\n",
        escape(files.original),
        escape(files.result),
        escape(why.trim_end_matches('.')),
        escape(&sizes),
        escape(&quality.unwrap_or_default()),
    )
}

/// Goal against measured, as tiles.
fn levels(report: &Report) -> String {
    let mut html = String::new();
    for level in words::levels(report) {
        let (class, said) = match (level.is_held(), level.goal, level.at_s) {
            (Some(true), Some(of), _) => ("held", format!("goal {}, held", goal(of))),
            (Some(false), Some(of), _) => ("missed", format!("goal {}, missed", goal(of))),
            (.., Some(at)) => ("", format!("at {}", moment(at))),
            _ => ("", "no goal".to_owned()),
        };
        let _ = writeln!(
            html,
            "<li class=\"tile {class}\"><span class=\"name\">{}</span> <b>{}</b> <span>{said}</span></li>",
            level.name,
            score(level.measured)
        );
    }
    let before = show_size(report.input_bytes);
    let saving = words::saving(report.input_bytes, report.output_bytes);
    let tile = format!(
        "<li class=\"tile\"><span class=\"name\">size</span> <b>{}</b> <span>{saving}, was {before}</span></li>\n",
        show_size(report.output_bytes)
    );
    format!("<ul class=\"tiles\">\n{tile}{html}</ul>\n")
}

fn chart(report: &Report) -> String {
    let sizes = [
        Size {
            width: 1000.0,
            height: 360.0,
            class: "chart wide",
        },
        Size {
            width: 400.0,
            height: 320.0,
            class: "chart narrow",
        },
    ];
    let drawings: Vec<_> = sizes
        .into_iter()
        .filter_map(|size| drawing(report, size))
        .collect();
    if drawings.is_empty() {
        return String::new();
    }
    let metric = escape(&words::metric(&report.metric));
    let mut key = String::from(
        "<li><i class=\"curve\"></i>mean</li><li><i class=\"range\"></i>down to the worst frame</li>",
    );
    if let Some(levels) = &report.goal {
        let _ = write!(
            key,
            "<li><i class=\"goal\"></i>goal of the mean {}</li><li><i class=\"floor\"></i>floor under every scene {}</li>\
             <li><i class=\"floor5\"></i>floor under 95 % of all frames {}</li>",
            goal(levels.mean),
            goal(levels.scene),
            goal(levels.worst5)
        );
    }
    if !report.scenes.is_empty() {
        key.push_str("<li><i class=\"bar\"></i>size of each scene (area)</li>");
    }
    format!(
        "<section>\n<h2>{metric} over time</h2>\n<ul class=\"key\">{key}</ul>\n{}</section>\n",
        drawings.concat()
    )
}

/// The worst places side by side.
fn places(report: &Report, pictures: &Pictures) -> String {
    let pairs = match pictures {
        Pictures::Without(reason) => {
            return format!(
                "<section>\n<h2>Where it is worst</h2>\n{}<p>{}.</p>\n</section>\n",
                list_of_places(report),
                escape(words::sentence(reason).trim_end_matches('.'))
            );
        }
        Pictures::Pairs(pairs) => pairs,
    };
    let mut html = String::new();
    let metric = escape(&words::metric(&report.metric));
    for (n, (place, pair)) in report.worst.iter().zip(pairs).enumerate() {
        let (at, n) = (instant(place.at_s), n + 1);
        let _ = write!(
            html,
            "<article class=\"pair\">\n<h3>{at}, {metric} {}</h3>\n\
             <input type=\"checkbox\" class=\"zoom\" id=\"zoom{n}\"><label class=\"button\" for=\"zoom{n}\">\
             <span class=\"open\">Enlarge</span><span class=\"close\">Close</span></label>\n<div class=\"frames\">\n\
             <span class=\"peek\" tabindex=\"0\">Point here to see the original</span>\n{}{}</div>\n</article>\n",
            score(place.score),
            frame("original", "Original", &at, pair.original.as_deref()),
            frame("result", "Result", &at, pair.result.as_deref()),
        );
    }
    if html.is_empty() {
        return String::new();
    }
    format!("<section class=\"places\">\n<h2>Where it is worst</h2>\n{html}</section>\n")
}

fn list_of_places(report: &Report) -> String {
    let places = report.worst.iter().take(6);
    let items: String = places
        .map(|place| format!("<li>{}: {}</li>", instant(place.at_s), score(place.score)))
        .collect();
    if items.is_empty() {
        return items;
    }
    format!("<ul class=\"list\">{items}</ul>\n")
}

fn frame(class: &str, name: &str, at: &str, jpeg: Option<&[u8]>) -> String {
    let picture = match jpeg {
        Some(jpeg) => format!(
            "<img alt=\"{name}, frame at {at}\" src=\"data:image/jpeg;base64,{}\">",
            base64(jpeg)
        ),
        None => "<p class=\"gone\">This frame could not be read.</p>".into(),
    };
    format!("<figure class=\"{class}\">{picture}<figcaption>{name}</figcaption></figure>\n")
}

/// How it was made, as a list of names and values.
fn making(report: &Report) -> String {
    let mut about = words::about_metric(report).into_iter();
    let frames = report.measured.map(|measured| {
        let xpsnr = measured.xpsnr_db.filter(|db| db.is_finite());
        let xpsnr = xpsnr.map(|db| format!("; XPSNR of the luma {} dB", score(db)));
        format!(
            "{} of {} frames{}",
            measured.scored,
            report.frames,
            xpsnr.unwrap_or_default()
        )
    });
    let rows = [
        ("Asked for", words::wish(report)),
        ("Encoder", words::encoder(report)),
        ("Footage", words::footage(report)),
        ("Length", moment(report.duration_s)),
        ("Scores", about.next().unwrap_or_default()),
        ("Know that", about.next().unwrap_or_default()),
        ("Scored", frames.unwrap_or_default()),
        ("Effort", words::effort(report)),
    ];
    let rows = rows.iter().filter(|(_, text)| !text.is_empty());
    let list: String = rows
        .map(|(name, text)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(text)))
        .collect();
    format!("<section>\n<h2>How it was made</h2>\n<dl>\n{list}</dl>\n</section>\n")
}

fn scenes(report: &Report) -> String {
    if report.scenes.is_empty() {
        return String::new();
    }
    let floor = super::curve::floor(report);
    let rows: String = report
        .scenes
        .iter()
        .take(ROWS)
        .enumerate()
        .map(|(n, scene)| row(n + 1, scene, floor))
        .collect();
    let names = ["Scene", "From", "To", "CRF", "Size", "Mean", "Worst 5 %"];
    let head: String = names
        .iter()
        .map(|name| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    format!(
        "<section>\n<h2>Scenes</h2>\n<div class=\"table\" role=\"region\" aria-label=\"Scenes\" tabindex=\"0\">\n\
         <table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n</section>\n"
    )
}

fn row(number: usize, scene: &Scene, floor: Option<f64>) -> String {
    let missed = floor.is_some_and(|floor| !words::reaches(scene.mean, floor));
    format!(
        "<tr{}><th scope=\"row\">{number}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}{}</td><td>{}</td></tr>\n",
        if missed { " class=\"missed\"" } else { "" },
        moment(scene.start_s),
        moment(scene.end_s),
        words::crf(scene.crf),
        show_size(scene.bytes),
        score(scene.mean),
        if missed {
            " <span>below the floor</span>"
        } else {
            ""
        },
        score(scene.worst5),
    )
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |n: usize| u32::from(group.get(n).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * n) & 63) as usize];
            // Each missing byte of the last group is one letter less.
            text.push(if n > group.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_the_standard_has_it() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ];
        for (plain, expected) in cases {
            assert_eq!(base64(plain.as_bytes()), expected);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }
}
