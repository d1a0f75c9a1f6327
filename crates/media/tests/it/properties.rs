//! What must hold for any input.

use kinora_media::info::{Kind, Ratio};
use kinora_media::{Argument, Fault, Operation, Plan, operation};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::files::{NAMES, info, plan_for};

/// Any JSON, not deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0u64..20_000).prop_map(Value::from),
        (0u64..4_000_000_000).prop_map(Value::from),
        (0f64..400.0).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof![
            "16:9",
            "720p",
            "crop",
            "mp4';[a]movie=x",
            "-y",
            "mkv",
            "libx264",
            "copy"
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Value::from)
    })
}

/// An operation's name with some of its parameters.
fn form() -> impl Strategy<Value = (&'static str, Map<String, Value>)> {
    (0..operation::TABLE.len()).prop_flat_map(|index| {
        let row = &operation::TABLE[index];
        let names: Vec<String> = row
            .parameters
            .iter()
            .map(|parameter| parameter.name.to_string())
            .collect();
        let member = (prop::sample::select(names), value());
        prop::collection::vec(member, 0..4)
            .prop_map(move |members| (row.name, members.into_iter().collect()))
    })
}

fn texts(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.steps
        .iter()
        .flat_map(|step| &step.arguments)
        .filter_map(|argument| match argument {
            Argument::Text(text) => Some(text.as_str()),
            _ => None,
        })
}

fn is_checked(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['\'', '"', '\\', '/'])
        || is_fraction(text)
        || ["mimetype=image/jpeg", "mimetype=image/png"].contains(&text)
}

/// Rates and pixel shapes are the only numbers with a slash.
fn is_fraction(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
        && text
            .split('/')
            .skip(1)
            .all(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Sizes in the filters: even, and between 16 and 16,384.
fn sizes(plan: &Plan) -> Vec<u32> {
    let filters = texts(plan).flat_map(|text| text.split([',', ';']));
    let sized = filters.filter_map(|filter| {
        ["scale=", "crop=", "pad="]
            .iter()
            .find_map(|name| filter.strip_prefix(name))
    });
    sized
        .flat_map(|values| values.split(':').take(2))
        .map(|side| side.parse().unwrap())
        .collect()
}

proptest! {
    #[test]
    fn any_form_is_an_operation_or_an_error(name in ".{0,12}", parameters in prop::collection::btree_map(".{0,8}", value(), 0..4)) {
        let parameters: Map<String, Value> = parameters.into_iter().collect();
        let _ = Operation::from_form(&name, &parameters);
    }

    #[test]
    fn known_forms_never_panic_and_round_trip((name, parameters) in form()) {
        if let Ok(operation) = Operation::from_form(name, &parameters) {
            let (name, form) = operation.form();
            prop_assert_eq!(Operation::from_form(name, &form).unwrap(), operation);
        }
    }

    #[test]
    fn arguments_are_made_of_checked_text((name, parameters) in form(), file in prop::sample::select(&NAMES[..])) {
        if let Ok(plan) = plan_for(&info(file), name, &parameters.into()) {
            for text in texts(&plan) {
                prop_assert!(is_checked(text), "{}", text);
            }
        }
    }

    #[test]
    fn the_smallest_size_that_is_named_is_possible(asked in prop_oneof![1u64..600_000, 1u64..200_000_000], file in prop::sample::select(&NAMES[..])) {
        match plan_for(&info(file), "compress", &json!({ "target_size": asked })) {
            Err(Fault::TargetTooSmall { smallest, .. }) => {
                prop_assert!(smallest > asked);
                let possible = plan_for(&info(file), "compress", &json!({ "target_size": smallest + 1 }));
                prop_assert!(possible.is_ok() || Some(smallest) >= info(file).size, "{:?}", possible);
            }
            Err(fault) => prop_assert!(["length_unknown", "no_video"].contains(&fault.code())),
            Ok(plan) => prop_assert!(plan.never_larger),
        }
    }

    #[test]
    fn sizes_are_even_and_bounded(
        width in 1u32..16_384, height in 1u32..4_000, num in 1u32..70_000, den in 1u32..70_000, turns in 0u32..4,
        asked in 16u32..16_384, other in 16u32..16_384, which in 0usize..9,
    ) {
        let mut info = info("everyday");
        if let Kind::Video(video) = &mut info.streams[0].kind {
            let aspect = Ratio { num, den };
            let sample_aspect = if (0.1..=10.0).contains(&aspect.value()) { aspect } else { Ratio::ONE };
            (video.width, video.height, video.rotation, video.sample_aspect) = (width, height, turns * 90, sample_aspect);
        }
        let (name, parameters) = match which {
            0 => ("resize", json!({ "width": asked, "upscale": true })),
            1 => ("resize", json!({ "height": asked, "upscale": true })),
            2 => ("resize", json!({ "width": asked, "height": other, "upscale": true, "fit": "crop" })),
            3 => ("resize", json!({ "width": asked, "height": other })),
            4 => ("aspect", json!({ "ratio": "10:1" })),
            5 => ("aspect", json!({ "ratio": "9:16", "fit": "crop" })),
            6 => ("webm", json!({ "width": asked })),
            7 => ("convert", json!({ "format": "avi", "video": "mpeg4" })),
            _ => ("compress", json!({})),
        };
        if let Ok(plan) = plan_for(&info, name, &parameters) {
            for side in sizes(&plan) {
                prop_assert!(side % 2 == 0 && (16..=16_384).contains(&side), "{} {} {}", name, parameters, side);
            }
            if let Some(size) = plan.expect.size {
                prop_assert!(size.pixels() <= kinora_media::limits::FRAME_PIXELS);
            }
        }
    }
}
