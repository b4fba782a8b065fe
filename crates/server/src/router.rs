//! All routes: the API with its document, and the pages.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderValue, Response, StatusCode, header},
    middleware,
    routing::get,
};

use super::{api, app::App, failure::Failure, guard, openapi, pages, request::RequestId};

/// The routes.
pub fn router(app: &Arc<App>) -> Router {
    let endpoints = api::endpoints();
    let document = Bytes::from(openapi::document(&endpoints).to_string());
    let mut router: Router<Arc<App>> = Router::new();
    for endpoint in endpoints {
        router = router.route(endpoint.path, endpoint.route);
    }
    let described = move || {
        let document = document.clone();
        async move {
            let mut response = Response::new(Body::from(document));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
    };
    router
        .route("/api/openapi.json", get(described))
        .merge(pages::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(middleware::from_fn_with_state(Arc::clone(app), guard::guard))
        .with_state(Arc::clone(app))
}

async fn not_found(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    RequestId::of(&request).answer(&app, &Failure::not_found("page"))
}

async fn not_allowed(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let words = "this is not asked by that method";
    RequestId::of(&request).answer(&app, &Failure::new(StatusCode::METHOD_NOT_ALLOWED, words))
}
