//! What this API is, for machines (OpenAPI 3.1) and for people: both from the handlers themselves.

use super::problem;
use axum::response::{IntoResponse, Response};
use hyper::header;
use serde_json::Value;
use std::fmt::Write;
use std::sync::OnceLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, ResponseBuilder};

/// The description as the routes have it; set when they are made.
static DESCRIPTION: OnceLock<(String, String)> = OnceLock::new();

/// Adds what no handler says: how a session is shown, and that every answer may be a problem.
pub(super) fn complete(mut api: OpenApi) -> OpenApi {
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let cookie = ApiKey::Cookie(ApiKeyValue::new(super::session::COOKIE));
    for item in api.paths.paths.values_mut() {
        let methods = [
            &mut item.get,
            &mut item.post,
            &mut item.delete,
            &mut item.options,
            &mut item.head,
            &mut item.patch,
        ];
        for operation in methods.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), problem_response().into());
        }
    }
    let components = api.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
    api
}

fn problem_response() -> utoipa::openapi::Response {
    let shape = Ref::from_schema_name("ProblemBody");
    let content = ContentBuilder::new().schema(Some(shape)).build();
    ResponseBuilder::new()
        .description("any other answer is a problem")
        .content(problem::PROBLEM_JSON, content)
        .build()
}

/// The text that is served, and kept in `docs/api.json`.
pub(super) fn json(api: &OpenApi) -> String {
    let text = api.to_pretty_json();
    text.expect("a description is plain data with string keys") + "\n"
}

/// Takes the description that the two handlers here serve.
pub(super) fn publish(api: &OpenApi) {
    DESCRIPTION.get_or_init(|| {
        let json = json(api);
        let page = page(&serde_json::from_str(&json).unwrap_or_default());
        (json, page)
    });
}

/// The description for machines.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "operation",
    responses((status = 200, description = "this description", content_type = "application/json"))
)]
pub(super) async fn openapi() -> Response {
    let json = DESCRIPTION.get().map_or("{}", |(json, _)| json.as_str());
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// The description for people.
#[utoipa::path(
    get,
    path = "/api/docs",
    tag = "operation",
    responses((status = 200, description = "a page", content_type = "text/html"))
)]
pub(super) async fn docs() -> Response {
    let page = DESCRIPTION.get().map_or("", |(_, page)| page.as_str());
    let fields = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, super::page::PAGE_POLICY),
    ];
    (fields, page).into_response()
}

/// How that page looks.
pub(super) async fn style() -> Response {
    let fields = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (fields, include_str!("docs.css")).into_response()
}

fn page(api: &Value) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Kinora: the HTTP API</title>\n<link rel=\"stylesheet\" href=\"/api/docs.css\">\n",
    );
    let version = escaped(&api["info"]["version"]);
    let about = escaped(&api["info"]["description"]);
    // Writing to a string cannot fail, here and below.
    let _ = write!(
        page,
        "<h1>Kinora {version}: the HTTP API</h1>\n<p>{about} \
         The same <a href=\"/api/openapi.json\">for machines</a>.</p>\n\
         <p>Jobs belong to the session that made them. A program gets one from <code>POST /api/sessions</code> and sends \
         <code>Authorization: Bearer …</code> with every request; the page of this server has a cookie.</p>\n"
    );
    for (path, methods) in members(&api["paths"]) {
        for (method, operation) in members(methods) {
            page.push_str(&one(path, method, operation));
        }
    }
    page.push_str(&shapes(&api["components"]["schemas"]));
    page.push_str("<h2>Problems</h2>\n<p>Every error is <code>application/problem+json</code>. Codes that are not here come with 422.</p>\n<table>\n");
    for (status, codes) in problem::STATUSES {
        let _ = writeln!(
            page,
            "<tr><th>{}</th><td>{}</td></tr>",
            status.as_u16(),
            codes.join(", ")
        );
    }
    page.push_str("</table>\n</html>\n");
    page
}

fn one(path: &str, method: &str, operation: &Value) -> String {
    let mut text = format!(
        "<h2><code>{} {}</code></h2>\n<p><b>{}</b> {}</p>\n",
        method.to_uppercase(),
        escape(path),
        escaped(&operation["summary"]),
        escaped(&operation["description"])
    );
    let mut rows = String::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let _ = writeln!(
            rows,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            escaped(&parameter["name"]),
            escaped(&parameter["in"]),
            escaped(&parameter["description"])
        );
    }
    for (kind, content) in members(&operation["requestBody"]["content"]) {
        let _ = writeln!(
            rows,
            "<tr><td>body</td><td>{}</td><td>{}</td></tr>",
            escape(kind),
            shape(&content["schema"])
        );
    }
    for (status, response) in members(&operation["responses"]) {
        let content = members(&response["content"]).next();
        let (kind, schema) = content.map_or(("", ""), |(kind, content)| {
            (
                kind.as_str(),
                content["schema"]["$ref"].as_str().unwrap_or_default(),
            )
        });
        let _ = writeln!(
            rows,
            "<tr><td>answer {}</td><td>{}</td><td>{} {}</td></tr>",
            escape(status),
            escape(kind),
            link(schema),
            escaped(&response["description"])
        );
    }
    let _ = write!(text, "<table>\n{rows}</table>\n");
    text
}

fn shapes(schemas: &Value) -> String {
    let mut text = String::from("<h2>Shapes</h2>\n");
    for (name, schema) in members(schemas) {
        let name = escape(name);
        let about = escaped(&schema["description"]);
        let _ = write!(
            text,
            "<h3 id=\"{name}\">{name}</h3>\n<p>{about}</p>\n<table>\n"
        );
        let parts = schema["allOf"].as_array().cloned().unwrap_or_default();
        for part in parts.iter().chain([schema]) {
            if part["$ref"].is_string() {
                let _ = writeln!(
                    text,
                    "<tr><td colspan=\"3\">all of {}</td></tr>",
                    shape(part)
                );
            }
            for (member, kind) in members(&part["properties"]) {
                let _ = writeln!(
                    text,
                    "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                    escape(member),
                    shape(kind),
                    escaped(&kind["description"])
                );
            }
        }
        text.push_str("</table>\n");
    }
    text
}

/// What kind of value a schema is, in a few words.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        return link(name);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let choices: Vec<String> = choices.iter().map(shape).collect();
        return choices.join(" or ");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", shape(&schema["items"])),
        Value::String(kind) => escape(kind),
        Value::Array(kinds) => {
            let kinds: Vec<String> = kinds.iter().map(escaped).collect();
            kinds.join(" or ")
        }
        _ => "anything".to_owned(),
    }
}

fn link(reference: &str) -> String {
    let name = escape(reference.rsplit('/').next().unwrap_or_default());
    match name.is_empty() {
        true => name,
        false => format!("<a href=\"#{name}\">{name}</a>"),
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn escaped(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
