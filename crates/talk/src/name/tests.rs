use super::*;
use proptest::prelude::*;

fn check(typed: &str, expected: Result<&str, &str>) {
    let name = Name::new(typed);
    let found = name.as_ref().map(Name::as_str).map_err(Fault::code);
    assert_eq!(found, expected, "{typed}");
}

fn check_alike(one: &str, other: &str, expected: bool) {
    let looks = |text| Name::new(text).unwrap().skeleton();
    assert_eq!(looks(one) == looks(other), expected, "{one} {other}");
}

#[test]
fn names_are_folded() {
    check("Asha", Ok("asha"));
    check("Ａｓｈａ", Ok("asha"));
    check("Straße", Ok("strasse"));
    check("ΟΔΥΣΣΕΥΣ", Ok("οδυσσευσ"));
    check("E\u{301}mile", Ok("émile"));
    check("रवि", Ok("रवि"));
    check("山田", Ok("山田"));
    check("ravi.k-2_x", Ok("ravi.k-2_x"));
    check("ﬁona", Ok("fiona"));
}

#[test]
fn what_breaks_a_rule_is_refused() {
    let refused = [
        "",
        "a",
        "  ",
        "a b",
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
        "\u{301}ab",
        "a.\u{301}b",
        "😀😀",
        "аsha",
        "ab\u{0}",
    ];
    for typed in refused {
        check(typed, Err("name_invalid"));
    }
    check(&"x".repeat(32), Ok(&"x".repeat(32)));
    check(&"x".repeat(33), Err("name_invalid"));
    check(&"\u{fdfa}".repeat(80), Err("name_invalid"));
    check(&"x".repeat(100_000), Err("name_invalid"));
    check("Kinora", Err("name_reserved"));
    check("r00t", Err("name_reserved"));
}

#[test]
fn lookalikes_have_one_skeleton() {
    check_alike("paypal", "PayPa1", true);
    check_alike("modern", "modem", true);
    check_alike("b0b", "bob", true);
    check_alike("асе", "ace", true);
    check_alike("a.rao", "a_rao", true);
    check_alike("asha", "ashi", false);
    check_alike("a.rao", "arao", false);
}

proptest! {
    #[test]
    fn ascii_is_folded_as_everything_is(text in "[ -~]{0,40}") {
        prop_assert_eq!(fold(&text), fold_any(&text));
    }

    #[test]
    fn any_text_is_a_name_or_refused(typed in "\\PC{0,40}") {
        if let Ok(name) = Name::new(&typed) {
            prop_assert_eq!(Name::folded(name.as_str()).unwrap(), name.clone());
            prop_assert!(name.as_str().len() <= crate::limits::NAME_BYTES_MAX);
        }
    }
}
