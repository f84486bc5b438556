//! An HTTP API: `GET /@NAME@` and `GET /@NAME@/{name}`.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;

fn router() -> Router {
    Router::new()
        .route("/@NAME@", get(root))
        .route("/@NAME@/{name}", get(greet))
}

async fn root() -> String {
    greet(Path("World".to_owned())).await
}

async fn greet(Path(name): Path<String>) -> String {
    format!("Hello, {name}!\n")
}

samovar_function::http!(router());

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn greets_by_name() {
        assert_eq!(greet(Path("Ada".to_owned())).await, "Hello, Ada!\n");
    }
}
