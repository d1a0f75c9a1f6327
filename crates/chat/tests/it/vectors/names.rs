//! Names: which are taken, what they look like, and the tables that a browser lacks for both.

use super::{Dice, check_file, check_vectors};
use kinora_chat::Name;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{ScriptExtension, UnicodeScript};
use unicode_security::{GeneralSecurityProfile, skeleton};

/// Names that break or bend a rule each.
const ODD: &[&str] = &[
    "",
    "a",
    "ab",
    "  ",
    "a b",
    "Asha",
    "Ａｓｈａ",
    "Straße",
    "ΟΔΥΣΣΕΥΣ",
    "E\u{301}mile",
    "émile",
    "रवि",
    "山田",
    "山田taro",
    "やまだ",
    "ヤマダ",
    "ﾔﾏﾀﾞ",
    "山田タロウ",
    "김철수",
    "김chul",
    "ㄅㄆ山",
    "ravi.k-2_x",
    "ﬁona",
    "ﬃna",
    "a\u{200b}b",
    "a\u{202e}b",
    "a\nb",
    "a/b",
    "a@b",
    "..",
    "-a",
    "a-",
    "a..b",
    "a.-b",
    "a-_b",
    "\u{301}ab",
    "a.\u{301}b",
    "a\u{301}",
    "😀😀",
    "аsha",
    "асе",
    "ace",
    "αβγ",
    "абв",
    "ab\u{0}",
    "İstanbul",
    "ıstanbul",
    "Kinora",
    "k1n0ra",
    "kinorа",
    "r00t",
    "Admin",
    "sys-tem",
    "supp0rt",
    "paypal",
    "PayPa1",
    "modern",
    "modem",
    "b0b",
    "bob",
    "a.rao",
    "a_rao",
    "arao",
    "l1l1",
    "illi",
    "ǅabc",
    "ŉoel",
    "ΐota",
    "ﬆone",
    "²two",
    "Ⅷabc",
    "ℌello",
    "𝐀𝐬𝐡𝐚",
    "ａ１",
    "١٢٣",
    "१२३",
    "a१",
    "ไทย",
    "တမိလ",
    "თბილისი",
    "ᲗᲑᲘᲚᲘᲡᲘ",
    "ᏣᎳᎩ",
    "ꭰꭱ",
    "ẞeta",
    "ſophie",
    "Å\u{30a}",
    "Ω",
    "K\u{345}",
    "ά\u{345}x",
    "\u{37e}a",
    "a\u{b7}b",
    "a\u{387}b",
    "o\u{2bc}neil",
    "שלום",
    "سلام",
    "ሰላም",
    "தமிழ்",
    "বাংলা",
    "ខ្មែរ",
    "xx.",
    "x\u{fe0f}y",
    "e\u{323}\u{301}",
    "e\u{301}\u{323}",
];

/// Blocks that names of the dice are made of: each rolled name takes its characters from one or two of them.
const BLOCKS: &[(u32, u32)] = &[
    (0x2d, 0x7a),
    (0xc0, 0x17f),
    (0x1e00, 0x1eff),
    (0x370, 0x3ff),
    (0x400, 0x4ff),
    (0x5d0, 0x5ea),
    (0x620, 0x66f),
    (0x900, 0x97f),
    (0x985, 0x9cd),
    (0xe01, 0xe3a),
    (0x10d0, 0x10f0),
    (0x3041, 0x3096),
    (0x30a1, 0x30fe),
    (0x4e00, 0x4fff),
    (0xac00, 0xacff),
    (0xff01, 0xff9d),
    (0x300, 0x345),
    (0x1d400, 0x1d433),
    (0x2100, 0x2188),
];

fn verdict(typed: &str) -> Value {
    match Name::new(typed) {
        Ok(name) => json!({"typed": typed, "name": name.as_str(), "skeleton": name.skeleton()}),
        Err(fault) => json!({"typed": typed, "refused": fault.code()}),
    }
}

fn rolled() -> Vec<String> {
    let mut dice = Dice(7);
    let one = |dice: &mut Dice| {
        let blocks = [
            BLOCKS[dice.roll(BLOCKS.len())],
            BLOCKS[dice.roll(BLOCKS.len())],
        ];
        let length = 2 + dice.roll(4);
        let char = |dice: &mut Dice| {
            let (first, last) = blocks[dice.roll(4) / 3];
            let width = usize::try_from(last - first + 1).unwrap();
            char::from_u32(first + u32::try_from(dice.roll(width)).unwrap()).unwrap()
        };
        (0..length).map(|_| char(dice)).collect::<String>()
    };
    (0..400).map(|_| one(&mut dice)).collect()
}

#[test]
fn vectors_of_names() {
    let odd = ODD.iter().map(|typed| verdict(typed));
    let long = [
        "x".repeat(32),
        "x".repeat(33),
        "\u{fdfa}".repeat(80),
        "é".repeat(129),
        "x".repeat(257),
    ];
    let more = long.into_iter().chain(rolled());
    let cases: Vec<Value> = odd.chain(more.map(|typed| verdict(&typed))).collect();
    let taken = cases.iter().filter(|case| case["name"].is_string()).count();
    assert!(
        taken > 100 && cases.len() - taken > 100,
        "{taken} of {}",
        cases.len()
    );
    check_vectors(
        "names",
        &json!({
            "about": "Names as typed: the folded name and its skeleton, or the code of the refusal.",
            "cases": cases,
        }),
    );
}

fn is_of_alphabet(c: char) -> bool {
    matches!(c, '.' | '-' | '_')
        || ((c.is_alphanumeric() || is_combining_mark(c)) && c.identifier_allowed())
}

/// The scripts of a character, `*` for one that stands in all, behind `^` for a mark.
fn kind(c: char) -> String {
    let scripts: ScriptExtension = c.script_extension();
    let names: Vec<&str> = scripts.iter().map(|script| script.short_name()).collect();
    let all = scripts.is_common() || scripts.is_inherited();
    let names = if all { "*".into() } else { names.join(" ") };
    format!("{}{names}", if is_combining_mark(c) { "^" } else { "" })
}

fn base36(mut number: u32) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(number % 36, 36).unwrap());
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

/// Ranges of one kind: the distance to the one before, how many follow the first, and the number of the kind.
fn alphabet() -> (Vec<String>, String) {
    let mut ranges: Vec<(u32, u32, String)> = Vec::new();
    for c in ('\0'..=char::MAX).filter(|c| is_of_alphabet(*c)) {
        let (code, kind) = (u32::from(c), kind(c));
        match ranges.last_mut() {
            Some((_, last, of)) if *last + 1 == code && *of == kind => *last = code,
            _ => ranges.push((code, code, kind)),
        }
    }
    let kinds: BTreeSet<String> = ranges.iter().map(|(_, _, kind)| kind.clone()).collect();
    let kinds: Vec<String> = kinds.into_iter().collect();
    let mut at = 0;
    let written = ranges.iter().map(|(first, last, kind)| {
        let number = u32::try_from(kinds.iter().position(|each| each == kind).unwrap()).unwrap();
        let range = [first - at, last - first, number].map(base36).join(",");
        at = *last;
        range
    });
    let written: Vec<String> = written.collect();
    (kinds, written.join(" "))
}

/// What folding cases gives where making them small does not.
fn folds() -> BTreeMap<String, String> {
    let differs = |c: char| {
        let folded = caseless::default_case_fold_str(&c.to_string());
        (folded != c.to_lowercase().collect::<String>()).then(|| (c.to_string(), folded))
    };
    ('\0'..=char::MAX).filter_map(differs).collect()
}

/// What characters of names look like, and what those look like that come of it: a look is taken twice, and folded.
fn looks() -> BTreeMap<String, String> {
    let mut looks = BTreeMap::new();
    let mut left: Vec<char> = ('\0'..=char::MAX).filter(|c| is_of_alphabet(*c)).collect();
    let mut known: BTreeSet<char> = BTreeSet::new();
    while let Some(c) = left.pop() {
        for part in c
            .to_string()
            .nfd()
            .filter(|part| known.insert(*part))
            .collect::<Vec<_>>()
        {
            let look: String = skeleton(&part.to_string()).collect();
            let folded: String = caseless::default_case_fold_str(&look.nfkc().collect::<String>());
            left.extend(folded.nfkc().chain(folded.nfd()));
            if look != part.to_string() {
                looks.insert(part.to_string(), look);
            }
        }
    }
    looks
}

#[test]
fn vectors_of_unicode() {
    let (kinds, ranges) = alphabet();
    let tables = json!({
        "about": "Written by the tests of crates/chat: what names may have, and what it looks like.",
        "kinds": kinds,
        "alphabet": ranges,
        "fold": folds(),
        "look": looks(),
    });
    let text = serde_json::to_string(&tables).unwrap();
    check_file("../../web/src/talk/unicode.json", &format!("{text}\n"));
}
