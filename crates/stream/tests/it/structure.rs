//! The structure of a manifest against tables copied by hand from the clauses of ISO/IEC 23009-1: which elements stand
//! where, in which order, with which attributes of which form. It knows what is written here, and is no validation by the
//! schema: that is under a licence of its own and cannot lie here.

/// An element: its name, its children in their order, attributes that it must and that it may have.
struct Rule {
    name: &'static str,
    children: &'static [&'static str],
    must: &'static [(&'static str, Form)],
    may: &'static [(&'static str, Form)],
}

/// What stands in an attribute.
#[derive(Clone, Copy)]
enum Form {
    Any,
    Number,
    /// `xs:duration`, as far as seconds.
    Duration,
    /// A fraction, or a number.
    Rate,
    Boolean,
    /// `xs:language`.
    Language,
    /// No white space in it.
    Word,
}

const REPRESENTATION: &[(&str, Form)] = &[
    ("codecs", Form::Any),
    ("width", Form::Number),
    ("height", Form::Number),
    ("frameRate", Form::Rate),
    ("audioSamplingRate", Form::Number),
];

const RULES: &[Rule] = &[
    // 5.3.1.2
    Rule {
        name: "MPD",
        children: &["Period"],
        must: &[("profiles", Form::Any), ("minBufferTime", Form::Duration)],
        may: &[
            ("xmlns", Form::Any),
            ("type", Form::Word),
            ("mediaPresentationDuration", Form::Duration),
        ],
    },
    // 5.3.2.2
    Rule {
        name: "Period",
        children: &["AdaptationSet"],
        must: &[],
        may: &[("id", Form::Any), ("start", Form::Duration)],
    },
    // 5.3.3.2; what is common comes first (5.3.7.2)
    Rule {
        name: "AdaptationSet",
        children: &["Label", "Role", "Representation"],
        must: &[],
        may: &[
            ("contentType", Form::Word),
            ("mimeType", Form::Word),
            ("lang", Form::Language),
            ("segmentAlignment", Form::Boolean),
            ("startWithSAP", Form::Number),
        ],
    },
    // 5.3.5.2
    Rule {
        name: "Representation",
        children: &["AudioChannelConfiguration", "BaseURL", "SegmentTemplate"],
        must: &[("id", Form::Word), ("bandwidth", Form::Number)],
        may: REPRESENTATION,
    },
    // 5.3.9.4.2 and 5.3.9.2.2
    Rule {
        name: "SegmentTemplate",
        children: &["SegmentTimeline"],
        must: &[],
        may: &[
            ("timescale", Form::Number),
            ("initialization", Form::Any),
            ("media", Form::Any),
            ("startNumber", Form::Number),
        ],
    },
    // 5.3.9.6.2
    Rule {
        name: "SegmentTimeline",
        children: &["S"],
        must: &[],
        may: &[],
    },
    Rule {
        name: "S",
        children: &[],
        must: &[("d", Form::Number)],
        may: &[("t", Form::Number), ("r", Form::Number)],
    },
    // 5.8.4.2 and 5.8.5.4
    Rule {
        name: "Role",
        children: &[],
        must: &[("schemeIdUri", Form::Any)],
        may: &[("value", Form::Any)],
    },
    Rule {
        name: "AudioChannelConfiguration",
        children: &[],
        must: &[("schemeIdUri", Form::Any)],
        may: &[("value", Form::Any)],
    },
    Rule {
        name: "Label",
        children: &[],
        must: &[],
        may: &[],
    },
    Rule {
        name: "BaseURL",
        children: &[],
        must: &[],
        may: &[],
    },
];

/// What is wrong with a manifest, if something is.
pub(crate) fn check(manifest: &str) -> Result<(), String> {
    // The elements that are open, with the place of the last child among those that may follow.
    let mut open: Vec<(&Rule, usize)> = Vec::new();
    let (_, body) = manifest.split_once("?>").ok_or("no declaration")?;
    for tag in body.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').ok_or("a tag without an end")?;
        if let Some(name) = tag.strip_prefix('/') {
            let (rule, _) = open.pop().ok_or("an end without a beginning")?;
            if rule.name != name {
                return Err(format!("{name} ends {}", rule.name));
            }
            continue;
        }
        let is_empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let rule = RULES.iter().find(|rule| rule.name == name);
        let rule = rule.ok_or_else(|| format!("no element is called {name}"))?;
        follow(&mut open, name)?;
        check_attributes(rule, attributes)?;
        if !is_empty {
            open.push((rule, 0));
        }
    }
    match open.last() {
        Some((rule, _)) => Err(format!("{} does not end", rule.name)),
        None => Ok(()),
    }
}

/// An element may stand here, after those before it.
fn follow(open: &mut [(&Rule, usize)], name: &str) -> Result<(), String> {
    let Some((parent, place)) = open.last_mut() else {
        return match name {
            "MPD" => Ok(()),
            _ => Err(format!("{name} is no root")),
        };
    };
    let found = parent.children.iter().position(|child| *child == name);
    let found = found.ok_or_else(|| format!("{name} within {}", parent.name))?;
    if found < *place {
        return Err(format!("{name} too late within {}", parent.name));
    }
    *place = found;
    Ok(())
}

fn check_attributes(rule: &Rule, attributes: &str) -> Result<(), String> {
    let mut seen = Vec::new();
    let mut rest = attributes.trim();
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once("=\"")
            .ok_or("an attribute without a value")?;
        let (value, after) = after.split_once('"').ok_or("a value without an end")?;
        let mut known = rule.must.iter().chain(rule.may);
        let form = known.find(|(known, _)| *known == name);
        let (_, form) = form.ok_or_else(|| format!("{name} of {}", rule.name))?;
        if !fits(*form, value) || seen.contains(&name) {
            return Err(format!("{name}={value:?} of {}", rule.name));
        }
        seen.push(name);
        rest = after.trim_start();
    }
    match rule.must.iter().find(|(name, _)| !seen.contains(name)) {
        Some((name, _)) => Err(format!("{} without {name}", rule.name)),
        None => Ok(()),
    }
}

fn fits(form: Form, value: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match form {
        Form::Any => !value.is_empty(),
        Form::Number => is_number(value),
        Form::Boolean => matches!(value, "true" | "false"),
        Form::Word => !value.is_empty() && !value.contains(char::is_whitespace),
        Form::Rate => match value.split_once('/') {
            Some((above, below)) => is_number(above) && is_number(below) && !below.starts_with('0'),
            None => is_number(value),
        },
        Form::Duration => {
            let seconds = value
                .strip_prefix("PT")
                .and_then(|text| text.strip_suffix('S'));
            seconds.is_some_and(|text| match text.split_once('.') {
                Some((whole, part)) => is_number(whole) && is_number(part),
                None => is_number(text),
            })
        }
        Form::Language => {
            let is_part = |part: &str| {
                (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
            };
            value.split('-').all(is_part) && !value.starts_with(|c: char| c.is_ascii_digit())
        }
    }
}

#[test]
fn what_is_not_by_the_tables_is_found() {
    let whole = |inner: &str| {
        let head = "<?xml version=\"1.0\"?><MPD profiles=\"p\" minBufferTime=\"PT2S\"><Period>";
        check(&format!("{head}{inner}</Period></MPD>"))
    };
    assert_eq!(
        whole("<AdaptationSet lang=\"de-AT\"></AdaptationSet>"),
        Ok(())
    );
    for wrong in [
        "<AdaptationSet lang=\"\"/>",
        "<AdaptationSet><Role schemeIdUri=\"u\"/><Label>a</Label></AdaptationSet>",
        "<AdaptationSet><Representation id=\"1\"/></AdaptationSet>",
        "<AdaptationSet><Representation id=\"a b\" bandwidth=\"1\"/></AdaptationSet>",
        "<AdaptationSet><Representation id=\"1\" bandwidth=\"1\" frameRate=\"25/0\"/></AdaptationSet>",
        "<AdaptationSet><Representation id=\"1\" bandwidth=\"1.5\"/></AdaptationSet>",
        "<Representation id=\"1\" bandwidth=\"1\"/>",
        "<AdaptationSet colour=\"red\"/>",
        "<AdaptationSet>",
    ] {
        assert!(whole(wrong).is_err(), "{wrong}");
    }
    assert!(check("<?xml version=\"1.0\"?><MPD profiles=\"p\"></MPD>").is_err());
}
