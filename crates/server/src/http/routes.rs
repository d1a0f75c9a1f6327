//! Which handler answers what, and what all answers have in common.

use super::door::{Shared, Socket};
use super::page;
use super::problem::Refusal;
use super::{
    description, encrypted, events, guard, health, jobs, library, links, metrics, operations,
    parcels, permit, status, submit, talk, tus, watch,
};
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper::header::{self, HeaderName, HeaderValue};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What stands in the head of every answer that does not say otherwise.
static USUAL: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// The description begins with what is not a route.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kinora",
        description = "Send a video, have it compressed, resized, cut or converted, fetch the result."
    ),
    security(("token" = []), ("cookie" = []), ())
)]
struct Description;

/// All of it.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let (router, api) = described().split_for_parts();
    description::publish(&description::complete(api));
    router
        .fallback(page::serve)
        .method_not_allowed_fallback(async || page::no_method())
        .layer(from_fn_with_state(Arc::clone(shared), every))
        .with_state(Arc::clone(shared))
}

/// The description of all of it, as `docs/api.json` keeps it.
#[must_use]
pub fn api_description() -> String {
    description::json(&description::complete(described().into_openapi()))
}

fn described() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(jobs::begin_session))
        .routes(routes!(submit::submit, jobs::list))
        .routes(routes!(jobs::look, jobs::delete))
        .routes(routes!(jobs::result))
        .routes(routes!(jobs::report))
        .routes(routes!(jobs::keep))
        .routes(routes!(events::of_job))
        .routes(routes!(events::of_session))
        .merge(uploads())
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(status::status))
        .routes(routes!(links::list))
        .routes(routes!(links::revoke))
        .routes(routes!(operations::list))
        .routes(routes!(operations::check))
        .routes(routes!(library::list))
        .routes(routes!(library::look))
        .routes(routes!(watch::title))
        .routes(routes!(watch::playlist))
        .routes(routes!(watch::part))
        .routes(routes!(talk::open))
        .routes(routes!(parcels::reserve))
        .routes(routes!(
            parcels::look,
            parcels::append,
            parcels::fetch,
            parcels::part
        ))
        .routes(routes!(description::openapi))
        .routes(routes!(description::docs))
        .route("/api/docs.css", get(description::style))
}

fn uploads() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(tus::options, tus::create))
        .routes(routes!(tus::look, tus::append, tus::terminate))
        .route("/files/{id}", post(tus::overridden))
        .layer(from_fn(tus::every))
}

/// Around every request: who may ask at all, and the usual fields.
async fn every(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let socket = request.extensions().get::<Socket>();
    let (is_encrypted, must_encrypt) = socket.map_or((false, false), |socket| {
        (socket.is_encrypted, socket.must_encrypt)
    });
    let guest = shared
        .origins
        .guest(request.uri().path(), request.headers());
    let varies = shared.origins.vary(request.uri().path());
    let checked = guard::check(
        request.method(),
        request.uri(),
        request.headers(),
        &shared.hosts,
        (is_encrypted, guest.is_some()),
    );
    let checked = checked.and_then(|()| match must_encrypt {
        true => Err(encrypted::refuse(&request)),
        false => Ok(()),
    });
    let checked = checked.and_then(|()| permit::check(&shared, &mut request));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let preflight = guest.as_ref();
    let preflight = preflight.and_then(|guest| guest.preflight(&method, request.headers()));
    let mut response = match checked.map(|()| preflight) {
        Ok(Some(answer)) => answer,
        Ok(None) => next.run(request).await,
        Err(refusal) => Refusal::into_response(refusal),
    };
    let route = route.as_ref().map(MatchedPath::as_str);
    shared.requests.add(route, &method, response.status());
    let headers = response.headers_mut();
    if let Some(guest) = &guest {
        guest.welcome(headers);
    }
    if varies {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    for (name, value) in &USUAL {
        if !headers.contains_key(name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
