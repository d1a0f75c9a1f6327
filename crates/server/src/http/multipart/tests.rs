use super::*;

const TYPE: &str = "multipart/form-data; boundary=\"b-1\"";

type Parts = Vec<(Part, Vec<u8>)>;

/// Parts with their content, whichever way the bytes came.
fn parts(pieces: &[&[u8]]) -> Result<(Parts, bool), Malformed> {
    let mut splitter = Splitter::new(TYPE)?;
    let (mut parts, mut ended, mut open) = (Vec::new(), false, false);
    for piece in pieces {
        splitter.feed(piece);
        while let Some(event) = splitter.next()? {
            match event {
                Event::Part(part) => {
                    assert!(!open);
                    open = true;
                    parts.push((part, Vec::new()));
                }
                Event::Content(bytes) => parts.last_mut().unwrap().1.extend_from_slice(&bytes),
                Event::PartEnd => open = false,
                Event::End => ended = true,
            }
        }
    }
    Ok((parts, ended))
}

const FORM: &[u8] = b"preamble\r\n--b-1\r\nContent-Disposition: form-data; name=\"operation\"\r\n\r\ncompress\r\n\
    --b-1\r\ncontent-disposition: form-data; name=file; filename=\"a \\\"b\\\".mp4\"\r\nContent-Type: video/mp4\r\n\r\n\
    \r\n--b-\r\n--b-1x\x00\r\n--b-1\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b-1--\r\nepilogue";

#[test]
fn every_split_gives_the_same_parts() {
    let form = FORM.to_vec();
    let form = form.as_slice();
    // A boundary with more behind it is not one, so this form is taken apart up to there.
    assert_eq!(parts(&[form]), Err(Malformed::NoPart));
    let form: Vec<u8> = String::from_utf8_lossy(form)
        .replace("\r\n--b-1x", "\r\n--b-x")
        .into();
    let (whole, ended) = parts(&[&form]).unwrap();
    assert!(ended);
    let names: Vec<&str> = whole.iter().map(|(part, _)| part.name.as_str()).collect();
    assert_eq!(names, ["operation", "file", "empty"]);
    assert_eq!(whole[0].1, b"compress");
    assert_eq!(whole[1].0.file_name.as_deref(), Some("a \"b\".mp4"));
    assert_eq!(whole[1].1, b"\r\n--b-\r\n--b-x\x00");
    assert_eq!(whole[2].1, b"");
    for at in 0..form.len() {
        let (first, second) = form.split_at(at);
        assert_eq!(parts(&[first, second]).unwrap().0, whole, "{at}");
    }
    let bytes: Vec<&[u8]> = form.chunks(1).collect();
    assert_eq!(parts(&bytes).unwrap().0, whole);
}

#[test]
fn a_form_that_breaks_off_has_no_end() {
    let form = b"--b-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--b-1";
    for length in 0..form.len() {
        assert!(!parts(&[&form[..length]]).unwrap().1, "{length}");
    }
}

#[test]
fn what_is_no_form_is_refused() {
    let check = |form: &[u8], expected| assert_eq!(parts(&[form]).err(), Some(expected));
    check(b"--b-1xx", Malformed::NoPart);
    check(b"--b-1\r\nContent-Type: a/b\r\n\r\n", Malformed::NoName);
    check(b"--b-1\r\n\r\n", Malformed::NoName);
    let long = [b"--b-1\r\n".as_slice(), &[b'a'; PART_HEAD_BYTES + 9]].concat();
    check(&long, Malformed::HeadTooLong);
    for content_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; x=y",
    ] {
        assert_eq!(
            Splitter::new(content_type).err(),
            Some(Malformed::NoBoundary)
        );
    }
}

#[test]
fn what_waits_for_more_stays_small() {
    let mut splitter = Splitter::new(TYPE).unwrap();
    splitter.feed(b"--b-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n");
    for _ in 0..1000 {
        splitter.feed(&[b'\r'; 1000]);
        while splitter.next().unwrap().is_some() {}
        assert!(splitter.buffer.len() < 10);
    }
}

#[test]
fn names_are_read_as_they_were_meant() {
    let check = |field: &str, name: &str| {
        let head = format!("Content-Disposition: form-data; name=\"file\"; {field}\r\n");
        assert_eq!(
            part(&head).unwrap().file_name.as_deref(),
            Some(name),
            "{field}"
        );
    };
    check("filename=\"a%22b.mp4\"", "a\"b.mp4");
    check("filename=\"C:\\Videos\\a.mp4\"", "C:\\Videos\\a.mp4");
    check("filename=\"x\"; filename*=UTF-8''caf%C3%A9.mp4", "café.mp4");
    check("filename=\"x; y=z\"", "x; y=z");
    check("filename=plain.mp4", "plain.mp4");
}
