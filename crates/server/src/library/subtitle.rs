//! A track of subtitles, whether it was within a title's file or lies beside it.

use super::folder::Beside;

/// A track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subtitle {
    /// As it stands in addresses; another one for other content.
    pub(crate) name: String,
    /// For people; no two of a title have the same, once [`tell_apart`] has seen them.
    pub(crate) label: String,
    /// Three letters of ISO 639-2, or as BCP 47 has it; `und` or empty when unknown.
    pub(crate) language: String,
    pub(crate) is_forced: bool,
    pub(crate) is_descriptive: bool,
    pub(super) place: Place,
}

/// Where it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A file that was made, by its name.
    Made(String),
    /// A file of the library.
    Beside(Beside),
}

/// What a track is called that nobody has given a name.
pub(super) fn label(language: &str) -> String {
    match language {
        "" | "und" => "Subtitles".to_owned(),
        language => language.to_owned(),
    }
}

/// Gives later ones of the same name a number (RFC 8216bis, 4.4.6.1.1: names of a group are unique).
pub(super) fn tell_apart(all: &mut [Subtitle]) {
    let mut taken: Vec<String> = Vec::new();
    for subtitle in all {
        let plain = subtitle.label.clone();
        let mut number = 1;
        while taken.contains(&subtitle.label) {
            number += 1;
            subtitle.label = format!("{plain} ({number})");
        }
        taken.push(subtitle.label.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_have_the_same_name() {
        let subtitle = |label: &str| Subtitle {
            name: String::new(),
            label: label.into(),
            language: String::new(),
            is_forced: false,
            is_descriptive: false,
            place: Place::Made(String::new()),
        };
        let mut all = ["en", "de", "en", "en (2)", "en"].map(subtitle);
        tell_apart(&mut all);
        let labels = all.map(|each| each.label);
        assert_eq!(labels, ["en", "de", "en (2)", "en (2) (2)", "en (3)"]);
    }
}
