//! Content with a strong tag: preconditions, then ranges (RFC 9110, 13.2.2 and 14), for whatever can be sent in part.

use super::problem::Refusal;
use super::send::{Range, range};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};

/// What is asked for.
pub(super) struct Entity<'a> {
    /// A strong tag, quoted.
    pub(super) tag: &'a str,
    /// Bytes of the whole.
    pub(super) size: u64,
    pub(super) media_type: &'static str,
    /// `Cache-Control`.
    pub(super) keep: &'static str,
}

/// What of it the request is to get.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Nothing: the client has it already.
    Kept,
    /// The whole, or a part.
    Part(Part),
}

/// Bytes that are sent.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) status: StatusCode,
    /// Where they begin.
    pub(super) at: u64,
    /// How many there are.
    pub(super) length: u64,
    size: u64,
}

/// Weighs preconditions, then ranges, of content with this strong tag and of so many bytes.
///
/// # Errors
/// `wrong_version`, `range`.
pub(super) fn wanted(
    tag: &str,
    size: u64,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Wanted, Refusal> {
    let asked = |name| {
        let value: Option<&HeaderValue> = headers.get(name);
        value.and_then(|value| value.to_str().ok())
    };
    if asked(header::IF_MATCH).is_some_and(|tags| !lists(tags, tag, Compare::Strong)) {
        return Err(Refusal::new(
            "wrong_version",
            "the content is not the one that the request means",
            "fetch it anew",
        ));
    }
    if asked(header::IF_NONE_MATCH).is_some_and(|tags| lists(tags, tag, Compare::Weak)) {
        return Ok(Wanted::Kept);
    }
    let fits = asked(header::IF_RANGE).is_none_or(|wanted| wanted == tag);
    let asked_range = asked(header::RANGE).filter(|_| fits && method == Method::GET);
    let (status, at, length) = match range(asked_range, size) {
        Range::Whole => (StatusCode::OK, 0, size),
        Range::Part(at, length) => (StatusCode::PARTIAL_CONTENT, at, length),
        Range::Beyond => {
            let there = HeaderValue::try_from(format!("bytes */{size}"));
            let refusal = Refusal::new(
                "range",
                format!("there are {size} bytes"),
                "ask for a part of them",
            );
            return Err(refusal.with(header::CONTENT_RANGE, there.expect("digits and signs")));
        }
    };
    Ok(Wanted::Part(Part {
        status,
        at,
        length,
        size,
    }))
}

impl Part {
    /// Says which bytes these are.
    pub(super) fn describe(&self, fields: &mut HeaderMap) {
        let Self {
            at, length, size, ..
        } = *self;
        fields.insert(header::CONTENT_LENGTH, length.into());
        if self.status == StatusCode::PARTIAL_CONTENT {
            let part = format!("bytes {at}-{}/{size}", at + length - 1);
            fields.insert(
                header::CONTENT_RANGE,
                part.try_into().expect("digits and signs"),
            );
        }
    }
}

/// Answers with the whole of it, a part, or that the client has it already; `body` makes so many bytes from a place.
///
/// # Errors
/// `wrong_version`, `range`.
pub(super) fn answer(
    entity: &Entity<'_>,
    method: &Method,
    headers: &HeaderMap,
    body: impl FnOnce(u64, u64) -> Body,
) -> Result<Response, Refusal> {
    let mut fields = entity.fields();
    let part = match wanted(entity.tag, entity.size, method, headers)? {
        Wanted::Kept => return Ok((StatusCode::NOT_MODIFIED, fields).into_response()),
        Wanted::Part(part) => part,
    };
    fields.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(entity.media_type),
    );
    fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    part.describe(&mut fields);
    let body = match *method == Method::HEAD {
        true => Body::empty(),
        false => body(part.at, part.length),
    };
    Ok((part.status, fields, body).into_response())
}

impl Entity<'_> {
    /// What also stands where nothing is sent.
    fn fields(&self) -> HeaderMap {
        let tag = HeaderValue::try_from(self.tag).expect("a tag has quotes, letters and digits");
        let mut fields = HeaderMap::new();
        fields.insert(header::ETAG, tag);
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.keep));
        fields
    }
}

/// How tags are compared (RFC 9110, 8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compare {
    Strong,
    Weak,
}

fn lists(tags: &str, tag: &str, how: Compare) -> bool {
    let mut tags = tags.split(',').map(str::trim);
    tags.any(|each| {
        let plain = match how {
            Compare::Strong => each,
            Compare::Weak => each.strip_prefix("W/").unwrap_or(each),
        };
        each == "*" || plain == tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTITY: Entity<'static> = Entity {
        tag: "\"t\"",
        size: 10,
        media_type: "video/mp4",
        keep: "no-cache",
    };

    fn check(method: Method, fields: &[(&'static str, &str)], status: u16, part: Option<&str>) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(*name, value.parse().unwrap());
        }
        let answered = answer(&ENTITY, &method, &headers, |_, _| Body::empty());
        let response = answered.unwrap_or_else(IntoResponse::into_response);
        assert_eq!(response.status(), status, "{fields:?}");
        let found = response.headers().get(header::CONTENT_RANGE);
        assert_eq!(
            found.map(|value| value.to_str().unwrap()),
            part,
            "{fields:?}"
        );
    }

    #[test]
    fn preconditions_come_before_ranges() {
        let check_get = |fields: &[(&'static str, &str)], status, part| {
            check(Method::GET, fields, status, part);
        };
        let some = ("range", "bytes=2-3");
        check_get(&[], 200, None);
        check_get(&[some], 206, Some("bytes 2-3/10"));
        check_get(&[some, ("if-none-match", "W/\"t\"")], 304, None);
        check_get(&[some, ("if-match", "\"t\"")], 206, Some("bytes 2-3/10"));
        check_get(&[some, ("if-match", "W/\"t\"")], 412, None);
        check_get(
            &[("if-match", "\"x\""), ("if-none-match", "\"t\"")],
            412,
            None,
        );
        check_get(&[some, ("if-range", "\"t\"")], 206, Some("bytes 2-3/10"));
        check_get(&[some, ("if-range", "W/\"t\"")], 200, None);
        check_get(&[("range", "bytes=0-1,4-5")], 200, None);
        check_get(&[("range", "bytes=10-")], 416, Some("bytes */10"));
        // Ranges are for GET (14.2).
        check(Method::HEAD, &[some], 200, None);
    }
}
