use super::*;

/// From the fifth microsecond on.
const LATER: Span = Span {
    from_us: Some(5),
    until_us: None,
    reach: Reach::Decode,
    runs: None,
};

fn picture(info: &MediaInfo, has_memory: bool) -> Picture<'_> {
    Picture {
        info,
        stream: 0,
        filters: "F",
        has_memory,
    }
}

#[test]
fn lists_are_read() {
    let list =
        "#tb 0: 1/1000000\n0,   0,   -40000,  40000, 2304, 0x1\n0, 1, 0, 1, 2304, 0x2\nnonsense\n";
    assert!(list.lines().filter_map(time).eq([-40_000, 0]));
    let csv = "Frame,integer_adm2,vmaf,\n0,1.0,95.5,\n1,0.9,nan,\n2,0.9,88,\n";
    assert_eq!(vmaf_scores(csv), [95.5, 88.0]);
    assert!(vmaf_scores("Frame,psnr\n0,40\n").is_empty());
    let psnr =
        "n:1 mse_avg:0.5 mse_y:0.4 psnr_avg:51.2 psnr_y:52.11 psnr_u:50\nn:2 psnr_y:inf\n\nn:3\n";
    assert_eq!(psnr_scores(psnr), [52.11, EQUAL_DB]);
}

#[test]
fn what_is_encoded_comes_back_to_be_compared() {
    let info = MediaInfo::default();
    let picture = picture(&info, false);
    let span = Span {
        from_us: None,
        until_us: Some(9),
        ..LATER
    };
    let scoring = Scoring {
        picks: Some(&[5, 16]),
        model: "M",
        log: "L",
        psnr: Some(("P", "yuv420p")),
    };
    let capabilities = crate::capability::Capabilities::default();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let words = |scoring| {
        let list = encode(
            &picture,
            &span,
            Timing::Variable,
            (&[], &[]),
            scoring,
            &context,
        );
        let list = list.iter().map(|each| format!("{each:?}"));
        list.collect::<Vec<_>>().join(" ")
    };
    let (plain, looped) = (words(None), words(Some(&scoring)));
    let outputs = |words: &str| {
        let from = words.find("[v]\")").unwrap();
        words[from..].to_owned()
    };
    // The chunk stays the first output, as the decoder names it; what compares stands behind all of it.
    let rest = outputs(&looped);
    let rest = rest.strip_prefix(&outputs(&plain)).unwrap();
    assert!(rest.contains("-dec") && rest.contains("[dec:0]format=yuv420p"));
    assert!(rest.contains("psnr=stats_file=P") && rest.contains("n_subsample=3"));
    // The source is read once, and ends where the span ends.
    assert_eq!(looped.matches("[0:0]").count(), 1, "{looped}");
    // And goes through the filters once.
    assert!(looped.contains("[f]F,split=2[a][c]") && looped.contains(";[c]format=yuv420p,"));
}

#[test]
fn a_trim_stands_where_the_filters_see_enough() {
    let info = MediaInfo::default();
    let side =
        |has_memory, picks, format| source_side(&picture(&info, has_memory), &LATER, picks, format);
    assert_eq!(
        sides(&side(false, None, "f,"), "1:0", None, "f,"),
        "[0:0]settb=1/1000000,trim=start_pts=5,F,f,settb=1/1000,setpts=N[r];[1:0]f,settb=1/1000,setpts=N[m]"
    );
    let picks = [3, 9];
    assert_eq!(
        sides(&side(true, Some(&picks), ""), "1:0", Some(&picks), ""),
        "[0:0]settb=1/1000000,F,settb=1/1000000,trim=start_pts=5,select=between(n\\,0\\,4)+between(n\\,8\\,10),settb=1/1000,setpts=N[r];\
         [1:0]select=between(n\\,0\\,4)+between(n\\,8\\,10),settb=1/1000,setpts=N[m]"
    );
}

#[test]
fn runs_are_counted_from_the_beginning_of_the_span() {
    let info = MediaInfo::default();
    let picture = |has_memory| picture(&info, has_memory);
    let span = Span {
        until_us: Some(9),
        runs: Some(Runs {
            length: 12,
            period: 30,
        }),
        ..LATER
    };
    let chosen = "trim=start_pts=5:end_pts=9,select=lt(mod(n\\,30)\\,12)";
    let [before, after] = parts(&picture(false), &span);
    assert_eq!((before, after), (format!(",{chosen}"), String::new()));
    let [before, after] = parts(&picture(true), &span);
    assert_eq!(
        (before, after),
        (String::new(), format!(",{CLOCK},{chosen}"))
    );
    let all = Span {
        from_us: None,
        until_us: None,
        ..span
    };
    let [before, _] = parts(&picture(false), &all);
    assert_eq!(before, ",select=lt(mod(n\\,30)\\,12)");
}
