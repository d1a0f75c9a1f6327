use super::*;

fn handover(contacts: usize) -> Handover {
    let contact = |n: usize| {
        let key = IdentityKey([n as u8; 32]);
        let name = Name::new(&format!("friend {n}").replace(' ', "-")).unwrap();
        match n % 2 {
            0 => (name, Contact::Pinned(key)),
            _ => (name, Contact::Verified(key)),
        }
    };
    Handover {
        name: Name::new("asha").unwrap(),
        secret: [7; 32],
        contacts: (0..contacts).map(contact).collect(),
    }
}

#[test]
fn an_answer_is_for_one_device() {
    let (one, other) = (
        Newcomer::new(&[1; 32]).unwrap(),
        Newcomer::new(&[2; 32]).unwrap(),
    );
    for contacts in [0, 1, 40] {
        let all = handover(contacts);
        let answer = all.seal(&one.code()).unwrap();
        assert!(answer.lines().all(|line| line.len() <= LINE));
        let pasted = format!("look:\r\n{}\r\nthat was it", answer.replace('\n', "\r\n  "));
        assert_eq!(one.open(&pasted), Ok(all));
        assert_eq!(other.open(&answer), Err(Fault::AnswerUnusable));
    }
}

#[test]
fn how_many_contacts_there_are_is_not_seen() {
    let code = Newcomer::new(&[1; 32]).unwrap().code();
    let length = |contacts| handover(contacts).seal(&code).unwrap().len();
    assert_eq!(length(0), length(5));
}

#[test]
fn every_letter_of_an_answer_counts() {
    let device = Newcomer::new(&[1; 32]).unwrap();
    let answer = handover(0).seal(&device.code()).unwrap();
    for (at, letter) in answer.char_indices() {
        let other = if letter == 'A' { "B" } else { "A" };
        let mut changed = answer.clone();
        changed.replace_range(at..at + 1, other);
        // The end of a line may become a letter in its middle, or be one of the last line's.
        if !letter.is_whitespace() {
            assert!(device.open(&changed).is_err(), "{at}");
        }
    }
    assert_eq!(device.open(""), Err(Fault::AnswerUnusable));
    let long = format!("{FIRST}\n{}\n{LAST}", "A".repeat(ANSWER_CHARS_MAX + 1));
    assert_eq!(device.open(&long), Err(Fault::AnswerUnusable));
}

#[test]
fn a_code_is_read_as_it_is_written_and_typed() {
    let code = Newcomer::new(&[1; 32]).unwrap().code();
    let text = code.to_string();
    assert_eq!(text.parse(), Ok(code));
    assert_eq!(text.to_lowercase().replace('-', " ").parse(), Ok(code));
    for (at, letter) in text.char_indices().filter(|(_, letter)| *letter != '-') {
        let mut typo = text.clone();
        typo.replace_range(at..at + 1, if letter == 'A' { "B" } else { "A" });
        assert_eq!(typo.parse::<Code>(), Err(Fault::CodeUnusable), "{at}");
    }
    assert_eq!("".parse::<Code>(), Err(Fault::CodeUnusable));
    assert_eq!("KINORA-LINK-é".parse::<Code>(), Err(Fault::CodeUnusable));
}

#[test]
fn an_answer_ends_where_its_last_line_does() {
    let answer = handover(0).seal(&Newcomer::new(&[1; 32]).unwrap().code());
    let answer = answer.unwrap();
    let ends: Vec<bool> = answer.lines().map(is_end).collect();
    assert_eq!(ends.iter().position(|is| *is), Some(ends.len() - 1));
    assert!(is_end(&format!("{} \r", answer.trim().replace('\n', " "))));
    assert!(!is_end(FIRST) && !is_end(""));
}

/// X25519 agrees with them on nought, which everybody knows.
#[test]
fn nothing_is_sealed_for_a_key_of_small_order() {
    let device = Newcomer::new(&[1; 32]).unwrap();
    let answer = handover(0).seal(&device.code()).unwrap();
    let sealed = unarmored(&answer).unwrap();
    for point in SMALL {
        let mut point: [u8; 32] = HEXLOWER.decode(point.as_bytes()).unwrap()[..]
            .try_into()
            .unwrap();
        for high in [0, 0x80] {
            point[31] ^= high;
            assert_eq!(
                Code(point).to_string().parse::<Code>(),
                Err(Fault::CodeUnusable)
            );
            let other = [&[VERSION], &point[..], &sealed[33..]].concat();
            assert_eq!(device.open(&armored(&other)), Err(Fault::AnswerUnusable));
        }
    }
}

/// Of the page, which seals with a library of its own (`web/tests/talk/handover.test.ts` writes it).
#[test]
fn what_the_page_has_sealed_opens() {
    let device = Newcomer::new(&[1; 32]).unwrap();
    assert_eq!(device.open(include_str!("page.txt")), Ok(handover(2)));
}

/// Whoever changes how it is written notices here: the other device may be of another version.
#[test]
fn a_golden_answer_opens() {
    let device = Newcomer::new(&[1; 32]).unwrap();
    assert_eq!(device.code().to_string(), include_str!("code.txt").trim());
    assert_eq!(device.open(include_str!("answer.txt")), Ok(handover(2)));
}
