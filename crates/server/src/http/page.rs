//! The page: files that were embedded when this was built, with the compressed forms that lie beside them.

use super::door::{Shared, Visitor};
use super::problem::Refusal;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode, Uri};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// What the page may do: its own files and this server, and nothing else. No inline script, no inline style.
pub(super) const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
     media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Files whose name contains a hash of their content, as build tools make them, never change.
const HASHED: &str = "assets/";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// All others are asked for each time, which costs an answer without a body.
const EACH_TIME: &str = "private, no-cache";

/// Path below the root, and content.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// One file of the page.
struct File {
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
    tag: String,
}

static PAGE: LazyLock<BTreeMap<&'static str, File>> = LazyLock::new(|| page(FILES));

fn page(files: &'static [(&'static str, &'static [u8])]) -> BTreeMap<&'static str, File> {
    let find = |name: &str| files.iter().find(|(each, _)| *each == name);
    let beside = |name: &str, ending| find(&format!("{name}.{ending}")).map(|(_, bytes)| *bytes);
    let is_form = |name: &str| {
        let original = name
            .strip_suffix(".br")
            .or_else(|| name.strip_suffix(".gz"));
        original.is_some_and(|original| find(original).is_some())
    };
    let plain = files.iter().filter(|(name, _)| !is_form(name));
    let file = |&(name, plain): &(&'static str, &'static [u8])| {
        let hash = blake3::hash(plain).to_hex();
        let file = File {
            plain,
            brotli: beside(name, "br"),
            gzip: beside(name, "gz"),
            tag: hash[..16].to_owned(),
        };
        (name, file)
    };
    plain.map(file).collect()
}

/// Anything that is not the API: a file of the page, or the page itself where a path means a view of it.
pub(super) async fn serve(
    State(shared): State<Arc<Shared>>,
    visitor: Result<Visitor, Refusal>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let path = uri.path().trim_start_matches('/');
    let is_api = ["api/", "files/", "watch/"]
        .iter()
        .any(|each| path.starts_with(each));
    // Views of the page have paths without an ending, and are all the same file.
    let is_view = !is_api && !path.rsplit('/').next().unwrap_or_default().contains('.');
    let found = PAGE
        .get_key_value(path)
        .or_else(|| is_view.then(|| PAGE.get_key_value("index.html"))?);
    let Some((name, file)) = found else {
        return Err(Refusal::no_page());
    };
    if method != Method::GET && method != Method::HEAD {
        return Err(no_method());
    }
    let mut response = answer(name, file, &method, &headers);
    // The page's session begins with the page.
    if *name == "index.html"
        && let Some(cookie) = visitor.ok().and_then(|visitor| visitor.cookie(&shared))
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The answer to a method that a path does not have.
pub(super) fn no_method() -> Refusal {
    Refusal::new(
        "no_method",
        "this address does not take that method",
        "see /api/docs for what there is",
    )
}

fn answer(name: &str, file: &File, method: &Method, headers: &HeaderMap) -> Response {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|field| field.to_str().ok())
        .unwrap_or_default();
    let forms = [("br", file.brotli), ("gzip", file.gzip)];
    let form = forms
        .into_iter()
        .find_map(|(coding, bytes)| Some((coding, bytes?)).filter(|_| accepts(accepted, coding)));
    let (coding, bytes) = form.map_or((None, file.plain), |(coding, bytes)| (Some(coding), bytes));
    let tag = format!("\"{}{}\"", file.tag, coding.unwrap_or_default());
    let mut fields = HeaderMap::new();
    let mut set = |name, value: &str| {
        let value = HeaderValue::try_from(value).expect("our own words");
        fields.insert(name, value);
    };
    set(header::CONTENT_TYPE, media_type(name));
    set(header::ETAG, &tag);
    set(header::VARY, "accept-encoding");
    let is_hashed = name.starts_with(HASHED);
    set(
        header::CACHE_CONTROL,
        if is_hashed { FOR_EVER } else { EACH_TIME },
    );
    set(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    if let Some(coding) = coding {
        set(header::CONTENT_ENCODING, coding);
    }
    let known = headers.get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        fields.remove(header::CONTENT_ENCODING);
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    fields.insert(header::CONTENT_LENGTH, bytes.len().into());
    let body = match *method == Method::HEAD {
        true => Body::empty(),
        false => Body::from(Bytes::from_static(bytes)),
    };
    (fields, body).into_response()
}

fn accepts(field: &str, coding: &str) -> bool {
    field.split(',').any(|each| {
        let mut words = each.split(';').map(str::trim);
        let is_it = words.next() == Some(coding);
        is_it && !words.any(|word| matches!(word, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static FILES: &[(&str, &[u8])] = &[
        ("assets/a-1.js", b"plain"),
        ("assets/a-1.js.br", b"br"),
        ("assets/a-1.js.gz", b"gz"),
        ("index.html", b"html"),
        ("lonely.gz", b"archive"),
    ];

    fn check(name: &str, accepted: &str, coding: Option<&str>, caching: &str) {
        let page = page(FILES);
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, accepted.parse().unwrap());
        let response = answer(name, &page[name], &Method::GET, &headers);
        let field = |name| {
            response
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        assert_eq!(field(header::CONTENT_ENCODING), coding, "{accepted}");
        assert_eq!(field(header::CACHE_CONTROL), Some(caching));
        assert_eq!(field(header::VARY), Some("accept-encoding"));
        headers.insert(
            header::IF_NONE_MATCH,
            response.headers()[header::ETAG].clone(),
        );
        let again = answer(name, &page[name], &Method::GET, &headers);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn the_best_form_that_is_accepted_is_sent() {
        check("assets/a-1.js", "gzip, deflate, br", Some("br"), FOR_EVER);
        check("assets/a-1.js", "gzip;q=1.0", Some("gzip"), FOR_EVER);
        check("assets/a-1.js", "br;q=0, identity", None, FOR_EVER);
        check("assets/a-1.js", "", None, FOR_EVER);
        check("index.html", "br", None, EACH_TIME);
    }

    #[test]
    fn a_form_is_no_file_of_its_own() {
        let page = page(FILES);
        let names: Vec<&&str> = page.keys().collect();
        assert_eq!(names, [&"assets/a-1.js", &"index.html", &"lonely.gz"]);
        assert!(
            PAGE.contains_key("index.html"),
            "there is a page to begin with"
        );
    }
}
